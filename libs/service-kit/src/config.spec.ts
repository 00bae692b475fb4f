import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../event-store-node/src/spec-certificate';
import { ConfigFaults, configReference, kafkaConnection, PlatformConfig, readSettings } from './index';
import { LampConfig } from './fixtures/lamp';

const good = {
  POSTGRES_URL: 'postgres://127.0.0.1:5432',
  EVENT_STORE_URL: 'esdb://127.0.0.1:2113?tls=false',
  VAULT_KEK: Buffer.alloc(32).toString('base64'),
};
const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readSettings([PlatformConfig, LampConfig], env);
    return [];
  } catch (fault) {
    return (fault as ConfigFaults).faults;
  }
};

describe('configuration', () => {
  test('defaults fill what is not given', () => {
    const [platform, lamp] = readSettings([PlatformConfig, LampConfig], good);
    expect(platform).toMatchObject({ port: 3000, bodyLimitBytes: 262_144, testClock: 'off', createDatabases: true });
    expect(lamp.colour).toBe('warm');
  });
  test('an empty variable is one that is not given', () =>
    expect(readSettings([PlatformConfig], { ...good, PORT: '' })[0].port).toBe(3000));
  test('every fault is told at once', () => {
    expect(faultsOf({ PORT: 'many', QIYUE_TEST_CLOCK: 'maybe', CREATE_DATABASES: 'perhaps' }).map((fault) => fault.split(':')[0])).toEqual(
      expect.arrayContaining(['PORT', 'POSTGRES_URL', 'EVENT_STORE_URL', 'VAULT_KEK', 'QIYUE_TEST_CLOCK', 'CREATE_DATABASES']),
    );
  });
  test('what is missing is said to be missing', () => expect(faultsOf({ ...good, VAULT_KEK: '' })).toEqual(['VAULT_KEK: is not set']));
  test('a fault never repeats the value', () =>
    expect(faultsOf({ ...good, VAULT_KEK: 'hunter2', POSTGRES_URL: 'mysql://root:hunter2@db' }).join()).not.toContain('hunter2'));
  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['PORT', '0x10'],
    ['BODY_LIMIT_BYTES', '1023'],
    ['TOKEN_TTL_SECONDS', '9'],
    ['DATABASE_PREFIX', 'Qiyue'],
    ['DATABASE_PREFIX', 'q"; drop'],
    ['KAFKA_BROKERS', 'nohost'],
    ['VAULT_KEK', Buffer.alloc(31).toString('base64')],
    ['EVENT_STORE_URL', 'http://x'],
  ])('%s=%s is refused', (name, value) => expect(faultsOf({ ...good, [name]: value })).toHaveLength(1));
  test('the reference names every setting once, with a meaning, and defaults of secrets are never shown', () => {
    const reference = configReference([LampConfig]);
    expect(new Set(reference.map(({ name }) => name)).size).toBe(reference.length);
    expect(reference.every(({ meaning }) => meaning.endsWith('.'))).toBe(true);
    expect(reference).toContainEqual({ name: 'LAMP_COLOUR', meaning: 'Colour of new lamps.', default: 'warm', secret: false });
    expect(reference.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'POSTGRES_URL',
      'EVENT_STORE_URL',
      'VAULT_KEK',
      'KAFKA_SASL_PASSWORD',
      'AUTH_SIGNING_KEY',
    ]);
    expect(reference.filter(({ secret, default: fallback }) => secret && fallback !== undefined)).toEqual([]);
  });
});

