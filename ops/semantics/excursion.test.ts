// semantics.md, "Temperature excursion".
import { expect, test } from 'vitest'
import { at, door, reading } from '../../processors/testing/scenario.ts'
import { fridge, heard, valuesOf } from './judged-twice.ts'

const excursions = (scenario: Parameters<typeof valuesOf>[1]) => valuesOf('excursions', scenario)

test('In range is `tempMin ≤ t ≤ tempMax`; either limit may be absent.', () => {
  const log = [reading('10:00', 2), reading('10:10', 8), reading('10:20', 8.001), reading('10:30', 1.999)]
  expect(excursions({ rules: [fridge()], log })).toMatchObject([
    { direction: 'high', startedAt: at('10:20') },
    { direction: 'low', startedAt: at('10:30') },
  ])
  expect(excursions({ rules: [fridge({ tempMax: null })], log })).toMatchObject([{ direction: 'low' }])
  expect(excursions({ rules: [fridge({ tempMin: null })], log })).toMatchObject([{ direction: 'high' }])
  expect(excursions({ rules: [fridge({ tempMin: null, tempMax: null })], log })).toEqual([])
})

test('It starts at the first reading out of range, direction `high` or `low`, and ends at the first', () => {
  const log = [reading('10:00', 5), reading('10:07', 9), reading('10:11', 10), reading('10:13', 8)]
  expect(excursions({ rules: [fridge()], log })).toMatchObject([
    { direction: 'high', startedAt: at('10:07'), endedAt: at('10:13') },
  ])
})

test('A flip from high to low ends one and starts another at the same instant.', () => {
  const log = [reading('10:00', 9), reading('10:20', 1), reading('10:40', 9)]
  expect(excursions({ rules: [fridge()], log })).toMatchObject([
    { direction: 'high', startedAt: at('10:00'), endedAt: at('10:20') },
    { direction: 'low', startedAt: at('10:20'), endedAt: at('10:40'), confirmedAt: at('10:35') },
    { direction: 'high', startedAt: at('10:40'), endedAt: null },
  ])
})

test('Silence alone does not end it.', () => {
  const log = [reading('10:00', 9)]
  expect(excursions({ rules: [fridge(heard)], log, asOf: '20:00' })).toMatchObject([{ endedAt: null }])
})

test('It is *confirmed* at the first instant t with `t − startedAt ≥ C(t)`, where C is', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
  const at9 = reading('10:05', 9)
  const confirmed = (log: Parameters<typeof valuesOf>[1]['log'], more = {}) =>
    excursions({ rules: [{ ...rules[0]!, ...more }], log, asOf: '11:00' }).map((one) => one.confirmedAt)
  expect(confirmed([at9])).toEqual([at('10:20')])
  expect(confirmed([door('10:00', false), at9])).toEqual([at('10:20')])
  expect(confirmed([door('10:00', true), at9])).toEqual([at('10:45')])
  // The value must still hold: it lapses after 10 minutes.
  expect(confirmed([at9], { expectedReadingIntervalSeconds: 600 })).toEqual([null])
})

test("A timer's job: it waits for no next reading.", () => {
  const scenario = { rules: [fridge()], log: [reading('10:05', 9)] }
  expect(excursions({ ...scenario, asOf: '10:20' })).toMatchObject([{ confirmedAt: at('10:20') }])
  expect(excursions({ ...scenario, asOf: '10:19' })).toMatchObject([{ confirmedAt: null }])
})

test('A door that closes after the closed time has already passed confirms at that instant;', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
  const log = [door('10:00', true), reading('10:00', 9), door('10:22', false)]
  expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:22') }])
})

test('a door that opens never un-confirms;', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
  const log = [reading('10:00', 9), door('10:16', true)]
  expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:15') }])
})

test('an in-range reading at exactly the confirm instant wins.', () => {
  const log = [reading('10:00', 9), reading('10:15', 8)]
  expect(excursions({ rules: [fridge()], log, asOf: '11:00' })).toMatchObject([
    { confirmedAt: null, endedAt: at('10:15') },
  ])
})

test('Door-open minutes beyond `doorOpenMaxMaskMinutesPerDay` in the local day no longer mask: from that', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 120, doorOpenMaxMaskMinutesPerDay: 25 })]
  // 5 minutes are used by 09:05; of the other 20 the last ends at 10:20.
  const log = [door('09:00', true), door('09:05', false), door('10:00', true), reading('10:01', 9)]
  expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:20') }])
  // Also where the last millisecond of it is looked at by itself.
  const lastMs = reading('10:19:59.999', 9)
  expect(excursions({ rules, log: [...log, lastMs], asOf: '11:00' })).toMatchObject([
    { confirmedAt: at('10:20'), count: 2 },
  ])
})

test('Past `maxExcursionMinutes` a confirmed one is critical: `criticalAt = max(confirmedAt,', () => {
  const critical = (maxExcursionMinutes: number, log = [reading('10:00', 9)]) =>
    excursions({ rules: [fridge({ maxExcursionMinutes })], log, asOf: '12:00' }).map((one) => one.criticalAt)
  expect(critical(10)).toEqual([at('10:15')])
  expect(critical(15)).toEqual([at('10:15')])
  expect(critical(50)).toEqual([at('10:50')])
  expect(critical(50, [reading('10:00', 9), reading('10:50', 5)])).toEqual([null])
  expect(critical(5, [reading('10:00', 9), reading('10:14', 5)])).toEqual([null])
})

test('Recorded: start, confirmation, critical, end, direction, peak, min, max and count over its', () => {
  const log = [reading('10:00', 9), reading('10:10', 11), reading('11:00', 8.5), reading('11:05', 8)]
  // Known: 10 min at +1, 30 min at +3 (then unknown for 20), 5 min at +0.5.
  const rules = [fridge({ ...heard, maxExcursionMinutes: 60 })]
  expect(excursions({ rules, log })).toEqual([
    expect.objectContaining({
      startedAt: at('10:00'),
      confirmedAt: at('10:15'),
      criticalAt: at('11:00'),
      endedAt: at('11:05'),
      direction: 'high',
      peak: 11,
      min: 8.5,
      max: 11,
      count: 3,
      durationSeconds: 65 * 60,
      knownSeconds: 45 * 60,
      degreeMinutes: 10 + 90 + 2.5,
      hasUnknown: true,
    }),
  ])
  expect(excursions({ rules, log: log.slice(0, 2), asOf: '10:20' })).toMatchObject([
    { durationSeconds: 1200, knownSeconds: 1200, degreeMinutes: 40, hasUnknown: false, endedAt: null },
  ])
  expect(excursions({ rules, log: log.slice(0, 1), asOf: '10:00:00.001' })).toMatchObject([
    { durationSeconds: 0.001, knownSeconds: 0.001, degreeMinutes: 1 / 60_000 },
  ])
  const cold = [reading('10:00', 1), reading('10:10', -3), reading('10:20', 5)]
  expect(excursions({ rules, log: cold })).toMatchObject([{ direction: 'low', peak: -3, min: -3, max: 1 }])
})
