import { expect, test } from 'vitest'
import { nextRun } from './schedule.ts'

test.each([
  ['0 2 * * 0', '2026-11-21T14:00:00Z', '2026-11-22T02:00:00.000Z'],
  ['0 2 * * 0', '2026-11-22T02:00:00Z', '2026-11-29T02:00:00.000Z'],
  ['0 3 1 * *', '2026-11-21T14:00:00Z', '2026-12-01T03:00:00.000Z'],
  ['0 2 * * *', '2026-12-31T23:59:59Z', '2027-01-01T02:00:00.000Z'],
  ['*/15 * * * *', '2026-03-29T00:59:00Z', '2026-03-29T01:00:00.000Z'],
])('%s after %s is %s', (schedule, after, next) => {
  expect(nextRun(schedule, new Date(after)).toISOString()).toBe(next)
})

test('what is no schedule is refused', () => {
  expect(() => nextRun('every day', new Date())).toThrow()
  expect(() => nextRun('0 0 31 2 *', new Date())).toThrow('never comes')
})
