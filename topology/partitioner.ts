// The Java client's default partitioner, which librdkafka has as murmur2_random: for the engine in memory, so that keys
// meet the same partitions there as on the broker.

export const partitionOf = (key: Buffer, partitions: number): number =>
  placeOf(murmur2(key.toString('latin1')), partitions)

/** Of a key as text, which for plain ASCII, as all of ours are, needs no buffer. */
export const partitionOfText = (key: string, partitions: number): number =>
  isAscii(key) ? placeOf(murmur2(key), partitions) : partitionOf(Buffer.from(key), partitions)

const placeOf = (hash: number, partitions: number): number => (hash & 0x7fffffff) % partitions

function isAscii(text: string): boolean {
  let bits = 0
  for (let at = 0; at < text.length; at++) bits |= text.charCodeAt(at)
  return bits <= 0x7f
}

/** Each of its characters is a byte. */
function murmur2(bytes: string): number {
  const m = 0x5bd1e995
  const { length } = bytes
  let h = 0x9747b28c ^ length
  const whole = length & ~3
  for (let at = 0; at < whole; at += 4) {
    let k = bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
    k |= (bytes.charCodeAt(at + 2) << 16) | (bytes.charCodeAt(at + 3) << 24)
    k = Math.imul(k, m)
    k = Math.imul(k ^ (k >>> 24), m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length - whole
  if (rest >= 3) h ^= bytes.charCodeAt(whole + 2) << 16
  if (rest >= 2) h ^= bytes.charCodeAt(whole + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ bytes.charCodeAt(whole), m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}
