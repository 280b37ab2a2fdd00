import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ClockBoard } from './clock-board.ts'
import { Pace } from './pace.ts'
import type { TaskSlot } from './task-slot.ts'
import { counting } from './testing/counting.ts'
import { TurnWait } from './turn-wait.ts'

const [spread, minutes] = counting.stages
const SLACK_MS = 1_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

type Seen = Partial<Pick<TaskSlot, 'phase' | 'headMs' | 'isAtEnd' | 'takenToMs' | 'published'>> & {
  partition: number
}

const slot = ({ partition, ...seen }: Seen): TaskSlot =>
  ({
    phase: 'running',
    headMs: null,
    isAwaited: true,
    isAtEnd: true,
    blockedUntilMs: 0,
    pending: 1,
    published: { takenToMs: 0 },
    task: { stage: spread, partition, writtenMs: 0 },
    ...seen,
  }) as unknown as TaskSlot

/** Two partitions of the source. `say` is what the owner of one says of it. */
function world() {
  const board = new ClockBoard(counting, () => 2)
  const say = (partition: number, takenTo: number, caughtUp = false) =>
    board.post({ stage: 'spread', partition, clock: 0, takenTo, caughtUp }, performance.now())
  return { board, say, pace: new Pace(board, counting, () => 2, SLACK_MS) }
}

test('a process that has every partition waits for nobody, not for its own commit either', () => {
  const { pace, say } = world()
  say(0, 5)
  expect(pace.limitMs([slot({ partition: 0 }), slot({ partition: 1 })])).toBe(Number.POSITIVE_INFINITY)
})

test('nothing is taken that was written more than the slack after where another partition stands', () => {
  const { pace, say } = world()
  const here = [slot({ partition: 0 })]
  expect(pace.limitMs(here)).toBe(SLACK_MS) // nobody has said anything of the other one
  say(1, 5_000)
  expect(pace.limitMs(here)).toBe(6_000)
})

test('one that is at its end is waited for only once its owner has fallen silent', () => {
  const { pace, say } = world()
  say(1, 5_000, true)
  expect(pace.limitMs([slot({ partition: 0 })])).toBe(Number.POSITIVE_INFINITY)
  vi.advanceTimersByTime(3_000)
  expect(pace.limitMs([slot({ partition: 0 })])).toBe(6_000)
})

test('what was said before this process listened is no sign that the owner is still at the end', () => {
  const { board, pace } = world()
  board.post({ stage: 'spread', partition: 1, clock: 0, takenTo: 5_000, caughtUp: true })
  expect(pace.limitMs([slot({ partition: 0 })])).toBe(6_000)
})

test('a partition that is still restored here counts by what was last said of it', () => {
  const { pace, say } = world()
  say(1, 5_000)
  const wait = new TurnWait(pace)
  const slots = [slot({ partition: 0 }), slot({ partition: 1, phase: 'restoring' })]
  expect(wait.among(slots)).toEqual({ slots: slots.slice(0, 1), limitMs: 6_000 })
})

test('a partition that stands still for a minute is waited for no longer, until it moves again', () => {
  const { pace, say } = world()
  say(1, 5_000)
  const wait = new TurnWait(pace)
  const here = [slot({ partition: 0, headMs: 9_000 })]
  const look = () => {
    const { slots, limitMs } = wait.among(here)
    const isStuck = limitMs < 9_000
    wait.after(slots, isStuck, false, 0)
    return limitMs
  }
  for (let second = 0; second <= 59; second++) {
    expect(look()).toBe(6_000)
    vi.advanceTimersByTime(1_000)
  }
  vi.advanceTimersByTime(1_000)
  look()
  expect(look()).toBe(Number.POSITIVE_INFINITY)
  say(1, 5_500)
  expect(look()).toBe(6_500)
})

test('one that gives nothing though it has records is waited for ten seconds, until it gives something', () => {
  const wait = new TurnWait(world().pace)
  const silent = slot({ partition: 1, isAtEnd: false })
  const slots = [slot({ partition: 0, headMs: 9_000 }), silent]
  const look = () => {
    wait.among(slots)
    wait.after(slots, silent.isAwaited, false, 0)
  }
  look()
  vi.advanceTimersByTime(10_000)
  look()
  expect(silent.isAwaited).toBe(true)
  vi.advanceTimersByTime(1)
  look()
  expect(slots.map(({ isAwaited }) => isAwaited)).toEqual([true, false])
})

test('a task says at once that it has come a quarter of the slack further, where others may wait for it', () => {
  const { pace } = world()
  const far = slot({ partition: 0, takenToMs: 250 })
  const both = [far, slot({ partition: 1 })]
  pace.limitMs(both)
  expect(pace.owes(far)).toBe(false)
  pace.limitMs(both.slice(0, 1))
  expect(pace.owes(far)).toBe(true)
  expect(pace.owes(slot({ partition: 0, takenToMs: 249 }))).toBe(false)
  const fed = { task: { stage: minutes, partition: 0 }, takenToMs: 999, published: { takenToMs: 0 } }
  expect(pace.owes(fed as unknown as TaskSlot)).toBe(false)
})
