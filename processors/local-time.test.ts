import { expect, test } from 'vitest'
import { HOUR_MS, type LocalTime, localTime, type Span } from './local-time.ts'

const at = (iso: string): number => Date.parse(iso)
const text = ({ startMs, endMs }: Span): [string, string] => [
  new Date(startMs).toISOString().slice(0, 16),
  new Date(endMs).toISOString().slice(0, 16),
]
const hoursOf = ({ startMs, endMs }: Span): number => (endMs - startMs) / HOUR_MS

/** The starts of the hours of a day and their lengths in minutes. */
function hours(zone: LocalTime, ms: number): number[] {
  const day = zone.dayAt(ms)
  const lengths: number[] = []
  for (let startMs = day.startMs; startMs < day.endMs; ) {
    const hour = zone.hourAt(startMs)
    expect(hour.startMs).toBe(startMs)
    expect(zone.hourAt(hour.endMs - 1)).toEqual(hour)
    lengths.push((hour.endMs - hour.startMs) / 60_000)
    startMs = hour.endMs
  }
  return lengths
}

test('a day has 23, 24 or 25 hours', () => {
  const berlin = localTime('Europe/Berlin')
  expect(hoursOf(berlin.dayAt(at('2026-03-29T12:00:00Z')))).toBe(23)
  expect(hoursOf(berlin.dayAt(at('2026-03-30T12:00:00Z')))).toBe(24)
  expect(hoursOf(berlin.dayAt(at('2026-10-25T12:00:00Z')))).toBe(25)
  expect(hours(berlin, at('2026-03-29T12:00:00Z'))).toEqual(Array(23).fill(60))
})

test('a repeated hour gives two', () => {
  const berlin = localTime('Europe/Berlin')
  expect(hours(berlin, at('2026-10-25T12:00:00Z'))).toEqual(Array(25).fill(60))
  expect(text(berlin.hourAt(at('2026-10-25T00:30:00Z')))).toEqual(['2026-10-25T00:00', '2026-10-25T01:00'])
  expect(text(berlin.hourAt(at('2026-10-25T01:30:00Z')))).toEqual(['2026-10-25T01:00', '2026-10-25T02:00'])
})

test('Lord Howe: a half-hour change cuts one, and days have 23.5 and 24.5 hours', () => {
  const zone = localTime('Australia/Lord_Howe')
  const spring = hours(zone, at('2026-10-04T02:00:00Z'))
  expect(spring).toEqual([60, 60, 30, ...Array(21).fill(60)])
  const autumn = hours(zone, at('2026-04-05T02:00:00Z'))
  expect(autumn).toEqual([60, 60, 30, ...Array(22).fill(60)])
  expect(hoursOf(zone.dayAt(at('2026-10-04T02:00:00Z')))).toBe(23.5)
  expect(hoursOf(zone.dayAt(at('2026-04-05T02:00:00Z')))).toBe(24.5)
})

test('zones off the full hour cut at their own wall clock', () => {
  expect(text(localTime('Asia/Kathmandu').hourAt(at('2026-01-01T10:20:00Z')))).toEqual([
    '2026-01-01T10:15',
    '2026-01-01T11:15',
  ])
  // Chatham goes from 2:45 to 3:45: the hour of 2 keeps 45 minutes, that of 3 has 15.
  expect(hours(localTime('Pacific/Chatham'), at('2026-09-27T00:00:00Z')).slice(0, 5)).toEqual([
    60, 60, 45, 15, 60,
  ])
})

test('a day may start at 01:00: Beirut, where midnight is skipped', () => {
  const day = localTime('Asia/Beirut').dayAt(at('2026-03-29T12:00:00Z'))
  expect(text(day)).toEqual(['2026-03-28T22:00', '2026-03-29T21:00'])
  expect(hoursOf(day)).toBe(23)
})

test('a clock that goes back at midnight repeats an hour of the day before: Santiago', () => {
  const zone = localTime('America/Santiago')
  const day = zone.dayAt(at('2026-04-04T16:00:00Z'))
  expect(hoursOf(day)).toBe(25)
  expect(text(day)).toEqual(['2026-04-04T03:00', '2026-04-05T04:00'])
})

test('a clock that goes back over midnight does not start its date twice: St John’s 2010', () => {
  const zone = localTime('America/St_Johns')
  // At 00:01 on the 7th the clock went back to 23:01 on the 6th. The 7th began at its first 00:00.
  const seventh = zone.dayAt(at('2010-11-07T12:00:00Z'))
  expect(text(seventh)).toEqual(['2010-11-07T02:30', '2010-11-08T03:30'])
  expect(zone.dayAt(at('2010-11-07T02:45:00Z'))).toEqual(seventh)
  expect(zone.dayAt(at('2010-11-07T02:29:00Z')).endMs).toBe(seventh.startMs)
})

