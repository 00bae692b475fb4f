import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessDeniedError, EventStoreDBClient, type Credentials } from '@eventstore/db-client';
import { selfSigned } from './spec-certificate';
import { collect, connect, freshStream, numbered, numbers, take } from './spec-client';
import { startTestNode, type TestNode } from './testing';

const certificate = selfSigned();
const folder = mkdtempSync(join(tmpdir(), 'esn-tls-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, certificate.cert);

const admin: Credentials = { username: 'root', password: 'correct horse' };
const clerk: Credentials = { username: 'clerk', password: 'pa:ss@wörd' };
const other: Credentials = { username: 'other', password: 'x' };

let server: TestNode;
let client: EventStoreDBClient;

beforeAll(async () => {
  server = await startTestNode({
    tls: certificate,
    users: [
      { name: admin.username, password: admin.password, admin: true },
      { name: clerk.username, password: clerk.password, roles: ['clerks'] },
      { name: other.username, password: other.password },
    ],
  });
  client = connect(`${server.connectionString}?tls=true&tlsCAFile=${encodeURIComponent(caFile)}`);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const denied = (work: Promise<unknown>): Promise<void> => expect(work).rejects.toBeInstanceOf(AccessDeniedError);

test('over TLS, somebody who signed in may write and read', async () => {
  const stream = freshStream();
  await client.appendToStream(stream, numbered(2), { credentials: clerk });
  expect(numbers(await collect(client.readStream(stream, { credentials: other })))).toEqual([0, 1]);
  expect(await take(client.subscribeToStream(stream, { credentials: clerk }), 2)).toHaveLength(2);
});

test('credentials in the connection string serve the batched appends', async () => {
  const withCredentials = connect(
    `${server.connectionString.replace('//', `//${admin.username}:${encodeURIComponent(admin.password)}@`)}?tls=true&tlsCAFile=${encodeURIComponent(caFile)}`,
  );
  const stream = freshStream();
  expect(await withCredentials.appendToStream(stream, numbered(1))).toMatchObject({ success: true });
  await withCredentials.dispose();
});

test('nobody gets in without credentials or with wrong ones', async () => {
  const stream = freshStream();
  for (const credentials of [
    undefined,
    { ...clerk, password: 'wrong' },
    { username: 'nobody', password: '' },
    { username: '', password: 'x' },
  ]) {
    const options = credentials ? { credentials } : {};
    await denied(client.appendToStream(stream, numbered(1), options));
    await denied(collect(client.readStream(stream, options)));
    await denied(collect(client.readAll(options)));
    await denied(collect(client.subscribeToAll(options)));
    await denied(client.deleteStream(stream, options));
    await denied(client.tombstoneStream(stream, options));
  }
});

test('$all and system streams are for admins', async () => {
  await denied(collect(client.readAll({ credentials: clerk })));
  await denied(collect(client.subscribeToAll({ credentials: clerk })));
  await denied(client.appendToStream('$system', numbered(1), { credentials: clerk }));
  await client.appendToStream('$system', numbered(1), { credentials: admin });
  await denied(collect(client.readStream('$system', { credentials: clerk })));
  expect((await collect(client.readAll({ credentials: admin }))).length).toBeGreaterThan(0);
});

test('an access list in the metadata says who may do what; admins always may', async () => {
  const stream = freshStream();
  await client.appendToStream(stream, numbered(1), { credentials: other });
  await client.setStreamMetadata(
    stream,
    {
      acl: {
        readRoles: ['other', 'clerks'],
        writeRoles: ['clerks'],
        deleteRoles: ['$admins'],
        metaReadRoles: ['$all'],
        metaWriteRoles: ['$admins'],
      },
    },
    { credentials: admin },
  );
  await denied(client.appendToStream(stream, numbered(1), { credentials: other }));
  await client.appendToStream(stream, numbered(1, 1), { credentials: clerk });
  await client.appendToStream(stream, numbered(1, 2), { credentials: admin });
  expect(numbers(await collect(client.readStream(stream, { credentials: other })))).toEqual([0, 1, 2]);
  await denied(client.deleteStream(stream, { credentials: clerk }));
  await denied(client.setStreamMetadata(stream, {}, { credentials: clerk }));
  expect(await client.getStreamMetadata(stream, { credentials: other })).toMatchObject({ metadata: { acl: { writeRoles: ['clerks'] } } });
  await client.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } }, { credentials: admin });
  await denied(collect(client.readStream(stream, { credentials: clerk })));
  await client.deleteStream(stream, { credentials: clerk });
});

test('a client that does not know the certificate, or speaks no TLS, does not connect', async () => {
  for (const options of ['?tls=true', '?tls=false']) {
    const stranger = connect(`${server.connectionString}${options}&defaultDeadline=2000`);
    await expect(collect(stranger.readStream('any-1', { credentials: admin }))).rejects.toThrow();
    await stranger.dispose();
  }
});
