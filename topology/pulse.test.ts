import { expect, test } from 'vitest'
import { TaskClock } from './clock.ts'
import { ClockBoard, type ClockMode } from './clock-board.ts'
import { Pulse } from './pulse.ts'
import type { TaskSlot } from './task-slot.ts'
import { counting } from './testing/counting.ts'

const [spread, minutes] = counting.stages
const NOON_MS = Date.parse('2026-02-02T12:00:00Z')

/** A process with one task; `pass` lets time go by, in which the loop turns. */
function world({ stage = spread!, mode = 'wall' as ClockMode } = {}) {
  let nowMs = 0
  const board = new ClockBoard(counting, () => 2)
  const pulse = new Pulse({ clock: mode, board, nowMs: () => NOON_MS + nowMs }, 0)
  const slot = {
    phase: 'running',
    clock: new TaskClock(NOON_MS),
    published: { atMs: 0 },
    task: { stage, partition: 1 },
  } as unknown as TaskSlot
  const pass = (seconds: number, isTurning = true) => {
    for (let i = 0; i < seconds; i++) {
      nowMs += 1_000
      if (isTurning) pulse.turned([slot], nowMs)
    }
    return pulse.troubles(nowMs)
  }
  const hear = () =>
    board.post({ stage: 'spread', partition: 0, clock: NOON_MS, takenTo: 0, caughtUp: true }, nowMs)
  pulse.turned([slot], 0)
  return { slot, pulse, pass, hear, nowMs: () => NOON_MS + nowMs }
}

test('a clock that follows the wall clock is no trouble', () => {
  const { slot, pass, nowMs } = world()
  for (let i = 0; i < 100; i++) {
    slot.clock.mark(nowMs(), 0)
    expect(pass(1)).toEqual([])
  }
})

test('a task that has read all there is, and whose clock stands still for half a minute, is named', () => {
  const { slot, pass, nowMs } = world()
  slot.clock.mark(NOON_MS, 0)
  expect(pass(30)).toEqual([])
  expect(pass(1)).toEqual([
    {
      stage: 'spread',
      partition: 1,
      reason: 'spread/1: its clock has stood still for 31 s, and it has read all there is.',
    },
  ])
  slot.clock.mark(nowMs(), 0)
  expect(pass(1)).toEqual([])
})

test('where the end of the stream was never told, that is the reason', () => {
  const [trouble] = world().pass(40)
  expect(trouble?.reason).toBe(
    'spread/1: its clock has stood still for 40 s: Kafka does not tell the end of its stream.',
  )
})

test('a task of a later stage says whom it waits for', () => {
  const { slot, pass, hear } = world({ stage: minutes! })
  slot.clock.mark(NOON_MS, 0)
  hear()
  const [trouble] = pass(31)
  expect(trouble?.reason).toMatch(/^minutes\/1: .* it waits for spread\/1, here or in another process\.$/)
})

test('a task that is behind, or is restored, or whose clock the wall clock has yet to reach, stands still rightly', () => {
  const behind = world()
  behind.slot.clock.mark(NOON_MS + 1_000, 10)
  expect(behind.pass(100)).toEqual([])
  const restoring = world()
  restoring.slot.phase = 'restoring'
  expect(restoring.pass(100)).toEqual([])
  const setBack = world()
  setBack.slot.clock.mark(NOON_MS + 3_600_000, 0)
  expect(setBack.pass(100)).toEqual([])
})

test('a replay stands still where its uplinks end', () => {
  expect(world({ mode: 'events' }).pass(100)).toEqual([])
})

test('a loop that does not turn is named with what it is at', () => {
  const { pulse, pass } = world({ mode: 'events' })
  pulse.at('committing')
  expect(pass(30, false)).toEqual([])
  expect(pass(1, false)).toEqual([
    { stage: null, partition: null, reason: 'The loop has been committing for 31 s.' },
  ])
  expect(pulse.loopStillMs(31_000)).toBe(31_000)
  expect(pass(1)).toEqual([])
})

test('whoever has spoken and hears nothing, not even its own word, is deaf', () => {
  const { slot, pulse, pass, hear } = world({ mode: 'events' })
  expect(pass(100)).toEqual([]) // it has said nothing yet
  slot.published.atMs = 1
  expect(pass(31)).toEqual([])
  const [trouble] = pass(1)
  expect(trouble?.reason).toMatch(/^Nothing was heard of any task's clock for 31 s/)
  expect(pulse.deafMs(161_000)).toBe(60_000)
  hear()
  expect(pass(1)).toEqual([])
})
