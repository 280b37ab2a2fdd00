import { expect, test } from 'vitest'
import type { TaskSlot } from './task-slot.ts'
import { nextTurn } from './turns.ts'

type Seen = {
  headMs: number | null
  isAtEnd?: boolean
  writtenMs?: number
  isAwaited?: boolean
  blockedUntilMs?: number
}

const slot = ({
  headMs,
  isAtEnd = false,
  writtenMs = 0,
  isAwaited = true,
  blockedUntilMs = 0,
}: Seen): TaskSlot =>
  ({ headMs, isAtEnd, isAwaited, blockedUntilMs, task: { writtenMs } }) as unknown as TaskSlot

test('what was written first is taken first, up to where another slot has something older', () => {
  const [late, early, middle] = [slot({ headMs: 300 }), slot({ headMs: 100 }), slot({ headMs: 200 })]
  expect(nextTurn([late, early, middle], 0)).toEqual({ slot: early, untilMs: 200 })
})

test('a slot alone takes everything', () => {
  const only = slot({ headMs: 100 })
  expect(nextTurn([only], 0)).toEqual({ slot: only, untilMs: Number.POSITIVE_INFINITY })
})

test('a slot that is behind but has nothing here is waited for, from where it stands', () => {
  const behind = slot({ headMs: null, writtenMs: 50 })
  const ahead = slot({ headMs: 100 })
  expect(nextTurn([behind, ahead], 0)).toBeNull()
  expect(nextTurn([slot({ headMs: null, writtenMs: 150 }), ahead], 0)).toEqual({ slot: ahead, untilMs: 150 })
})

test('nobody waits for a slot at its end, nor for one that was waited for too long', () => {
  const ahead = slot({ headMs: 100 })
  for (const idle of [slot({ headMs: null, isAtEnd: true }), slot({ headMs: null, isAwaited: false })])
    expect(nextTurn([idle, ahead], 0)).toEqual({ slot: ahead, untilMs: Number.POSITIVE_INFINITY })
})

test('a slot whose next record needs the registry has no turn until then, and is waited for', () => {
  const blocked = slot({ headMs: 10, blockedUntilMs: 1_000 })
  const other = slot({ headMs: 100 })
  expect(nextTurn([blocked, other], 999)).toBeNull()
  expect(nextTurn([blocked, other], 1_000)).toEqual({ slot: blocked, untilMs: 100 })
})
