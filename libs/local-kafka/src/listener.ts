import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A listener that speaks TLS and asks who is there. */
export interface SecureListener {
  /** PEM: the broker's certificate chain and its private key (PKCS #8). */
  readonly cert: string;
  readonly key: string;
  /** PEM: who signs certificates of clients; with it every client must show one. */
  readonly clientCa?: string;
  /** Passwords by user, for PLAIN and for SCRAM; SCRAM's hold from the first start of a data folder on. */
  readonly users: Readonly<Record<string, string>>;
}

const LISTENER = 'listener.name.sasl_ssl';
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

const secureSettings = (dataDir: string, { cert, key, clientCa, users }: SecureListener): Readonly<Record<string, string>> => {
  const keyStore = join(dataDir, 'broker.pem');
  const trustStore = join(dataDir, 'clients.pem');
  writeFileSync(keyStore, `${key.trim()}\n${cert.trim()}\n`, { mode: 0o600 });
  if (clientCa !== undefined) writeFileSync(trustStore, clientCa);
  const plain = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`);
  return {
    [`${LISTENER}.ssl.keystore.type`]: 'PEM',
    [`${LISTENER}.ssl.keystore.location`]: keyStore,
    ...(clientCa === undefined
      ? {}
      : {
          [`${LISTENER}.ssl.truststore.type`]: 'PEM',
          [`${LISTENER}.ssl.truststore.location`]: trustStore,
          [`${LISTENER}.ssl.client.auth`]: 'required',
        }),
    [`${LISTENER}.sasl.enabled.mechanisms`]: ['PLAIN', ...SCRAM].join(','),
    [`${LISTENER}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${plain.join(' ')};`,
    ...Object.fromEntries(
      SCRAM.map((mechanism) => [
        `${LISTENER}.${mechanism.toLowerCase()}.sasl.jaas.config`,
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      ]),
    ),
  };
};

/** Where the broker listens and how. Writes the files that a secure listener needs into the data folder. */
export const listenerSettings = (
  dataDir: string,
  clients: number,
  inside: number,
  controller: number,
  secure: SecureListener | undefined,
): Readonly<Record<string, string>> => {
  // The broker talks to itself by a plain listener, on a port of 127.0.0.1 that no client is told of.
  const ports = secure === undefined ? { PLAINTEXT: clients } : { SASL_SSL: clients, PLAINTEXT: inside };
  const own = Object.entries(ports).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  return {
    listeners: [...own, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': own.join(','),
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL',
    ...(secure === undefined ? {} : secureSettings(dataDir, secure)),
  };
};

/** What formatting the data folder needs to know: SCRAM keeps its users in the data. */
export const formatArguments = (secure: SecureListener | undefined): readonly string[] =>
  Object.entries(secure?.users ?? {}).flatMap(([user, password]) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${user},password=${password}]`]),
  );
