import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Codecs, memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { Batch, type SinkRecord, UnlearnedReading } from './batch.ts'
import { carriedIn } from './carried.ts'
import { deadLetters, sinkTables, type TableRows } from './rows.ts'
import { reading } from './testing/load.ts'

const codecs: Codecs = await openCodecs(memoryRegistry(), '')
const { encode, decode } = codecs.of('reading-batches')

const anyItems = fc.array(
  fc.record({ key: fc.string({ maxLength: 80 }), value: fc.uint8Array({ maxLength: 300 }).map(Buffer.from) }),
  { maxLength: 30 },
)

const valuesOf = (batch: Buffer) =>
  carriedIn(batch, codecs).map(({ bytes, from, to }) => Buffer.from(bytes.subarray(from, to)))

test('it finds what Avro finds', () => {
  fc.assert(
    fc.property(anyItems, (items) => {
      expect(valuesOf(encode({ items }))).toEqual(items.map(({ value }) => value))
    }),
  )
})

test('of damaged bytes it says that they are no batch, or finds what Avro finds', () => {
  fc.assert(
    fc.property(anyItems, fc.nat(), fc.nat(255), (items, at, byte) => {
      const batch = Buffer.from(encode({ items }))
      expect(() => valuesOf(batch.subarray(0, at % batch.length))).toThrow()
      batch[at % batch.length] = byte
      let found: Buffer[]
      try {
        found = valuesOf(batch)
      } catch {
        return // Avro is not asked: it might believe a count of millions
      }
      expect(found).toEqual(decode(batch).items.map(({ value }) => value))
    }),
    { numRuns: 500 },
  )
})

test('a count of millions is not believed', () => {
  const batch = encode({ items: [] })
  const million = Buffer.from([0x80, 0x89, 0x7a])
  expect(() => carriedIn(Buffer.concat([batch.subarray(0, 5), million, Buffer.from([0])]), codecs)).toThrow(
    'do not end where it ends',
  )
})

test('a block with its length in front, as other writers may make it, is read, too', () => {
  const batch = encode({ items: [{ key: 'k', value: Buffer.from('v') }] })
  // The count negative, then the bytes of the block.
  const blocked = Buffer.concat([batch.subarray(0, 5), Buffer.from([1, 8]), batch.subarray(6)])
  expect(valuesOf(blocked)).toEqual([Buffer.from('v')])
})

const record = (values: readonly Buffer[], change: Partial<SinkRecord> = {}): SinkRecord => ({
  ...({
    name: 'reading-batches',
    topic: 'p.reading-batches',
    partition: 0,
    offset: 7,
    timestampMs: 0,
  } as const),
  ...{ key: Buffer.from('0'), value: encode({ items: values.map((value) => ({ key: 'u', value })) }) },
  ...change,
})

const bytesOf = (batch: Batch, table: unknown) => batch.tables.get(table as TableRows<never>)?.finish()
const values = (count: number) =>
  Array.from({ length: count }, (_, index) => codecs.of('readings').encode(reading(index)))

test('readings become the same rows whether they come together or one by one', () => {
  const [together, single] = [new Batch(codecs), new Batch(codecs)]
  together.add(record(values(50)))
  for (const [offset, value] of values(50).entries())
    single.add(record([], { name: 'readings', topic: 'p.readings', offset, value }))
  expect(bytesOf(together, sinkTables.readings)).toEqual(bytesOf(single, sinkTables.readings))
  expect([together.size, together.rows, single.size, single.rows]).toEqual([1, 50, 50, 50])
  expect(together.ranges).toEqual([{ topic: 'p.reading-batches', partition: 0, first: 7, next: 8 }])
})

test('of a batch those that cannot become rows are kept together as one letter, and the others are rows', () => {
  const [good = Buffer.alloc(0)] = values(1)
  const noUuid = codecs.of('readings').encode(reading(1, { unitId: 'nobody' }))
  const batch = new Batch(codecs)
  batch.add(record([good, noUuid, Buffer.from('not Avro'), good]))
  expect([batch.rows, batch.deadLetters]).toEqual([3, 1])
  const letter = bytesOf(batch, deadLetters)
  expect(letter?.includes('2 of the 4 readings in it: nobody is no UUID')).toBe(true)
  const kept = encode({ items: [noUuid, Buffer.from('not Avro')].map((value) => ({ key: 'u', value })) })
  expect(letter?.includes(kept)).toBe(true)
})

test('a reading of an unknown schema is told before anything of its batch is taken', () => {
  const [good = Buffer.alloc(0)] = values(1)
  const foreign = Buffer.from(good)
  foreign.writeUInt32BE(4711, 1)
  const batch = new Batch(codecs)
  expect(() => batch.add(record([good, foreign]))).toThrow(UnlearnedReading)
  expect([batch.rows, batch.size]).toEqual([0, 0])
})
