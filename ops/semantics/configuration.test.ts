// semantics.md, "Configuration in event time".
import { expect, test } from 'vitest'
import { at, door, reading } from '../../processors/testing/scenario.ts'
import { fridge, heard, hours, judged, valuesOf } from './judged-twice.ts'

test('A sample is judged by the version valid at its `recordedAt`, so a replay after a rule change gives', () => {
  const rules = [fridge(), fridge({ tempMax: 10 }, '11:00')]
  const log = [reading('10:00', 9), reading('10:10', 5), reading('11:00', 9), reading('11:10', 10.5)]
  const late = { ...reading('10:30', 9), receivedAt: at('11:10') }
  const scenario = { rules, log: [...log, late] }
  expect(valuesOf('excursions', scenario)).toMatchObject([
    { startedAt: at('10:00'), endedAt: at('10:10') },
    { startedAt: at('10:30'), endedAt: at('11:00') },
    { startedAt: at('11:10'), endedAt: null },
  ])
  expect(hours(scenario).map(({ readingsOutOfRange }) => readingsOutOfRange)).toEqual([2, 1])
})

test("A device's assignment to a unit is versioned the same way: readings keep the unit they were taken in.", () => {
  const config = {
    units: { fridge: [fridge()], other: [fridge()] },
    devices: {
      probe: [
        { validFrom: 0, unitId: 'fridge', kind: 'temperature' as const },
        { validFrom: at('10:30'), unitId: 'other', kind: 'temperature' as const },
      ],
    },
  }
  const log = [reading('10:00', 4), reading('10:30', 6), reading('10:29', 5, { receivedAt: at('10:31') })]
  const windows = judged(config, log).filter(({ value }) => value.granularity === 'hour')
  expect(windows.map(({ key, value }) => [key, value.count, value.sum])).toEqual([
    ['fridge', 2, 9],
    ['other', 1, 6],
  ])
})

test('A new version takes effect at its `validFrom` also inside an open episode: limits and times are', () => {
  const rules = [
    fridge({ ...heard, doorOpenWarningMinutes: 60, offlineWarningMissedCheckins: 100 }),
    fridge(
      {
        ...heard,
        excursionConfirmMinutesDoorClosed: 5,
        doorOpenWarningMinutes: 5,
        offlineWarningMissedCheckins: 2,
      },
      '10:12',
    ),
  ]
  const log = [reading('10:00', 9), door('10:00', true)]
  const scenario = { rules, log, asOf: '10:40' }
  expect(valuesOf('excursions', scenario)).toMatchObject([{ confirmedAt: at('10:12') }])
  expect(valuesOf('door-openings', scenario)).toMatchObject([{ warningAt: at('10:12') }])
  expect(valuesOf('silences', scenario)).toMatchObject([{ detectedAt: at('10:30'), warningAt: at('10:30') }])
})
