// The wall clock is set by people and by NTP: what depends on how much of it has passed must not wait for it to come again.
import { expect, test } from 'vitest'
import type { TaskSlot } from '../task-slot.ts'
import { owesWord } from '../transaction.ts'

const HOUR_MS = 3_600_000
const saidMs = Date.parse('2026-02-01T10:00:00Z')
const slot = {
  published: { clockMs: 1, takenToMs: 0, atMs: saidMs },
  takenToMs: 0,
  clock: { ms: 2 },
} as TaskSlot

test.each([
  ['half a second later', 500, true],
  ['a moment later', 100, false],
  ['after the wall clock was set back by an hour', -HOUR_MS, true],
  ['after it was set ahead by an hour', HOUR_MS, true],
])('%s a task says its clock to the others: %s ms, %s', (_, passedMs, owes) => {
  expect(owesWord(slot, true, saidMs + passedMs)).toBe(owes)
})
