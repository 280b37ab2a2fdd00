// The Java client's default partitioner, which librdkafka has as murmur2_random: for the engine in memory, so that keys
// meet the same partitions there as on the broker.

export const partitionOf = (key: Buffer, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions

/** Of a key as text, which for plain ASCII, as all of ours are, needs no buffer. */
export function partitionOfText(key: string, partitions: number): number {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code > 0x7f) return partitionOf(Buffer.from(key), partitions)
    scratch[i % SCRATCH_BYTES] = code
  }
  if (key.length > SCRATCH_BYTES) return partitionOf(Buffer.from(key), partitions)
  return (murmur2(scratch, key.length) & 0x7fffffff) % partitions
}

const SCRATCH_BYTES = 256
const scratch = Buffer.alloc(SCRATCH_BYTES)

function murmur2(data: Buffer, length = data.length): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ length
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), m)
    k = Math.imul(k ^ (k >>> 24), m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length - whole
  if (rest >= 3) h ^= (data[whole + 2] ?? 0) << 16
  if (rest >= 2) h ^= (data[whole + 1] ?? 0) << 8
  if (rest >= 1) h = Math.imul(h ^ (data[whole] ?? 0), m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}
