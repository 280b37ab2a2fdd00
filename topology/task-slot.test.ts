import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { Task } from './engine.ts'
import type { InputRecord } from './records.ts'
import { TaskSlot } from './task-slot.ts'
import { counting, uplinkOf } from './testing/counting.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const [spread] = counting.stages

const open = () => new TaskSlot(new Task(spread!, 0, codecs, () => 0))

const uplink = (offset: number): InputRecord => ({
  topic: 'uplinks',
  partition: 0,
  offset,
  key: Buffer.from('A'),
  value: codecs.of('uplinks').encode(uplinkOf('A', offset, 1_000 + offset)),
  writtenMs: 0,
  headers: () => ({}),
})

const device = (offset: number): InputRecord => ({
  ...uplink(offset),
  topic: 'devices',
  value: codecs.of('devices').encode({ devEui: 'A', deviceId: 'a', versions: [] }),
})

const start = (slot: TaskSlot, positions: Partial<Record<TopicName, number>>, deviceEnd = 0) =>
  slot.start(new Map(Object.entries(positions) as [TopicName, number][]), new Map([['devices', deviceEnd]]), {
    clockMs: 0,
    takenToMs: 0,
  })

function takeAll(slot: TaskSlot): number[] {
  const taken: number[] = []
  for (let record = slot.next(); record; record = slot.next()) {
    slot.task.take(record)
    slot.passed(record)
    taken.push(record.offset)
  }
  slot.update(Number.POSITIVE_INFINITY)
  return taken
}

test('nothing is taken before the restore, and the stream waits for the tables', () => {
  const slot = open()
  slot.offer(uplink(5))
  expect(takeAll(slot)).toEqual([])
  start(slot, { uplinks: 5, devices: 0 }, 2)
  expect(takeAll(slot)).toEqual([])
  slot.offer(device(0))
  slot.offer(device(1))
  expect(takeAll(slot)).toEqual([0, 1])
  expect(slot.phase).toBe('running')
  expect(takeAll(slot)).toEqual([5])
})

test('a table that ends in records of the broker itself has been read once its end is seen', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 }, 3)
  slot.offer(device(0))
  expect(takeAll(slot)).toEqual([0])
  expect(slot.phase).toBe('tables')
  slot.sawEnd('devices', 3)
  slot.update(0)
  expect(slot.phase).toBe('running')
})

test('a configuration that was written after the backlog does not move the turn of what stands there', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 }, 1)
  slot.offer({ ...device(0), writtenMs: 9_000 })
  takeAll(slot)
  slot.offer({ ...device(1), writtenMs: 9_500 })
  slot.offer({ ...uplink(0), writtenMs: 1_000 })
  expect(slot.headMs).toBe(0)
  slot.task.take(slot.next()!)
  slot.passed(slot.next()!)
  expect(slot.headMs).toBe(1_000)
  expect(slot.takenToMs).toBe(1_000)
})

test('what comes again is left out', () => {
  const slot = open()
  start(slot, { uplinks: 5, devices: 0 })
  for (const offset of [4, 5, 6, 5, 6, 7]) slot.offer(uplink(offset))
  slot.update(0)
  expect(takeAll(slot)).toEqual([5, 6, 7])
})

test('an aborted transaction gives back its records, its offsets and its time', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 })
  slot.update(0)
  slot.offer(uplink(0))
  takeAll(slot)
  slot.settle()
  slot.committed()
  const clockMs = slot.clock.ms
  slot.offer(uplink(1))
  slot.offer(uplink(2))
  takeAll(slot)
  slot.offer(uplink(3))
  slot.settle()
  slot.aborted()
  expect(slot.offsets()).toContainEqual(['uplinks', 1])
  expect(slot.clock.ms).toBe(clockMs)
  slot.update(Number.POSITIVE_INFINITY)
  expect(slot.clock.ms).toBe(clockMs)
  expect(takeAll(slot)).toEqual([1, 2, 3])
})

test('the end of a partition counts only once what lies before it has been taken', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 })
  slot.update(0)
  slot.clock.mark(50_000, 4)
  slot.offer(uplink(0))
  slot.sawEnd('uplinks', 4)
  slot.update(0)
  expect(slot.clock.caughtUp).toBe(false)
  takeAll(slot)
  expect(slot.clock.ms).toBe(50_000)
})

test('what is said of the clock is what was settled, though it has moved on meanwhile', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 })
  slot.update(0)
  slot.clock.mark(10_000, 0)
  slot.settle()
  slot.clock.mark(20_000, 0)
  expect(slot.settledClockMs).toBe(10_000)
  slot.committed()
  slot.settle()
  slot.aborted()
  expect(slot.clock.ms).toBe(10_000)
})

test('what waits is counted in bytes too, taken, given back or let go', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 })
  slot.update(0)
  const offer = (from: number, to: number) => {
    for (let offset = from; offset < to; offset++) slot.offer({ ...uplink(offset), bytes: 100 })
  }
  offer(0, 2_500)
  expect(slot.pendingBytes).toBe(250_000)
  takeAll(slot)
  offer(2_500, 2_600)
  expect([slot.pending, slot.pendingBytes]).toEqual([100, 10_000])
  slot.aborted()
  expect([slot.pending, slot.pendingBytes]).toEqual([2_600, 260_000])
  slot.update(0)
  expect(takeAll(slot)).toHaveLength(2_600)
  expect([slot.pending, slot.pendingBytes]).toEqual([0, 0])
})

test('of what waits, records of tables are counted apart, aborted or not', () => {
  const slot = open()
  start(slot, { uplinks: 0, devices: 0 })
  slot.update(0)
  slot.offer(uplink(0))
  slot.offer(device(0))
  slot.offer(device(1))
  expect(slot.pendingOfTables).toBe(2)
  takeAll(slot)
  expect(slot.pendingOfTables).toBe(0)
  slot.aborted()
  expect(slot.pendingOfTables).toBe(2)
})
