import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../../event-store-node/src/spec-certificate';

/** A server, a client, and somebody whom neither knows, with their certificates and keys; and the files that settings name, in a folder of their own. */
export const certificates = () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiyue-certificates-'));
  const file = (name: string, text: Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const [server, client, stranger] = [selfSigned(), selfSigned('qiyue'), selfSigned()];
  const files = {
    ca: file('ca.pem', server.cert),
    cert: file('client.pem', client.cert),
    key: file('client-key.pem', client.key),
    strangerCert: file('stranger.pem', stranger.cert),
    strangerKey: file('stranger-key.pem', stranger.key),
  };
  return { folder, file, files, server, client, remove: (): void => rmSync(folder, { recursive: true }) };
};
