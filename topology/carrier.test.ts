import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs, schemaText, UnlearnedSchema } from '../schemas/codec.ts'
import { type CarriedBatch, CarriedItems, CarrierWriter } from './carrier.ts'
import { defineTopology } from './define.ts'
import { partitionOf, partitionOfText } from './partitioner.ts'
import { TestDriver } from './test-driver.ts'
import { minutes, spread, uplinkOf } from './testing/counting.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const START_MS = Date.parse('2026-02-01T10:00:00Z')

function itemsIn(batch: Buffer) {
  const items = new CarriedItems()
  items.fill('reading-batches', batch, codecs)
  return Array.from({ length: items.count }, (_, at) => ({
    key: items.keyAt(at),
    value: Buffer.from(items.bytes.subarray(items.fromAt(at), items.toAt(at))),
  }))
}

const output = (key: string, bytes: number) => ({
  topic: 'readings' as const,
  key,
  value: Buffer.alloc(bytes, key),
  partition: null,
  causeMs: 0,
})

test('a key meets the partition of the Java client, whether it comes as text or as bytes', () => {
  for (const key of ['', 'a', 'unit-17', '0123456789ABCDEF', 'kühl', 'x'.repeat(300), `${'x'.repeat(300)}ü`])
    expect(partitionOfText(key, 97)).toBe(partitionOf(Buffer.from(key), 97))
})

test('records of a partition keep their order, and no batch is larger than a broker takes', () => {
  const writer = new CarrierWriter('reading-batches', 3, codecs)
  const keys = Array.from({ length: 2_000 }, (_, i) => `unit-${i}`)
  const kept = (batch: CarriedBatch) => ({ ...batch, value: Buffer.from(batch.value) })
  const full = keys.flatMap((key) => {
    const batch = writer.add(output(key, 1_000))
    return batch === null ? [] : kept(batch)
  })
  const batches = [...full, ...Array.from(writer.end(), kept)]
  expect(full.length).toBeGreaterThan(3)
  expect(Math.max(...batches.map(({ value }) => value.length))).toBeLessThan(300_000)
  for (const partition of [0, 1, 2]) {
    const own = batches.filter((batch) => batch.partition === partition)
    const carried = own.flatMap(({ value }) => codecs.of('reading-batches').decode(value).items)
    expect(own.flatMap(({ value }) => itemsIn(value))).toEqual(carried)
    expect(carried.map(({ key }) => key)).toEqual(keys.filter((key) => partitionOfText(key, 3) === partition))
    expect(carried.every(({ key, value }) => value.equals(output(key, 1_000).value))).toBe(true)
  }
  expect([...writer.end()]).toEqual([])
})

/** Refuses every third uplink's reading for as long as it is not mended. */
function picky() {
  const state = { isMended: false }
  const choosy: typeof minutes = {
    ...minutes,
    onRecord(unit, input, emit) {
      if (!state.isMended && (input.value.temperature ?? 0) % 3 === 0) throw new Error('not this one')
      minutes.onRecord(unit, input, emit)
    },
  }
  const topology = defineTopology('picky', ({ source, stage }) => {
    const { readings } = stage(spread, { uplinks: source('uplinks'), devices: source('devices') })
    stage(choosy, { readings })
  })
  return { state, topology }
}

test('of a batch only the refused record becomes a letter; sent back as it is, it is as if it had been right at first', () => {
  const { state, topology } = picky()
  const driver = new TestDriver(topology, { fate: (commit) => (commit % 2 === 0 ? 'abort' : 'commit') })
  driver.pipe('uplinks', ...[0, 7, 14, 21].map((fCnt) => uplinkOf('A', fCnt, START_MS)))
  const letters = driver.drain('dead-letters')
  expect(letters).toMatchObject([
    { code: 'PROCESSOR_THREW', source: 'reading-batches', key: Buffer.from('unit-0') },
  ])
  state.isMended = true
  for (const { key, value } of letters)
    driver.pipeBytes('reading-batches', String(key), value ?? Buffer.alloc(0))
  driver.advanceTo(START_MS + 60_000)
  expect(driver.drain('rollups')).toMatchObject([{ unitId: 'unit-0', count: 4, sum: 1 + 2 + 3 + 4 }])
})

test("a batch of another release is walked like ours, once its writer's schema has been learned", async () => {
  const registry = memoryRegistry()
  const ours = await openCodecs(registry, '')
  const theirs = await registry.register('another', schemaText('reading-batches'))
  const items = [1, 2].map((n) => ({ key: `unit-${n}`, value: Buffer.alloc(100, n) }))
  const batch = Buffer.from(ours.of('reading-batches').encode({ items }))
  batch.writeUInt32BE(theirs, 1)
  const carried = new CarriedItems()
  expect(() => carried.fill('reading-batches', batch, ours)).toThrow(UnlearnedSchema)
  await ours.learn('reading-batches', theirs)
  carried.fill('reading-batches', batch, ours)
  expect([carried.keyAt(0), carried.keyAt(1), carried.count]).toEqual(['unit-1', 'unit-2', 2])
  expect(carried.bytes.subarray(carried.fromAt(1), carried.toAt(1))).toEqual(items[1]?.value)
})

test('bytes that are no batch are unreadable, wherever they are wrong', () => {
  const { encode } = codecs.of('reading-batches')
  const batch = encode({ items: [1, 2].map((n) => ({ key: `unit-${n}`, value: Buffer.alloc(100, n) })) })
  for (let bytes = 0; bytes < batch.length; bytes++) expect(() => itemsIn(batch.subarray(0, bytes))).toThrow()
  const tooMany = Buffer.from(batch)
  tooMany[5] = 2 * 3
  expect(() => itemsIn(tooMany)).toThrow('reading-batches')
  expect(itemsIn(encode({ items: [] }))).toEqual([])
})
