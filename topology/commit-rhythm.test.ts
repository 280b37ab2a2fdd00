import { expect, test } from 'vitest'
import { haveAll, isRipe, type OpenTransaction } from './commit-rhythm.ts'

const INTERVAL_MS = 100
const live: OpenTransaction = {
  openMs: 100,
  commitMs: 30,
  taken: 2,
  takenMax: 100_000,
  waiting: 3,
  isAwaited: false,
}

test('where nothing waits, a transaction ends after its interval', () => {
  expect(isRipe(live, INTERVAL_MS)).toBe(true)
  expect(isRipe({ ...live, openMs: 99 }, INTERVAL_MS)).toBe(false)
})

test('while more waits it goes on, for 4 s at most', () => {
  expect(isRipe({ ...live, waiting: 5_000 }, INTERVAL_MS)).toBe(false)
  expect(isRipe({ ...live, waiting: 5_000, openMs: 3_999 }, INTERVAL_MS)).toBe(false)
  expect(isRipe({ ...live, waiting: 5_000, openMs: 4_000 }, INTERVAL_MS)).toBe(true)
})

test('it takes records for as long as the last commit took, so that what waits is known again', () => {
  expect(isRipe({ ...live, openMs: 999, commitMs: 500 }, INTERVAL_MS)).toBe(false)
  expect(isRipe({ ...live, openMs: 1_000, commitMs: 500 }, INTERVAL_MS)).toBe(true)
})

test('a full one ends at once', () => {
  expect(isRipe({ ...live, taken: 100_000, openMs: 1, waiting: 5_000 }, INTERVAL_MS)).toBe(true)
})

test('one that others wait for ends after its interval', () => {
  expect(isRipe({ ...live, waiting: 5_000, isAwaited: true }, INTERVAL_MS)).toBe(true)
})

type Load = { uplinksPerSecond: number; keys: number; seconds: number; backlog?: number }

const STEP_MS = 10
const ROUND_TRIPS_MS = 40
const MS_A_RECORD = 0.04
const MS_A_KEY = 0.07

/** Each cycle's length, ms, in a process for which a record costs 40 µs, and a key 70 µs more a commit. */
function cyclesMs({ uplinksPerSecond, keys, seconds, backlog = 0 }: Load): number[] {
  const cycles: number[] = []
  let [nowMs, startedMs, commitMs, waiting, taken] = [0, 0, 0, backlog, 0]
  const pass = (ms: number) => {
    nowMs += ms
    waiting += (uplinksPerSecond * ms) / 1_000
  }
  while (nowMs < seconds * 1_000) {
    const some = Math.min(waiting, STEP_MS / MS_A_RECORD)
    waiting -= some
    taken += some
    pass(STEP_MS)
    const open = { openMs: nowMs - startedMs, commitMs, taken, takenMax: 200_000, waiting, isAwaited: false }
    if (!isRipe(open, INTERVAL_MS)) continue
    cycles.push(nowMs - startedMs)
    startedMs = nowMs
    commitMs = ROUND_TRIPS_MS + MS_A_KEY * keys * (1 - Math.exp(-taken / keys))
    pass(commitMs)
    taken = 0
  }
  return cycles
}

const settled = (cycles: readonly number[]): number[] => cycles.slice(Math.floor(cycles.length / 2))

const longest = (cycles: readonly number[]): number => Math.max(...cycles)

test('a fleet of sensors is committed every interval', () => {
  expect(longest(cyclesMs({ uplinksPerSecond: 17, keys: 10_000, seconds: 60 }))).toBeLessThan(110)
})

test('a load that is too much for that settles at the shortest cycle that carries it, and stays there', () => {
  const cycles = settled(cyclesMs({ uplinksPerSecond: 12_000, keys: 10_000, seconds: 120 }))
  expect(longest(cycles)).toBeLessThan(1_500)
  expect(Math.min(...cycles)).toBeGreaterThan(0.8 * longest(cycles))
})

test('a backlog leaves no trace in the cycles of the load that comes after it', () => {
  const load = { uplinksPerSecond: 6_000, keys: 10_000, seconds: 120 }
  const cycles = cyclesMs({ ...load, backlog: 200_000 })
  expect(cycles[0]).toBe(4_000)
  expect(longest(settled(cycles))).toBeLessThan(1.2 * longest(settled(cyclesMs(load))))
})

const slot = (lag: number, endAskedMs: number, takenRecords = 1) => ({
  endAskedMs,
  clock: { lag },
  task: { takenRecords },
})

test('stages that follow commit what was handed on to them once all of it has been taken', () => {
  expect(haveAll([slot(0, 1_001), slot(0, 1_001, 0)], 1_000)).toBe(true)
  expect(haveAll([slot(0, 1_001), slot(1, 1_001)], 1_000)).toBe(false)
})

test('how much that is, an end says that was asked for afterwards', () => {
  expect(haveAll([slot(0, 1_001), slot(0, 1_000)], 1_000)).toBe(false)
})

test('they do so once for each transaction that hands something on, and not for nothing', () => {
  expect(haveAll([slot(0, 1_001)], null)).toBe(false)
  expect(haveAll([slot(0, 1_001, 0)], 1_000)).toBe(false)
  expect(haveAll([], 1_000)).toBe(false)
})
