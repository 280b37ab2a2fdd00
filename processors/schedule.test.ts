import { expect, test } from 'vitest'
import { localTime } from './local-time.ts'
import { nextInSchedule } from './schedule.ts'

const berlin = localTime('Europe/Berlin')
const next = (days: number[], startHour: number, endHour: number, iso: string): string | number => {
  const ms = nextInSchedule({ days, startHour, endHour }, berlin, Date.parse(iso))
  return Number.isFinite(ms) ? new Date(ms).toISOString() : ms
}
const everyDay = [0, 1, 2, 3, 4, 5, 6]

test('inside the schedule the instant stands; the end hour is outside', () => {
  // 2026-02-02 is a Monday; Berlin is an hour ahead.
  expect(next([1], 8, 18, '2026-02-02T07:00:00Z')).toBe('2026-02-02T07:00:00.000Z')
  expect(next([1], 8, 18, '2026-02-02T16:59:59.999Z')).toBe('2026-02-02T16:59:59.999Z')
  expect(next([1], 8, 18, '2026-02-02T17:00:00Z')).toBe('2026-02-09T07:00:00.000Z')
  expect(next([1], 8.5, 18, '2026-02-02T07:00:00Z')).toBe('2026-02-02T07:30:00.000Z')
})

test('days are local: Sunday night in UTC may be Monday already', () => {
  expect(next([1], 0, 24, '2026-02-01T23:30:00Z')).toBe('2026-02-01T23:30:00.000Z')
})

test('at or below the start the end is on the next day, and the span belongs to the day on which it starts', () => {
  expect(next([5], 22, 6, '2026-02-07T04:59:00Z')).toBe('2026-02-07T04:59:00.000Z')
  expect(next([5], 22, 6, '2026-02-07T05:00:00Z')).toBe('2026-02-13T21:00:00.000Z')
  expect(next([5], 6, 6, '2026-02-07T04:59:00Z')).toBe('2026-02-07T04:59:00.000Z')
})

test('a start that the clock skips is at the change; a repeated hour is inside twice', () => {
  expect(next([0], 2.5, 4, '2026-03-29T00:00:00Z')).toBe('2026-03-29T01:00:00.000Z')
  expect(next(everyDay, 1, 2.5, '2026-10-25T00:30:00Z')).toBe('2026-10-25T01:00:00.000Z')
})

test('hours that the clock skips whole are none: it opens on the next day that has them', () => {
  expect(next(everyDay, 2, 2.5, '2026-03-29T00:30:00Z')).toBe('2026-03-30T00:00:00.000Z')
})

test('without a schedule alerts may always open; without a day never', () => {
  expect(nextInSchedule(null, berlin, 5)).toBe(5)
  expect(next([], 0, 24, '2026-02-02T07:00:00Z')).toBe(Number.POSITIVE_INFINITY)
})
