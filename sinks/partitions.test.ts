import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowRefused } from './copy-binary.ts'
import { eventsByDay, PeriodSet, periodStart, readingsByMonth } from './partitions.ts'

test('a month runs from its first instant to the last millisecond before the next, in UTC', () => {
  const { periodOf, nameOf } = readingsByMonth
  const february = periodOf(Date.parse('2026-02-01T00:00:00.000Z'))
  expect(periodOf(Date.parse('2026-01-31T23:59:59.999Z'))).toBe(february - 1)
  expect(periodOf(Date.parse('2026-02-28T23:59:59.999Z'))).toBe(february)
  expect(periodOf(Date.parse('2026-03-01T00:00:00.000Z'))).toBe(february + 1)
  expect(nameOf(february)).toBe('sensor_readings_y2026m02')
  expect([periodStart(readingsByMonth, february), periodStart(readingsByMonth, february + 11)]).toEqual([
    '2026-02-01T00:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ])
})

test('a day of events is named by its date in UTC', () => {
  const day = eventsByDay.periodOf(Date.parse('2026-02-28T23:59:59.999Z'))
  expect([eventsByDay.nameOf(day), eventsByDay.nameOf(day + 1)]).toEqual([
    'events_2026_02_28',
    'events_2026_03_01',
  ])
})

test.each([readingsByMonth, eventsByDay])('every instant lies in its $unit', (partitioning) => {
  const { periodOf, startMs } = partitioning
  const time = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) - 1 })
  fc.assert(
    fc.property(time, (ms) => {
      expect(startMs(periodOf(ms))).toBeLessThanOrEqual(ms)
      expect(startMs(periodOf(ms) + 1)).toBeGreaterThan(ms)
    }),
  )
})

test('a set holds the months of all instants, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 })), (times) => {
      const set = new PeriodSet(readingsByMonth)
      for (const ms of times) set.add(ms)
      expect(set.periods).toEqual(new Set(times.map(readingsByMonth.periodOf)))
    }),
  )
})

test('a year that no sensor lives in is refused, so that a fault makes no thousand tables', () => {
  expect(() => readingsByMonth.periodOf(Date.UTC(1969, 11, 31))).toThrow(RowRefused)
  expect(() => eventsByDay.periodOf(8.64e15)).toThrow(RowRefused)
})
