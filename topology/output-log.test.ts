import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { CHUNK_BYTES } from './chunks.ts'
import { HandedOn } from './handed-on.ts'
import { OutputLog } from './output-log.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const codec = codecs.of('reading-batches')
const batch = (bytes: number, fill: string) => ({ items: [{ key: fill, value: Buffer.alloc(bytes, fill) }] })

function add(log: OutputLog, owner: string, bytes = 10, causeMs = 0) {
  const made = { topic: 'reading-batches' as const, key: owner, partition: null, causeMs, owner }
  log.add(made, codec, batch(bytes, owner))
}

const read = (log: OutputLog) =>
  Array.from(log.records(), ({ key, value }) => {
    const [item] = codec.decode(value).items
    if (item === undefined || !item.value.equals(Buffer.alloc(item.value.length, key))) throw new Error(key)
    return [key, item.value.length]
  })

test('records keep their order and bytes over the ends of chunks, also one that is longer than a chunk', () => {
  const log = new OutputLog()
  const lengths = [10, CHUNK_BYTES - 100, 200, 3 * CHUNK_BYTES, 5, CHUNK_BYTES, 7]
  lengths.forEach((bytes, i) => {
    add(log, String(i), bytes)
  })
  expect(read(log)).toEqual(lengths.map((bytes, i) => [String(i), bytes]))
  log.clear()
  expect(log.count).toBe(0)
  add(log, 'next')
  expect(read(log)).toEqual([['next', 10]])
})

test('what is taken back leaves room for what comes instead', () => {
  const log = new OutputLog()
  add(log, 'a', CHUNK_BYTES - 100)
  const mark = log.count
  for (const owner of ['b', 'c', 'd']) add(log, owner, CHUNK_BYTES - 100)
  log.truncate(mark)
  add(log, 'e', 60)
  add(log, 'f', CHUNK_BYTES - 100)
  expect(read(log).map(([owner]) => owner)).toEqual(['a', 'e', 'f'])
  log.dropOf('e')
  expect(read(log).map(([owner]) => owner)).toEqual(['a', 'f'])
  add(log, 'g')
  log.truncate(1)
  expect(read(log).map(([owner]) => owner)).toEqual(['a'])
})

test('a value that its schema refuses adds nothing', () => {
  const log = new OutputLog()
  add(log, 'a')
  const made = { topic: 'reading-batches' as const, key: 'b', partition: 3, causeMs: 0, owner: null }
  expect(() => log.add(made, codec, { items: [{ key: 'b', value: 1 }] } as never)).toThrow()
  log.add(made, codec, batch(10, 'b'))
  expect(Array.from(log.records(), ({ key, partition }) => [key, partition])).toEqual([
    ['a', null],
    ['b', 3],
  ])
})

test('of several tasks what is handed on goes in the order of its causes, equal ones task by task, timers last', () => {
  const causesOf = [
    [1, 3, 3, 8, Number.POSITIVE_INFINITY],
    [2, 3, 9],
    [0, Number.POSITIVE_INFINITY],
  ]
  const ordered = new HandedOn()
  for (const [task, causes] of causesOf.entries()) {
    const log = new OutputLog()
    for (const [i, causeMs] of causes.entries()) add(log, `${task}${i}`, 10, causeMs)
    ordered.addRun(log, [...causes.keys()])
  }
  const order: string[] = []
  while (ordered.next()) order.push(ordered.log.keyAt(ordered.at))
  expect(order).toEqual(['20', '00', '10', '01', '02', '11', '03', '12', '04', '21'])
})
