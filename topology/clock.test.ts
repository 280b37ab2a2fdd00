import { expect, test } from 'vitest'
import { TaskClock } from './clock.ts'
import { ClockBoard } from './clock-board.ts'
import { counting } from './testing/counting.ts'

const [first, second] = counting.stages

test('an event moves the clock to just before it, never back, and never past the wall clock', () => {
  const clock = new TaskClock()
  clock.sawEvent(1_000, 5_000)
  expect(clock.ms).toBe(999)
  clock.sawEvent(500, 5_000)
  expect(clock.ms).toBe(999)
  clock.sawEvent(600_000, 5_000)
  expect(clock.ms).toBe(5_000)
})

test('a mark waits until the stream has been read up to it', () => {
  const clock = new TaskClock()
  clock.mark(1_000, 10)
  clock.readTo(9)
  expect(clock).toMatchObject({ ms: 0, caughtUp: false, lag: 1 })
  clock.readTo(10)
  expect(clock).toMatchObject({ ms: 1_000, caughtUp: true, lag: 0 })
})

test('while the task is behind, marks queue up and pass one after the other', () => {
  const clock = new TaskClock()
  clock.mark(1_000, 10)
  clock.mark(2_000, 20)
  clock.readTo(15)
  expect(clock.ms).toBe(1_000)
  clock.readTo(20)
  expect(clock.ms).toBe(2_000)
})

test('a partition where nothing arrives follows the marks at once', () => {
  const clock = new TaskClock()
  for (const ms of [1_000, 2_000, 3_000]) clock.mark(ms, 0)
  expect(clock.ms).toBe(3_000)
})

test('it begins where it was left, and an older mark does not set it back', () => {
  const clock = new TaskClock(5_000)
  clock.mark(4_000, 0)
  expect(clock.ms).toBe(5_000)
})

test('the queue of marks is bounded, and the clock still arrives', () => {
  const clock = new TaskClock()
  for (let i = 1; i <= 5_000; i++) clock.mark(i, i)
  clock.readTo(5_000)
  clock.mark(5_001, 5_000)
  expect(clock.ms).toBe(5_001)
})

test('a stage that another feeds has the lowest of its clocks, and none before all have reported', () => {
  const board = new ClockBoard(counting, () => 2)
  const post = (partition: number, clock: number) =>
    board.post({ stage: 'spread', partition, clock, takenTo: 0, caughtUp: true })
  post(0, 3_000)
  expect(board.markFor(second!, 'wall', 9_000)).toBe(0)
  post(1, 2_000)
  expect(board.markFor(second!, 'wall', 9_000)).toBe(2_000)
  post(1, 1_000)
  expect(board.markFor(second!, 'wall', 9_000)).toBe(2_000)
})

test('a source goes by the wall clock, or in a replay by the highest event time of all sources', () => {
  const board = new ClockBoard(counting, () => 2)
  board.post({ stage: 'spread', partition: 0, clock: 3_000, takenTo: 0, caughtUp: true })
  expect(board.markFor(first!, 'wall', 9_000)).toBe(9_000)
  expect(board.markFor(first!, 'events', 9_000)).toBe(3_000)
})
