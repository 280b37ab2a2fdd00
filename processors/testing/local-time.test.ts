import { describe, expect, test } from 'vitest'
import { calendar, wallAt } from './local-time.ts'

type Granularity = 'hours' | 'days' | 'weeks' | 'months'

/** The windows that touch the range, as start and length in hours. */
function windows(timeZone: string, granularity: Granularity, from: string, to: string): [string, number][] {
  return calendar(timeZone, Date.parse(from), Date.parse(to))[granularity].map(({ startMs, endMs }) => [
    new Date(startMs).toISOString().replace(':00.000Z', 'Z'),
    (endMs - startMs) / 3_600_000,
  ])
}

describe('days', () => {
  test('have 23 and 25 hours where summer time begins and ends', () => {
    expect(windows('Europe/Berlin', 'days', '2026-03-29T00:00Z', '2026-03-29T00:00Z')).toEqual([
      ['2026-03-28T23:00Z', 23],
    ])
    expect(windows('Europe/Berlin', 'days', '2026-10-25T00:00Z', '2026-10-25T00:00Z')).toEqual([
      ['2026-10-24T22:00Z', 25],
    ])
  })

  test('have 23.5 and 24.5 hours on Lord Howe', () => {
    // +10:30 to +11 on 4 October, back on 5 April
    expect(windows('Australia/Lord_Howe', 'days', '2026-10-03T15:00Z', '2026-10-03T15:00Z')).toEqual([
      ['2026-10-03T13:30Z', 23.5],
    ])
    expect(windows('Australia/Lord_Howe', 'days', '2026-04-04T15:00Z', '2026-04-04T15:00Z')).toEqual([
      ['2026-04-04T13:00Z', 24.5],
    ])
  })

  test('begin at 01:00 where midnight is skipped', () => {
    // São Paulo goes from -3 to -2 at midnight: the 15th begins at 03:00 UTC, which is 01:00 there
    expect(windows('America/Sao_Paulo', 'days', '2017-10-15T12:00Z', '2017-10-15T12:00Z')).toEqual([
      ['2017-10-15T03:00Z', 23],
    ])
    expect(wallAt('America/Sao_Paulo', Date.parse('2017-10-15T03:00Z')).hour).toBe(1)
    // Cairo, from +2 to +3 at midnight of Friday 24 April
    expect(windows('Africa/Cairo', 'days', '2026-04-24T12:00Z', '2026-04-24T12:00Z')).toEqual([
      ['2026-04-23T22:00Z', 23],
    ])
    expect(windows('Asia/Beirut', 'days', '2026-03-29T12:00Z', '2026-03-29T12:00Z')).toEqual([
      ['2026-03-28T22:00Z', 23],
    ])
  })

  test('do not exist where the calendar skips them', () => {
    // Samoa: 29 December is followed by the 31st; the week has six days, the month thirty
    expect(windows('Pacific/Apia', 'days', '2011-12-30T09:00Z', '2011-12-30T11:00Z')).toEqual([
      ['2011-12-29T10:00Z', 24],
      ['2011-12-30T10:00Z', 24],
    ])
    expect(windows('Pacific/Apia', 'weeks', '2011-12-30T09:00Z', '2011-12-30T09:00Z')).toEqual([
      ['2011-12-26T10:00Z', 144],
    ])
    expect(windows('Pacific/Apia', 'months', '2011-12-30T09:00Z', '2011-12-30T09:00Z')).toEqual([
      ['2011-12-01T10:00Z', 720],
    ])
  })

  test('are not reopened by a clock that falls back over midnight', () => {
    // Newfoundland, 29 October 2006: at 00:01 (02:31 UTC) back to 23:01 of the 28th
    expect(windows('America/St_Johns', 'days', '2006-10-29T02:00Z', '2006-10-29T02:35Z')).toEqual([
      ['2006-10-28T02:30Z', 24],
      ['2006-10-29T02:30Z', 25],
    ])
  })
})

describe('hours', () => {
  test('follow the wall clock of zones off the hour', () => {
    expect(windows('Asia/Kolkata', 'hours', '2026-06-30T18:10Z', '2026-06-30T18:40Z')).toEqual([
      ['2026-06-30T17:30Z', 1],
      ['2026-06-30T18:30Z', 1],
    ])
  })

  test('are two where an hour is repeated', () => {
    expect(windows('Europe/Berlin', 'hours', '2026-10-25T00:30Z', '2026-10-25T01:30Z')).toEqual([
      ['2026-10-25T00:00Z', 1],
      ['2026-10-25T01:00Z', 1],
    ])
  })

  test('are cut by a half-hour change', () => {
    // forward from 02:00 to 02:30: the second hour is 02:30-03:00
    expect(windows('Australia/Lord_Howe', 'hours', '2026-10-03T15:00Z', '2026-10-03T16:10Z')).toEqual([
      ['2026-10-03T14:30Z', 1],
      ['2026-10-03T15:30Z', 0.5],
      ['2026-10-03T16:00Z', 1],
    ])
    // back from 02:00 to 01:30: 01:00-02:00, then 01:30-02:00 again
    expect(windows('Australia/Lord_Howe', 'hours', '2026-04-04T14:30Z', '2026-04-04T15:40Z')).toEqual([
      ['2026-04-04T14:00Z', 1],
      ['2026-04-04T15:00Z', 0.5],
      ['2026-04-04T15:30Z', 1],
    ])
  })
})

test('a zone that does not exist is named with what to do', () => {
  expect(() => wallAt('Europe/Bergen', 0)).toThrow('timeZone is Europe/Bergen; give an IANA name')
})

test('weeks are from Monday, and a weekday of the wall is 0 on Sunday', () => {
  expect(windows('UTC', 'weeks', '2026-06-21T23:59Z', '2026-06-21T23:59Z')).toEqual([
    ['2026-06-15T00:00Z', 168],
  ])
  expect(wallAt('UTC', Date.parse('2026-06-21T23:59Z'))).toMatchObject({ weekday: 0, hour: 23 })
  expect(wallAt('UTC', Date.parse('1969-12-31T05:00Z'))).toMatchObject({ weekday: 3, hour: 5, date: -1 })
})

test('windows are whole, ordered and without gaps over two years of every odd zone', () => {
  for (const timeZone of [
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Africa/Casablanca',
    'Pacific/Chatham',
    'Asia/Tehran',
  ]) {
    const from = Date.parse('2021-01-01T00:00Z')
    const windowsOf = calendar(timeZone, from, Date.parse('2023-01-01T00:00Z'))
    for (const list of Object.values(windowsOf)) {
      for (const [i, span] of list.entries()) expect(span.startMs).toBe(list[i - 1]?.endMs ?? span.startMs)
    }
    const hourStarts = new Set(windowsOf.hours.map((hour) => hour.startMs))
    const inside = windowsOf.days.filter((day) => day.startMs >= from)
    expect(inside.filter((day) => !hourStarts.has(day.startMs))).toEqual([])
    expect(inside.length).toBe(730)
  }
})
