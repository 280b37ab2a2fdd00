import { expect, test } from 'vitest'
import { partitionOf, partitionOfText } from './partitioner.ts'

/** The hash without its sign, as the partitioners take it. */
const HASHES = 2 ** 31

// Of the Java client's own test (org.apache.kafka.common.utils.UtilsTest): the same key must meet the same partition there,
// here and in librdkafka, or a task would join a device with another one's table.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the key %s has the hash that the Java client gives it: %i', (key, hash) => {
  expect(partitionOf(Buffer.from(key), HASHES)).toBe(hash & 0x7fffffff)
  expect(partitionOfText(key, HASHES)).toBe(hash & 0x7fffffff)
})

test('a key that is long or not ASCII meets the same partition as text and as bytes', () => {
  for (const key of ['Kühlschrank', 'x'.repeat(300), `${'x'.repeat(299)}é`])
    expect(partitionOfText(key, 12)).toBe(partitionOf(Buffer.from(key), 12))
})
