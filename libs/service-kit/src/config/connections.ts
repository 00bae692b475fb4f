// What must be right about the three things every process connects to, before it connects: faults name settings, never their values.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readConnectionString, StoreFault } from '@qiyue/event-store';
import type { PlatformConfig } from './platform-config';

type Fault = string | undefined;

/** One of several mechanisms, each with what it takes. */
type KafkaSignIn<Mechanism> = Mechanism extends unknown
  ? { readonly mechanism: Mechanism; readonly username: string; readonly password: string }
  : never;

/** How to reach Kafka, in the shape that kafkajs wants. */
export interface KafkaConnection {
  readonly brokers: string[];
  readonly clientId: string;
  /** PEM; an empty object trusts the certificate authorities of the system. */
  readonly ssl?: { readonly ca?: string[]; readonly cert?: string; readonly key?: string };
  readonly sasl?: KafkaSignIn<'plain' | 'scram-sha-256' | 'scram-sha-512'>;
}

const read = (path: string): string => readFileSync(path, 'utf8');

/** What `of` makes of a file's text, or which setting names a file that is none. */
const fileOf = <T>(
  setting: string,
  path: string | undefined,
  of: (text: string) => T,
  kind: string,
): { readonly value?: T; readonly fault?: string } => {
  if (path === undefined) return {};
  try {
    return { value: of(read(path)) };
  } catch (fault) {
    const { code } = fault as { code?: unknown };
    const unreadable = typeof code === 'string' && /^E[A-Z]+$/.test(code);
    return { fault: `${setting}: ${unreadable ? `its file cannot be read (${code})` : `its file holds no ${kind} in PEM`}` };
  }
};

const certificate = (text: string): X509Certificate => new X509Certificate(text);
const privateKey = (text: string): KeyObject => createPrivateKey(text);

