import { beforeEach, expect, test } from 'vitest'
import { FloodPace } from './flood-pace.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const wallMs = Date.UTC(2026, 1, 12, 12)
const ago = (ms: number): number => wallMs - ms

let steadyMs: number
let pace: FloodPace
beforeEach(() => {
  steadyMs = 5_000
  pace = new FloodPace({ nowMs: () => wallMs, steadyMs: () => steadyMs })
})

/** How long it takes until the uplink may be written, ms, in steps of ten. */
function waitFor(recordedAtMs: number): number {
  const startMs = steadyMs
  while (!pace.opens(recordedAtMs)) steadyMs += 10
  return steadyMs - startMs
}

test('what is measured now waits for nothing, in any order', () => {
  for (const ms of [0, 30_000, 59_999, 1]) expect(pace.opens(ago(ms))).toBe(true)
})

test('ten hours of uplinks take ten seconds, but for the first quarter of an hour', () => {
  const uplinks = Array.from({ length: 601 }, (_, minute) => ago(12 * HOUR_MS - minute * MINUTE_MS))
  const waits = uplinks.map(waitFor)
  expect(waits.slice(0, 15).every((ms) => ms === 0)).toBe(true)
  expect(steadyMs - 5_000).toBeGreaterThanOrEqual(9_750)
  expect(steadyMs - 5_000).toBeLessThanOrEqual(10_000)
})

test('what is older than one before waits for nothing', () => {
  expect(waitFor(ago(5 * HOUR_MS))).toBe(0)
  for (const ms of [6, 7, 8]) expect(waitFor(ago(ms * HOUR_MS))).toBe(0)
})

test('a gap of days takes two seconds, in which what comes slowly may have been under way', () => {
  expect(waitFor(ago(90 * HOUR_MS))).toBe(0)
  expect(waitFor(ago(40 * HOUR_MS))).toBe(1_750)
  steadyMs += 900
  expect(waitFor(ago(39 * HOUR_MS))).toBe(100)
})

test('after a second without any, the next flood begins where it begins', () => {
  expect(waitFor(ago(10 * HOUR_MS))).toBe(0)
  steadyMs += 1_001
  expect(waitFor(ago(2 * HOUR_MS))).toBe(0)
  expect(waitFor(ago(HOUR_MS))).toBe(750)
})

test('a turn is over once the pace allows it', async () => {
  const real = new FloodPace()
  const now = Date.now()
  const startMs = performance.now()
  await real.turn(now - 3 * HOUR_MS)
  await real.turn(now - 2.5 * HOUR_MS)
  expect(performance.now() - startMs).toBeGreaterThan(240)
})
