// semantics.md, "Units and time".
import { expect, test } from 'vitest'
import { at, door, ms, reading, rule, seen } from '../../processors/testing/scenario.ts'
import { fridge, heard, hours, valuesOf, windowsOf } from './judged-twice.ts'

const instant = (iso: string) => new Date(iso).toISOString()

test('Instants are UTC milliseconds.', () => {
  const log = [
    reading('10:00', 9, { recordedAt: ms('10:00') + 1 }),
    reading('10:00', 5, { recordedAt: '2026-06-15T12:00:00.003+02:00', receivedAt: at('10:01') }),
  ]
  expect(valuesOf('excursions', { rules: [fridge()], log })).toMatchObject([
    { startedAt: '2026-06-15T10:00:00.001Z', endedAt: '2026-06-15T10:00:00.003Z', durationSeconds: 0.002 },
  ])
})

test('Hours, days, ISO weeks (from Monday), months, schedules and daily budgets are cut in the', () => {
  // Sunday 14 June 20:00 UTC is Monday 01:30 in Kolkata (+05:30).
  const log = [reading('14 20:00', 9)]
  const kolkata = { timeZone: 'Asia/Kolkata', rules: [fridge({ delayMinutes: 0 })], log, asOf: '14 21:00' }
  expect(windowsOf('hour', kolkata).map(({ start }) => start)).toEqual([at('14 19:30'), at('14 20:30')])
  expect(windowsOf('day', kolkata)).toMatchObject([{ start: at('14 18:30'), end: at('15 18:30') }])
  expect(windowsOf('week', kolkata)).toMatchObject([{ start: at('14 18:30'), end: at('21 18:30') }])
  expect(windowsOf('month', kolkata)).toMatchObject([
    { start: instant('2026-05-31T18:30Z'), end: at('30 18:30') },
  ])
  const mondays = fridge({ schedule: { days: [1], startHour: 2, endHour: 3 } })
  expect(valuesOf('alerts', { ...kolkata, rules: [mondays] })).toMatchObject([
    { triggeredAt: at('14 20:30') },
  ])
  // The budget of 30 min: 15 are used before the local midnight of 18:30 UTC, then there are 30 anew.
  const masked = fridge({ excursionConfirmMinutesDoorOpen: 90, doorOpenMaxMaskMinutesPerDay: 30 })
  const open = [door('14 18:15', true), reading('14 18:20', 9)]
  expect(valuesOf('excursions', { ...kolkata, rules: [masked], log: open })).toMatchObject([
    { confirmedAt: at('14 19:00') },
  ])
})

test('A day starts at the first instant of its local date, and has 23, 24, 25 or 23.5 hours;', () => {
  const spans = (timeZone: string, from: string, asOf: string) => {
    const log = [
      reading('10:00', 5, { recordedAt: instant(from), receivedAt: instant(from) }),
      reading('10:00', 5, { recordedAt: instant(asOf), receivedAt: instant(asOf) }),
    ]
    const scenario = { timeZone, rules: [rule({}, '01 00:00')], log }
    const days = windowsOf('day', scenario).map(
      ({ start, end }) => (Date.parse(String(end)) - Date.parse(String(start))) / 3_600_000,
    )
    return { days: days.slice(0, -1), hours: hours(scenario) }
  }
  const spring = spans('Europe/Berlin', '2026-03-28T23:00Z', '2026-03-30T22:00Z')
  expect(spring.days).toEqual([23, 24])
  expect(spring.hours).toHaveLength(23 + 24 + 1)
  // 02:00 to 03:00 comes twice: 25 windows of an hour each.
  const autumn = spans('Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T23:00Z')
  expect(autumn.days).toEqual([25])
  expect(autumn.hours).toHaveLength(25 + 1)
  // Lord Howe goes on by half an hour: 23.5 hours, one of which has 30 minutes.
  const howe = spans('Australia/Lord_Howe', '2026-10-03T13:30Z', '2026-10-04T13:00Z')
  expect(howe.days).toEqual([23.5])
  expect(howe.hours.filter(({ knownSeconds }) => knownSeconds === 1800)).toHaveLength(1)
  // In Beirut midnight is skipped: the day begins at 01:00 local, 22:00 UTC.
  const beirut = spans('Asia/Beirut', '2026-03-28T22:00Z', '2026-03-29T21:00Z')
  expect(beirut.days).toEqual([23])
})

test('`recordedAt` is event time, the measuring instant.', () => {
  const log = [
    reading('10:00', 9, { receivedAt: at('11:59') }),
    reading('10:10', 5, { receivedAt: at('12:00') }),
  ]
  expect(valuesOf('excursions', { rules: [fridge()], log })).toMatchObject([
    { startedAt: at('10:00'), endedAt: at('10:10') },
  ])
})

test("for history that a sensor replays, the sample's own time.", () => {
  const log = [
    seen('11:00', { sessionKeyId: 's', fCnt: 7 }),
    reading('10:00', 9, { receivedAt: at('11:00'), history: true, sessionKeyId: 's', fCnt: 7 }),
    reading('10:20', 5, { receivedAt: at('11:00'), history: true, sessionKeyId: 's', fCnt: 7 }),
  ]
  expect(valuesOf('excursions', { rules: [fridge()], log })).toMatchObject([
    { startedAt: at('10:00'), confirmedAt: at('10:15'), endedAt: at('10:20') },
  ])
})

test('A sample whose `recordedAt` is more than 10 min after its `receivedAt`, or older than the', () => {
  const log = [
    reading('10:10', 5, { receivedAt: at('10:00') }),
    reading('10:11', 9, { receivedAt: new Date(ms('10:01') - 1).toISOString() }),
    reading('10:00', 9, { recordedAt: instant('2026-05-15T11:59:59.999Z'), receivedAt: at('12:00') }),
    reading('10:00', 4, { recordedAt: instant('2026-05-15T12:00Z'), receivedAt: at('12:00') }),
  ]
  const scenario = { rules: [{ ...fridge(heard), validFrom: 0 }], log, retentionMonths: 1 }
  expect(valuesOf('quarantine', scenario).map(({ reason, recordedAt }) => [reason, recordedAt])).toEqual([
    ['clock', instant('2026-05-15T11:59:59.999Z')],
    ['clock', at('10:11')],
  ])
  expect(hours(scenario).map(({ start, max }) => [start, max])).toEqual([
    [instant('2026-05-15T12:00Z'), 4],
    [at('10:00'), 5],
  ])
})