interface Files {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Faults of the files of a TLS connection; `name` gives the setting that names each. */
const faultsOfFiles = (files: Files, name: (file: keyof Files) => string): readonly Fault[] => {
  const ca = fileOf(name('ca'), files.ca, certificate, 'certificate');
  const cert = fileOf(name('cert'), files.cert, certificate, 'certificate');
  const key = fileOf(name('key'), files.key, privateKey, 'private key');
  const isPair = cert.value === undefined || key.value === undefined || cert.value.checkPrivateKey(key.value);
  return [
    ca.fault,
    cert.fault,
    key.fault,
    isPair ? undefined : `${name('key')}: does not belong to the certificate of ${name('cert')}`,
    files.cert !== undefined && files.key === undefined ? `${name('key')}: is needed with ${name('cert')}` : undefined,
    files.key !== undefined && files.cert === undefined ? `${name('cert')}: is needed with ${name('key')}` : undefined,
  ];
};

const kafkaFiles = ({ kafkaTlsCaFile, kafkaTlsCertFile, kafkaTlsKeyFile }: PlatformConfig): Files => ({
  ca: kafkaTlsCaFile,
  cert: kafkaTlsCertFile,
  key: kafkaTlsKeyFile,
});
const kafkaFileSetting = (file: keyof Files): string => `KAFKA_TLS_${file.toUpperCase()}_FILE`;

const kafkaFaults = (config: PlatformConfig): readonly Fault[] => {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  const files = kafkaFiles(config);
  const given = (['ca', 'cert', 'key'] as const).find((file) => files[file] !== undefined);
  const credential = username !== undefined ? 'KAFKA_SASL_USERNAME' : password !== undefined ? 'KAFKA_SASL_PASSWORD' : undefined;
  return [
    config.bus === 'kafka' && config.kafkaBrokers === undefined ? 'KAFKA_BROKERS: is needed when BUS is kafka' : undefined,
    ...(config.kafkaTls ? faultsOfFiles(files, kafkaFileSetting) : []),
    !config.kafkaTls && given !== undefined ? `KAFKA_TLS: must be on for ${kafkaFileSetting(given)} to count` : undefined,
    mechanism === undefined && credential !== undefined ? `KAFKA_SASL_MECHANISM: is needed with ${credential}` : undefined,
    mechanism !== undefined && username === undefined ? 'KAFKA_SASL_USERNAME: is needed with KAFKA_SASL_MECHANISM' : undefined,
    mechanism !== undefined && password === undefined ? 'KAFKA_SASL_PASSWORD: is needed with KAFKA_SASL_MECHANISM' : undefined,
    mechanism === 'plain' && !config.kafkaTls
      ? 'KAFKA_TLS: must be on for KAFKA_SASL_MECHANISM=plain, which sends the password as it is'
      : undefined,
  ];
};

const postgresFaults = ({ postgresUrl }: PlatformConfig): readonly Fault[] => {
  if (!URL.canParse(postgresUrl)) return ['POSTGRES_URL: is no URL; user and password must be percent-encoded'];
  const { searchParams, pathname } = new URL(postgresUrl);
  const option = (name: string): string | undefined => searchParams.get(name) ?? undefined;
  const [mode, ca, cert, key] = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'].map(option);
  const name = (file: keyof Files): string => `POSTGRES_URL (${{ ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' }[file]})`;
  return [
    ['', '/'].includes(pathname) ? undefined : 'POSTGRES_URL: must name no database',
    mode === undefined || ['disable', 'verify-full'].includes(mode) ? undefined : 'POSTGRES_URL (sslmode): is verify-full or disable',
    (ca ?? cert ?? key) !== undefined && mode !== 'verify-full'
      ? 'POSTGRES_URL (sslmode): must be verify-full for its files to count'
      : undefined,
    ...faultsOfFiles({ ca, cert, key }, name),
  ];
};

const eventStoreFaults = ({ eventStoreUrl }: PlatformConfig): readonly Fault[] => {
  try {
    const options = new Map(
      [...new URLSearchParams(/\?(.*)$/.exec(readConnectionString(eventStoreUrl))?.[1] ?? '')].map(([key, value]) => [
        key.toLowerCase().replace(/[_-]/g, ''),
        value,
      ]),
    );
    const names = { ca: 'tlscafile', cert: 'usercertfile', key: 'userkeyfile' };
    const files = { ca: options.get(names.ca), cert: options.get(names.cert), key: options.get(names.key) };
    return faultsOfFiles(files, (file) => `EVENT_STORE_URL (${{ ca: 'tlsCaFile', cert: 'userCertFile', key: 'userKeyFile' }[file]})`);
  } catch (fault) {
    if (!(fault instanceof StoreFault)) throw fault;
    return [`EVENT_STORE_URL: ${fault.message}`];
  }
};

/** What is open to listeners on the way, or to anybody, where that is not allowed. */
const openConnections = (config: PlatformConfig): readonly Fault[] => {
  if (!config.tlsRequired) return [];
  const [postgres, store] = [new URL(config.postgresUrl), readConnectionString(config.eventStoreUrl)];
  const [mode, cert] = ['sslmode', 'sslcert'].map((name) => postgres.searchParams.get(name));
  const mutual = config.kafkaTlsCertFile !== undefined;
  return [
    mode === 'verify-full' ? undefined : 'POSTGRES_URL (sslmode): must be verify-full, as TLS_REQUIRED is on',
    postgres.password === '' && cert === null ? 'POSTGRES_URL: must have a password or a certificate, as TLS_REQUIRED is on' : undefined,
    /[?&]tls=false/i.test(store) ? 'EVENT_STORE_URL (tls): must not be false, as TLS_REQUIRED is on' : undefined,
    store.includes('@') || /[?&]user_?-?cert/i.test(store) ? undefined : 'EVENT_STORE_URL: must have a user, as TLS_REQUIRED is on',
    config.bus === 'kafka' && !config.kafkaTls ? 'KAFKA_TLS: must be on, as TLS_REQUIRED is on' : undefined,
    config.bus === 'kafka' && config.kafkaSaslMechanism === undefined && !mutual
      ? 'KAFKA_SASL_MECHANISM: is needed without KAFKA_TLS_CERT_FILE, as TLS_REQUIRED is on'
      : undefined,
  ];
};

/** Every wrong combination among the settings of PostgreSQL, the event store and Kafka. Reads the files they name. */
export const faultsOfConnections = (config: PlatformConfig): readonly string[] => {
  const faults = [...postgresFaults(config), ...eventStoreFaults(config), ...kafkaFaults(config)].filter((fault) => fault !== undefined);
  // What cannot be read cannot be looked into either.
  return faults.length > 0 ? faults : openConnections(config).filter((fault) => fault !== undefined);
};

/** How to reach Kafka by these settings; reads certificates and keys from their files, so a new connection takes renewed ones. Throws where KAFKA_BROKERS is not set. */
export const kafkaConnection = (config: PlatformConfig): KafkaConnection => {
  const {
    kafkaBrokers,
    kafkaClientId: clientId,
    kafkaSaslMechanism: mechanism,
    kafkaSaslUsername: username,
    kafkaSaslPassword: password,
  } = config;
  if (kafkaBrokers === undefined) throw new Error('KAFKA_BROKERS is not set');
  const { ca, cert, key } = kafkaFiles(config);
  const ssl = {
    ...(ca === undefined ? {} : { ca: [read(ca)] }),
    ...(cert === undefined || key === undefined ? {} : { cert: read(cert), key: read(key) }),
  };
  return {
    brokers: kafkaBrokers.split(','),
    clientId,
    ...(config.kafkaTls ? { ssl } : {}),
    ...(mechanism === undefined || username === undefined || password === undefined ? {} : { sasl: { mechanism, username, password } }),
  };
};
