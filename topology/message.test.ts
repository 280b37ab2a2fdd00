import type { Message } from 'node-rdkafka'
import { expect, test } from 'vitest'
import { toInputs } from './message.ts'

const message = (offset: number, parts: Partial<Message>): Message => ({
  ...{ topic: 'test.uplinks', partition: 7, offset, size: 0, timestamp: 1_790_000_000_000 + offset },
  ...{ key: Buffer.from(`key-${offset}`), value: Buffer.from(`value of ${offset}`) },
  ...parts,
})

test('messages that share a buffer are each what they were', () => {
  const messages = [
    message(41, {}),
    message(42, { key: null }),
    message(44, { value: null, headers: [{ trace: Buffer.from('a1') }, { from: 'b' }] as never }),
    message(2 ** 40, { key: 'text', value: Buffer.alloc(0) }),
    message(2 ** 40 + 1, { key: Buffer.alloc(0) }),
  ]
  const records = toInputs('uplinks', messages)
  const seen = records.map(({ topic, partition, offset, writtenMs, key, value, bytes }) => ({
    ...{ topic, partition, offset, writtenMs, bytes },
    ...{ key: key?.toString() ?? null, value: value?.toString() ?? null },
  }))
  const at = (offset: number) => ({
    ...{ topic: 'uplinks', partition: 7, offset, writtenMs: 1_790_000_000_000 + offset },
  })
  expect(seen).toEqual([
    { ...at(41), key: 'key-41', value: 'value of 41', bytes: 17 },
    { ...at(42), key: null, value: 'value of 42', bytes: 11 },
    { ...at(44), key: 'key-44', value: null, bytes: 6 },
    { ...at(2 ** 40), key: 'text', value: '', bytes: 4 },
    { ...at(2 ** 40 + 1), key: '', value: `value of ${2 ** 40 + 1}`, bytes: 22 },
  ])
  expect(records.map((record) => record.headers())).toEqual([{}, {}, { trace: 'a1', from: 'b' }, {}, {}])
})
