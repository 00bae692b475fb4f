/**
 * Murmur2 as Kafka's default partitioner computes it, over the UTF-8 bytes of a key; a signed 32-bit integer.
 * The embedded log places keys exactly as Kafka does, so moving from one to the other re-keys nothing.
 */
export const murmur2 = (key: string): number => {
  const bytes = Buffer.from(key, 'utf8');
  const multiplier = 0x5bd1e995;
  let hash = 0x9747b28c ^ bytes.length;
  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  if (whole < bytes.length) {
    for (let at = bytes.length - 1; at >= whole; at -= 1) hash ^= bytes.readUInt8(at) << (8 * (at - whole));
    hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return (hash ^ (hash >>> 15)) | 0;
};

/** The partition of a key, from 0 to `partitions - 1`. */
export const partitionOf = (key: string, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
