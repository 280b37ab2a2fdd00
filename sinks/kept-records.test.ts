import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SinkRecord } from './batch.ts'
import { KeptRecords } from './kept-records.ts'

const bytes = fc.option(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  { nil: null },
)

const record: fc.Arbitrary<SinkRecord> = fc
  .record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.nat(2),
    offset: fc.maxSafeInteger(),
    timestampMs: fc.nat(),
    key: bytes,
    value: bytes,
    refusal: fc.option(fc.constant({ code: 'ROW_REFUSED' as const, reason: 'x' }), { nil: undefined }),
  })
  .map(({ refusal, ...rest }) => ({
    name: rest.topic === 'a' ? ('readings' as const) : ('alerts' as const),
    ...rest,
    ...(refusal === undefined ? {} : { refusal }),
  }))

test('records come back as they were kept, whatever is done with their bytes meanwhile', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const kept = new KeptRecords()
      const copies = records.map((one) => ({
        ...one,
        key: one.key && Buffer.from(one.key),
        value: one.value && Buffer.from(one.value),
      }))
      for (const one of records) {
        kept.add(one)
        one.key?.fill(0)
        one.value?.fill(0)
      }
      expect(kept.length).toBe(records.length)
      expect(kept.all()).toEqual(copies)
    }),
  )
})

test('more bytes than there was room for are kept, too', () => {
  const kept = new KeptRecords()
  const value = Buffer.alloc(100_000, 7)
  for (let offset = 0; offset < 10; offset++)
    kept.add({ name: 'readings', topic: 't', partition: 0, offset, timestampMs: 0, key: null, value })
  expect(kept.all().every((one) => one.value?.equals(value))).toBe(true)
})
