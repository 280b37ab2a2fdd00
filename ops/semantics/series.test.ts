// semantics.md, "The series of a unit, and holding a value".
import { expect, test } from 'vitest'
import { at, reading } from '../../processors/testing/scenario.ts'
import { fridge, heard, hours, valuesOf } from './judged-twice.ts'

test('All temperature readings of a unit form one series (two shelves to be judged apart are two units);', () => {
  const top = { deviceId: 'top' }
  const log = [reading('10:00', 9), reading('10:05', 5, top), reading('10:10', 9), reading('10:20', 9, top)]
  expect(valuesOf('excursions', { rules: [fridge()], log, asOf: '10:30' })).toMatchObject([
    { startedAt: at('10:00'), endedAt: at('10:05'), count: 1 },
    { startedAt: at('10:10'), confirmedAt: at('10:25'), count: 2 },
  ])
})

test('equal instants are ordered by deviceId, the last one holds.', () => {
  const log = [reading('10:00', 5, { deviceId: 'b' }), reading('10:00', 9, { deviceId: 'a' })]
  const scenario = { rules: [fridge(heard)], log, asOf: '10:10' }
  expect(hours(scenario)).toMatchObject([{ count: 2, weightedSum: 5 * 600, secondsAbove: 0 }])
})

test('A value holds until the next reading, but no longer than the **hold limit**: the span after which', () => {
  // 10 min × 2 + 10 min = 30 min
  const log = [reading('10:00', 4), reading('10:20', 6), reading('11:30', 5)]
  const scenario = { rules: [fridge(heard)], log, asOf: '11:30' }
  expect(hours(scenario)).toMatchObject([
    { knownSeconds: 3000, weightedSum: 4 * 1200 + 6 * 1800 },
    { knownSeconds: 0 },
  ])
  expect(valuesOf('silences', scenario)).toMatchObject([{ detectedAt: at('10:50') }])
})

test('Past it the temperature is *unknown*, and unknown counts neither as safe nor as out of range, in', () => {
  const log = [reading('10:00', 9), reading('10:50', 9), reading('11:00', 5)]
  const scenario = { rules: [fridge(heard)], log, asOf: '11:00' }
  expect(valuesOf('excursions', scenario)).toMatchObject([
    { durationSeconds: 3600, knownSeconds: 2400, hasUnknown: true, degreeMinutes: 40 },
  ])
  expect(hours(scenario)[0]).toMatchObject({ knownSeconds: 2400, secondsAbove: 2400, secondsBelow: 0 })
})
