import { expect, test } from 'vitest'
import { DateTime, parseId, parseInstant } from './scalars.ts'

test.each([
  ['2026-02-01T08:30:00.000Z', '2026-02-01T08:30:00.000Z'],
  ['2026-02-01T09:30:00+01:00', '2026-02-01T08:30:00.000Z'],
  ['2026-02-01T09:30-05:30', '2026-02-01T15:00:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
])('%s is the instant %s', (text, instant) => {
  expect(parseInstant(text).toISOString()).toBe(instant)
})

test.each([
  '2026-02-01',
  '2026-02-01T08:30:00',
  '2026-02-01 08:30:00Z',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-02-01T25:00:00Z',
  '1769934600000',
  '',
  1_769_934_600_000,
  null,
])('%j is refused, and the message says what to give', (value) => {
  expect(() => parseInstant(value)).toThrow(/is not an instant: give ISO 8601 with an offset, such as/)
})

test('an instant is answered in UTC with milliseconds', () => {
  expect(DateTime.serialize(new Date(1_769_934_600_007))).toBe('2026-02-01T08:30:00.007Z')
})

test('an id is a UUID, in either case', () => {
  expect(parseId('5B2E6D3A-0000-5000-8000-0123456789AB')).toBe('5b2e6d3a-0000-5000-8000-0123456789ab')
  expect(() => parseId("' or 1=1 --")).toThrow('is not an id')
})
