import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowRefused } from './copy-binary.ts'
import { MonthSet, monthOf, monthStart, monthTable } from './partitions.ts'

test('a month runs from its first instant to the last millisecond before the next, in UTC', () => {
  const february = monthOf(Date.parse('2026-02-01T00:00:00.000Z'))
  expect(monthOf(Date.parse('2026-01-31T23:59:59.999Z'))).toBe(february - 1)
  expect(monthOf(Date.parse('2026-02-28T23:59:59.999Z'))).toBe(february)
  expect(monthOf(Date.parse('2026-03-01T00:00:00.000Z'))).toBe(february + 1)
  expect(monthTable(february)).toBe('sensor_readings_y2026m02')
  expect([monthStart(february), monthStart(february + 11)]).toEqual([
    '2026-02-01 00:00:00+00',
    '2027-01-01 00:00:00+00',
  ])
})

test('every instant lies between the first instants of its month and of the next', () => {
  const time = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) - 1 })
  fc.assert(
    fc.property(time, (ms) => {
      const month = monthOf(ms)
      expect(Date.parse(`${monthStart(month).replace(' ', 'T')}:00`)).toBeLessThanOrEqual(ms)
      expect(Date.parse(`${monthStart(month + 1).replace(' ', 'T')}:00`)).toBeGreaterThan(ms)
    }),
  )
})

test('a set holds the months of all instants, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 })), (times) => {
      const set = new MonthSet()
      for (const ms of times) set.add(ms)
      expect(set.months).toEqual(new Set(times.map(monthOf)))
    }),
  )
})

test('a year that no sensor lives in is refused, so that a fault makes no thousand tables', () => {
  expect(() => monthOf(Date.UTC(1969, 11, 31))).toThrow(RowRefused)
  expect(() => monthOf(8.64e15)).toThrow(RowRefused)
})