test('a skipped date has no day: Apia had no 30 December 2011', () => {
  const zone = localTime('Pacific/Apia')
  const before = zone.dayAt(at('2011-12-30T09:00:00Z'))
  const after = zone.dayAt(at('2011-12-30T11:00:00Z'))
  expect(text(before)).toEqual(['2011-12-29T10:00', '2011-12-30T10:00'])
  expect(text(after)).toEqual(['2011-12-30T10:00', '2011-12-31T10:00'])
  expect(hoursOf(zone.weekAt(at('2011-12-30T11:00:00Z')))).toBe(6 * 24)
})

test('weeks are ISO weeks from Monday, months calendar months, both by local days', () => {
  const zone = localTime('America/New_York')
  expect(text(zone.weekAt(at('2026-02-02T04:59:00Z')))).toEqual(['2026-01-26T05:00', '2026-02-02T05:00'])
  expect(text(zone.weekAt(at('2026-02-02T05:00:00Z')))).toEqual(['2026-02-02T05:00', '2026-02-09T05:00'])
  expect(text(zone.monthAt(at('2026-03-15T00:00:00Z')))).toEqual(['2026-03-01T05:00', '2026-04-01T04:00'])
})

test('a change at midnight UTC, where changes are looked for, is found to the millisecond: Baghdad 2007', () => {
  const zone = localTime('Asia/Baghdad')
  const changeMs = at('2007-04-01T00:00:00Z')
  expect(zone.offsetSpanAt(changeMs - 1)).toMatchObject({ endMs: changeMs, offsetMs: 3 * HOUR_MS })
  expect(zone.offsetSpanAt(changeMs)).toMatchObject({ startMs: changeMs, offsetMs: 4 * HOUR_MS })
})

test('a change on the last day of a chunk of 256 days is found: Asunción 2019', () => {
  const zone = localTime('America/Asuncion')
  const changeMs = at('2019-10-06T04:00:00Z')
  expect(zone.offsetSpanAt(changeMs - 1)).toMatchObject({ endMs: changeMs, offsetMs: -4 * HOUR_MS })
  expect(zone.offsetSpanAt(changeMs)).toMatchObject({ startMs: changeMs, offsetMs: -3 * HOUR_MS })
})

test('an hour goes on over the border of a chunk: Kolkata, where it lies at half past five', () => {
  const zone = localTime('Asia/Kolkata')
  const borderMs = at('2026-01-27T00:00:00Z')
  expect(zone.offsetSpanAt(borderMs).startMs).toBe(borderMs)
  const hour = ['2026-01-26T23:30', '2026-01-27T00:30']
  expect(text(zone.hourAt(borderMs - 1))).toEqual(hour)
  expect(text(zone.hourAt(borderMs))).toEqual(hour)
})

test('instants before 1970, and years before Christ, have their days as well', () => {
  // From 1968 to 1971 London kept an hour more all year.
  expect(text(localTime('Europe/London').dayAt(at('1960-01-15T12:00:00Z')))).toEqual([
    '1960-01-15T00:00',
    '1960-01-16T00:00',
  ])
  const noonMs = at('-000043-03-15T12:00:00Z')
  const zone = localTime('Etc/GMT-1')
  expect(zone.offsetSpanAt(noonMs).offsetMs).toBe(HOUR_MS)
  const ides = zone.dayAt(noonMs)
  expect([noonMs - ides.startMs, ides.endMs - noonMs]).toEqual([13 * HOUR_MS, 11 * HOUR_MS])
})

/** One zone of seven; COLDSTREAM_ZONES=all takes each. */
const zonesApart = process.env.COLDSTREAM_ZONES === 'all' ? 1 : 7

test('in every zone each span holds its instant, and the next begins where it ends', {
  timeout: 60_000,
}, () => {
  const zones = Intl.supportedValuesOf('timeZone')
  for (let i = 0; i < zones.length; i += zonesApart) {
    const zone = localTime(zones[i] ?? 'UTC')
    for (let ms = at('2023-01-01T00:17:00Z'); ms < at('2024-02-01T00:00:00Z'); ms += 11 * 24.37 * HOUR_MS) {
      for (const cut of [zone.hourAt, zone.dayAt, zone.weekAt, zone.monthAt]) {
        const span = cut(ms)
        expect(span.startMs <= ms && ms < span.endMs).toBe(true)
        expect(cut(span.endMs).startMs).toBe(span.endMs)
        expect(cut(span.startMs)).toEqual(span)
      }
    }
  }
})

test('a name that is no zone is refused', () => {
  expect(() => localTime('Europe/Atlantis')).toThrow(RangeError)
})
