// The Java client's default partitioner, which librdkafka has as murmur2_random: for the engine in memory, so that keys
// meet the same partitions there as on the broker.

export const partitionOf = (key: Buffer, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions

function murmur2(data: Buffer): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ data.length
  const whole = data.length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), m)
    k = Math.imul(k ^ (k >>> 24), m)
    h = Math.imul(h, m) ^ k
  }
  const rest = data.length - whole
  if (rest >= 3) h ^= (data[whole + 2] ?? 0) << 16
  if (rest >= 2) h ^= (data[whole + 1] ?? 0) << 8
  if (rest >= 1) h = Math.imul(h ^ (data[whole] ?? 0), m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}