describe('settings of connections', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiyue-config-'));
  const file = (name: string, text: Buffer | string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [mine, other] = [selfSigned(), selfSigned()];
  const cert = file('cert.pem', mine.cert);
  const key = file('key.pem', mine.key);
  const otherKey = file('other-key.pem', other.key);
  const noPem = file('no.pem', 'hunter2');
  const absent = join(folder, 'absent.pem');
  afterAll(() => rmSync(folder, { recursive: true }));

  const kafka = { BUS: 'kafka', KAFKA_BROKERS: 'one:9092,two:9092' };
  const signedIn = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'qiyue', KAFKA_SASL_PASSWORD: 'hunter2' };
  const tls = { KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: cert, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key };
  const postgres = (options: string): Record<string, string> => ({ POSTGRES_URL: `postgres://qiyue:hunter2@db:5432?${options}` });
  const store = (options: string): Record<string, string> => ({ EVENT_STORE_URL: `esdb://qiyue:hunter2@store:2113?${options}` });

  test.each([
    ['nothing but brokers', kafka],
    ['TLS and a password for Kafka', { ...kafka, ...tls, ...signedIn }],
    ['TLS for PostgreSQL', postgres(`sslmode=verify-full&sslrootcert=${cert}&sslcert=${cert}&sslkey=${key}`)],
    ['TLS for the event store', store(`tls=true&tlsCaFile=${encodeURIComponent(cert)}&userCertFile=${cert}&userKeyFile=${key}`)],
  ])('%s: fit each other', (_what, env) => expect(faultsOf({ ...good, ...env })).toEqual([]));

  test.each<[string, Record<string, string>]>([
    ['KAFKA_BROKERS: is needed when BUS is kafka', { BUS: 'kafka' }],
    ['KAFKA_TLS: must be on for KAFKA_TLS_CA_FILE to count', { ...kafka, KAFKA_TLS_CA_FILE: cert }],
    ['KAFKA_TLS_KEY_FILE: is needed with KAFKA_TLS_CERT_FILE', { ...kafka, ...tls, KAFKA_TLS_KEY_FILE: '' }],
    ['KAFKA_TLS_CERT_FILE: is needed with KAFKA_TLS_KEY_FILE', { ...kafka, ...tls, KAFKA_TLS_CERT_FILE: '' }],
    ['KAFKA_TLS_KEY_FILE: does not belong to the certificate of KAFKA_TLS_CERT_FILE', { ...kafka, ...tls, KAFKA_TLS_KEY_FILE: otherKey }],
    ['KAFKA_TLS_CA_FILE: its file cannot be read (ENOENT)', { ...kafka, ...tls, KAFKA_TLS_CA_FILE: absent }],
    ['KAFKA_TLS_CA_FILE: its file holds no certificate in PEM', { ...kafka, ...tls, KAFKA_TLS_CA_FILE: noPem }],
    ['KAFKA_TLS_KEY_FILE: its file holds no private key in PEM', { ...kafka, ...tls, KAFKA_TLS_KEY_FILE: noPem }],
    ['KAFKA_SASL_MECHANISM: is needed with KAFKA_SASL_USERNAME', { ...kafka, ...signedIn, KAFKA_SASL_MECHANISM: '' }],
    ['KAFKA_SASL_USERNAME: is needed with KAFKA_SASL_MECHANISM', { ...kafka, ...signedIn, KAFKA_SASL_USERNAME: '' }],
    ['KAFKA_SASL_PASSWORD: is needed with KAFKA_SASL_MECHANISM', { ...kafka, ...signedIn, KAFKA_SASL_PASSWORD: '' }],
    [
      'KAFKA_TLS: must be on for KAFKA_SASL_MECHANISM=plain, which sends the password as it is',
      { ...kafka, ...signedIn, KAFKA_SASL_MECHANISM: 'plain' },
    ],
    ['POSTGRES_URL: is no URL; user and password must be percent-encoded', { POSTGRES_URL: 'postgres://qiyue:hunter2@[db' }],
    ['POSTGRES_URL: must name no database', { POSTGRES_URL: 'postgres://qiyue:hunter2@db/qiyue' }],
    ['POSTGRES_URL (sslmode): is verify-full or disable', postgres('sslmode=require')],
    ['POSTGRES_URL (sslmode): must be verify-full for its files to count', postgres(`sslrootcert=${cert}`)],
    ['POSTGRES_URL (sslrootcert): its file cannot be read (ENOENT)', postgres(`sslmode=verify-full&sslrootcert=${absent}`)],
    ['POSTGRES_URL (sslkey): is needed with POSTGRES_URL (sslcert)', postgres(`sslmode=verify-full&sslcert=${cert}`)],
    ['EVENT_STORE_URL (tlsCaFile): its file cannot be read (ENOENT)', store(`tlsCaFile=${absent}`)],
    ['EVENT_STORE_URL (userKeyFile): is needed with EVENT_STORE_URL (userCertFile)', store(`userCertFile=${cert}`)],
    ['EVENT_STORE_URL: the connection string of the event store has the unknown option ca', store(`ca=${cert}`)],
  ])('%s', (fault, env) => {
    expect(faultsOf({ ...good, ...env })).toEqual([fault]);
    expect(faultsOf({ ...good, ...env }).join()).not.toContain('hunter2');
  });

  test('that leave something open to listeners or to anybody are refused where TLS is required, all at once', () => {
    expect(faultsOf({ ...good, ...kafka, TLS_REQUIRED: 'on' })).toEqual([
      'POSTGRES_URL (sslmode): must be verify-full, as TLS_REQUIRED is on',
      'POSTGRES_URL: must have a password or a certificate, as TLS_REQUIRED is on',
      'EVENT_STORE_URL (tls): must not be false, as TLS_REQUIRED is on',
      'EVENT_STORE_URL: must have a user, as TLS_REQUIRED is on',
      'KAFKA_TLS: must be on, as TLS_REQUIRED is on',
      'KAFKA_SASL_MECHANISM: is needed without KAFKA_TLS_CERT_FILE, as TLS_REQUIRED is on',
    ]);
    const closed = { ...postgres('sslmode=verify-full'), ...store('tls=true'), ...kafka, ...tls, TLS_REQUIRED: 'on' };
    expect(faultsOf({ ...good, ...closed })).toEqual([]);
  });

  test('become what the Kafka client wants, certificates read from their files', () => {
    const [plain] = readSettings([PlatformConfig], { ...good, ...kafka });
    expect(kafkaConnection(plain)).toEqual({ brokers: ['one:9092', 'two:9092'], clientId: 'qiyue' });
    const [secure] = readSettings([PlatformConfig], { ...good, ...kafka, ...tls, ...signedIn, KAFKA_CLIENT_ID: 'qiyue-north' });
    expect(kafkaConnection(secure)).toEqual({
      brokers: ['one:9092', 'two:9092'],
      clientId: 'qiyue-north',
      ssl: { ca: [mine.cert.toString()], cert: mine.cert.toString(), key: mine.key.toString() },
      sasl: { mechanism: 'scram-sha-512', username: 'qiyue', password: 'hunter2' },
    });
    const [system] = readSettings([PlatformConfig], { ...good, ...kafka, KAFKA_TLS: 'on' });
    expect(kafkaConnection(system)).toEqual({ brokers: ['one:9092', 'two:9092'], clientId: 'qiyue', ssl: {} });
  });
});
