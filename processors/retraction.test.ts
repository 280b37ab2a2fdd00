import { expect, test } from 'vitest'
import type { Budget } from '../schemas/generated/types.ts'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const rule = {
  tempMax: 8,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
  doorOpenWarningMinutes: 5,
  budgets: [
    { name: 'warm', side: 'above', limit: 8, atLimit: false, over: 'day', lot: null, minutes: 10 },
  ] satisfies Budget[],
}
const nothing = { unitId: 'unit', organizationId: 'org' }

test('the record that takes an episode back says which one it was, and nothing else', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 9, doorOpen: true })
  driver.advanceTo('10:40')
  const [excursion] = driver.last('excursions')
  const [opening] = driver.last('door-openings')
  const [silence] = driver.last('silences')
  const [use] = driver.last('budgets')
  driver.configure(fridge({ ...rule, tempMax: 20, offlineTriggerMultiplier: 30, budgets: null }))
  // Before it by deviceId, so the door was open already, and is no opening of this report.
  driver.pipe({ at: '09:50', device: 'a', doorOpen: true, temperature: 5 }).advanceTo('10:40')
  expect(driver.sent.excursions.at(-1)).toEqual({
    ...{ ...nothing, id: excursion?.id, revision: 2, state: 'retracted', direction: 'high' },
    ...{ startedAt: at('10:00'), confirmedAt: null, criticalAt: null, endedAt: null },
    ...{ peak: 0, min: 0, max: 0, count: 0, durationSeconds: null, knownSeconds: 0 },
    ...{ hasUnknown: false, degreeMinutes: 0, asOf: null },
  })
  expect(driver.sent['door-openings'].find(({ state }) => state === 'retracted')).toEqual({
    ...{ ...nothing, id: opening?.id, revision: expect.any(Number), state: 'retracted', inferred: false },
    ...{ openedAt: at('10:00'), closedAt: null, durationSeconds: null, warningAt: null, criticalAt: null },
  })
  expect(driver.sent.silences.at(-1)).toEqual({
    ...{ ...nothing, id: silence?.id, revision: 2, state: 'retracted', startedAt: at('10:00') },
    ...{ detectedAt: at('10:00'), warningAt: null, criticalAt: null, endedAt: null },
    ...{ durationSeconds: null, missedCheckins: null },
  })
  expect(driver.sent.budgets.at(-1)).toEqual({
    ...{ ...nothing, id: use?.id, revision: 2, state: 'retracted', name: 'warm', side: 'above' },
    ...{ limit: 0, over: 'consecutive', lot: null, budgetSeconds: 0, startedAt: at('10:00') },
    ...{ exceededAt: at('10:00'), endedAt: null, usedSeconds: null },
  })
})

test('a window that a late version empties is taken back, with no sums, and is not final', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:50', temperature: 5 }).advanceTo('12:30')
  const ofEleven = () =>
    driver.sent.rollups.filter(({ start, end }) => start === at('11:00') && end === at('12:00'))
  expect(ofEleven().at(-1)).toMatchObject({ retracted: false, knownSeconds: 1200 })
  driver.configure(fridge({ ...rule, offlineTriggerMultiplier: 1 })).advanceTo('12:30')
  expect(ofEleven().at(-1)).toMatchObject({
    ...{ granularity: 'hour', retracted: true, isFinal: false, asOf: at('11:00') },
    ...{ count: 0, min: null, max: null, knownSeconds: 0, weightedSum: 0, doorOpenings: 0 },
  })
})

test('each window that is taken back has the end that it had', () => {
  // The next hour is the first of a day, a week and a month.
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '2026-05-31T23:50:00Z', temperature: 5 })
  driver.advanceTo('2026-06-01T01:00:00Z')
  driver.configure(fridge({ ...rule, offlineTriggerMultiplier: 1 })).advanceTo('2026-06-01T01:00:00Z')
  const ends = driver.sent.rollups
    .filter(({ retracted }) => retracted)
    .map(({ granularity, end }) => [granularity, new Date(end).toISOString().slice(0, 13)])
  expect(ends).toEqual([
    ...[
      ['hour', '2026-06-01T01'],
      ['day', '2026-06-02T00'],
    ],
    ...[
      ['week', '2026-06-08T00'],
      ['month', '2026-07-01T00'],
    ],
  ])
})
