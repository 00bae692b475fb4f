import { hash } from 'node:crypto';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Namespace of names that are no UUIDs themselves. */
const root = Buffer.from('6ba7b8149dad11d180b400c04fd430c8', 'hex');

const derive = (namespace: Buffer, name: string): string => {
  const digest = hash('sha1', Buffer.concat([namespace, Buffer.from(name, 'utf8')]), 'hex');
  const variant = ((Number.parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(18, 20)}-${digest.slice(20, 32)}`;
};

/**
 * The name-based UUID, version 5 (RFC 9562), of a name in a namespace. A namespace that is no UUID is first made one,
 * so any command id can be the namespace of what is derived from it.
 */
export const uuid5 = (namespace: string, name: string): string => {
  const space = uuid.test(namespace) ? namespace : derive(root, namespace);
  return derive(Buffer.from(space.replaceAll('-', ''), 'hex'), name);
};
