// semantics.md, "Grace". Revisions themselves are in processors/excursion.test.ts, "late samples".
import { expect, test } from 'vitest'
import { at, ms, reading } from '../../processors/testing/scenario.ts'
import { fridge, hours, valuesOf } from './judged-twice.ts'

test('Things Stack retries a webhook for about 80 minutes and sensors replay history, so late is normal.', () => {
  const retried = reading('10:00', 9, { receivedAt: at('11:20') })
  const log = [reading('09:50', 5), reading('10:20', 5), reading('11:20', 5), retried]
  expect(valuesOf('excursions', { rules: [fridge()], log })).toMatchObject([
    { startedAt: at('10:00'), confirmedAt: at('10:15'), endedAt: at('10:20') },
  ])
})

test("A sample at most `grace` (default 2 h) behind its unit's newest changes the past exactly:", () => {
  const at2h = reading('10:00', 9, { receivedAt: at('12:00') })
  const log = [reading('09:00', 5), reading('12:00', 5), at2h]
  expect(valuesOf('excursions', { rules: [fridge()], log })).toMatchObject([
    { startedAt: at('10:00'), endedAt: at('12:00') },
  ])
  const beyond = reading('10:00', 9, { recordedAt: ms('10:00') - 1, receivedAt: at('12:00') })
  expect(valuesOf('excursions', { rules: [fridge()], log: [...log.slice(0, 2), beyond] })).toEqual([])
  // A shorter grace is a shorter past.
  const patient = { rules: [fridge()], log, graceMinutes: 60 }
  expect(valuesOf('excursions', patient)).toEqual([])
})

test('A later one is stored with `late = true` and marks its unit and hour dirty: the rollups of that hour', () => {
  const log = [reading('08:00', 5), reading('12:00', 5), reading('08:30', 9, { receivedAt: at('12:00') })]
  const scenario = { rules: [fridge()], log }
  expect(valuesOf('excursions', scenario)).toEqual([])
  // Recomputed from all that is stored: 9 °C holds from 08:30 on.
  expect(hours(scenario)[0]).toMatchObject({ start: at('08:00'), count: 2, max: 9, secondsAbove: 1800 })
  expect(hours(scenario)[1]).toMatchObject({ start: at('09:00'), count: 0, secondsAbove: 3600 })
})
