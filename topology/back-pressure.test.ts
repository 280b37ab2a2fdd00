// A backlog whose partitions are as unequal as they can be, far larger than what may wait, through the slots and turns of a
// process: what is taken is in the order of writing, and what waits stays within its bound.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fillOf, staysPaused, WAITING_BYTES_MAX, WAITING_RECORDS_MAX } from './back-pressure.ts'
import { ClockBoard } from './clock-board.ts'
import type { Task } from './engine.ts'
import { Pace } from './pace.ts'
import type { InputRecord } from './records.ts'
import { Slots } from './slots.ts'
import { TaskSlot } from './task-slot.ts'
import { counting } from './testing/counting.ts'
import { TurnWait } from './turn-wait.ts'
import { nextTurn } from './turns.ts'

const [spread] = counting.stages

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** What a broker has of one partition: `records` of `bytes`, one each `everyMs`; and how many it gives in a fetch. */
type Backlog = { records: number; bytes: number; everyMs: number; fetch: number }

class World {
  readonly slots = new Slots()
  readonly #backlogs: Backlog[]
  readonly #positions: number[]
  readonly #wait: TurnWait
  mostWaiting = 0
  mostBytes = 0
  isAway = new Set<number>()
  /** Partition and instant of all that was taken. */
  readonly taken: [number, number][] = []

  constructor(backlogs: Backlog[]) {
    this.#backlogs = backlogs
    this.#positions = backlogs.map(() => 0)
    const count = () => backlogs.length
    this.#wait = new TurnWait(new Pace(new ClockBoard(counting, count), counting, count, 1_000))
    backlogs.forEach(({ records }, partition) => {
      const slot = new TaskSlot(taskOf(partition))
      slot.start(new Map([['uplinks', 0]]), new Map(), { clockMs: 0, takenToMs: 0 })
      slot.update(0)
      slot.clock.mark(1, records)
      this.slots.add({ topic: 'uplinks', partition }, slot)
    })
  }

  /** One turn of the loop, as session.ts turns it, with one fetch of each partition that is read. */
  turn(): void {
    this.slots.regulate()
    for (const slot of this.slots.all()) if (!slot.isPaused) this.#fetch(slot)
    const waiting = this.slots.all()
    this.mostWaiting = Math.max(this.mostWaiting, sum(waiting.map(({ pending }) => pending)))
    this.mostBytes = Math.max(this.mostBytes, sum(waiting.map(({ pendingBytes }) => pendingBytes)))
    this.#take()
    vi.advanceTimersByTime(10)
  }

  #take(): void {
    const { slots, limitMs } = this.#wait.among(this.slots.all())
    let hasTaken = false
    for (let turn = nextTurn(slots, 0, limitMs); turn !== null; turn = nextTurn(slots, 0, limitMs)) {
      for (let next = turn.slot.next(); next; next = turn.slot.next()) {
        if ((turn.slot.headMs ?? 0) > turn.untilMs) break
        Object.assign(turn.slot.task, { writtenMs: next.writtenMs })
        turn.slot.passed(next)
        this.taken.push([next.partition, next.writtenMs])
      }
      turn.slot.update(0)
      hasTaken = true
    }
    this.#wait.after(slots, true, hasTaken, 0)
  }

  #fetch(slot: TaskSlot): void {
    const { partition } = slot.task
    const { records, bytes, everyMs, fetch } = this.#backlogs[partition]!
    if (this.isAway.has(partition)) return
    const from = this.#positions[partition]!
    const to = Math.min(records, from + fetch)
    for (let offset = from; offset < to; offset++) slot.offer(recordOf(partition, offset, everyMs, bytes))
    this.#positions[partition] = to
  }

  get isDone(): boolean {
    return this.taken.length === sum(this.#backlogs.map(({ records }) => records))
  }

  get isInOrder(): boolean {
    return this.taken.every(([, ms], i) => i === 0 || ms >= this.taken[i - 1]![1])
  }
}

/** Of a task, only what turns look at: what it does with a record is of no account here. */
const taskOf = (partition: number) =>
  ({ stage: spread, partition, writtenMs: 0, eventTimeMs: 0 }) as unknown as Task

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)

const recordOf = (partition: number, offset: number, everyMs: number, bytes: number): InputRecord => ({
  ...{ topic: 'uplinks', partition, offset, key: null, value: null, bytes },
  ...{ writtenMs: 1_000 + offset * everyMs, headers: () => ({}) },
})

test('many small records of one partition wait for few of another, in the order of writing and within the bound', () => {
  // The first gives the records of a millisecond in a fetch, the second those of an hour.
  const slow = { records: 1_500, bytes: 100, everyMs: 100, fetch: 10 }
  const fast = { records: 150_000, bytes: 100, everyMs: 1, fetch: 20_000 }
  const world = new World([slow, fast])
  for (let turns = 0; turns < 5_000 && !world.isDone; turns++) world.turn()
  expect(world.isDone).toBe(true)
  expect(world.isInOrder).toBe(true)
  expect(world.mostWaiting).toBeGreaterThan(WAITING_RECORDS_MAX / 4)
  expect(world.mostWaiting).toBeLessThan(WAITING_RECORDS_MAX / 2 + 20_000 + 100)
})

test('few large records count by their bytes', () => {
  const slow = { records: 600, bytes: 100, everyMs: 1_000, fetch: 1 }
  const large = { records: 600, bytes: 1_000_000, everyMs: 1_000, fetch: 8 }
  const world = new World([slow, large, large])
  for (let turns = 0; turns < 5_000 && !world.isDone; turns++) world.turn()
  expect(world.isDone).toBe(true)
  expect(world.isInOrder).toBe(true)
  expect(world.mostBytes).toBeLessThan(WAITING_BYTES_MAX + 2 * 8_000_000)
})

test('only a partition that gives nothing for ten seconds loses its turn, and what waits stays bounded meanwhile', () => {
  const even = { records: 200_000, bytes: 100, everyMs: 1, fetch: 20_000 }
  const world = new World([even, even])
  world.isAway.add(0)
  for (let turns = 0; turns < 900; turns++) world.turn()
  expect(world.taken).toEqual([])
  expect(world.mostWaiting).toBeLessThanOrEqual(WAITING_RECORDS_MAX / 2 + 20_000)
  for (let turns = 0; turns < 200; turns++) world.turn()
  expect(world.taken).toHaveLength(200_000)
})

test('nothing is paused before half of the room is taken, and all are read again once a quarter of it is', () => {
  const [hog, quarter] = [3, 0.3]
  expect(staysPaused(hog, false, 0.5)).toBe(false)
  expect(staysPaused(hog, false, 0.51)).toBe(true)
  expect(staysPaused(quarter, true, 0.26)).toBe(true)
  expect(staysPaused(quarter, true, 0.25)).toBe(false)
})

test('a partition that was paused is read again only once a quarter of its share is left', () => {
  const fill = (pending: number) => fillOf({ pending, pendingBytes: 0 }, 4)
  const share = WAITING_RECORDS_MAX / 4
  expect(staysPaused(fill(share), false)).toBe(false)
  expect(staysPaused(fill(share + 1), false)).toBe(true)
  expect(staysPaused(fill(share / 4 + 1), true)).toBe(true)
  expect(staysPaused(fill(share / 4), true)).toBe(false)
})
