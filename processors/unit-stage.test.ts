import { expect, test } from 'vitest'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const plain = fridge({
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
})

test('an excursion is confirmed by the timer, without a next reading', () => {
  const unit = new UnitDriver(plain)
  unit.pipe({ at: '10:00', temperature: 5 }, { at: '10:05', temperature: 9.1 })
  unit.advanceTo('10:20')
  expect(unit.last('excursions')).toMatchObject([
    { startedAt: at('10:05'), confirmedAt: at('10:20'), endedAt: null },
  ])
  expect(unit.last('unit-status').map((s) => s.status)).toEqual(['ok', 'excursion', 'alarm_active'])
  unit.advanceTo('10:35')
  expect(unit.last('silences')).toMatchObject([{ startedAt: at('10:05'), detectedAt: at('10:35') }])
  unit.pipe({ at: '10:20', temperature: 5 }).advanceTo('10:36')
  expect(unit.last('silences')).toEqual([])
  expect(unit.last('excursions')).toMatchObject([
    {
      startedAt: at('10:05'),
      confirmedAt: null,
      endedAt: at('10:20'),
      knownSeconds: 900,
      degreeMinutes: expect.closeTo(16.5, 9),
    },
  ])
})
