import { expect, test } from 'vitest'
import { at, fridge, UnitDriver, zoned } from './unit-driver.ts'
import { unitStage } from './unit-stage.ts'

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

test('a configuration with a zone that is none is refused, and leaves everything as it was', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 })).pipe({ at: '10:00', temperature: 9 })
  const stage = unitStage()
  const before = structuredClone(stage.save(driver.advanceTo('14:00').state))
  expect(() => driver.configure(zoned('Mars/Phobos', { tempMax: 4 }))).toThrow(RangeError)
  expect(stage.save(driver.state)).toEqual(before)
})

test('a reading at an instant that no calendar has is refused, and leaves everything as it was', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 })).pipe({ at: '10:00', temperature: 9 })
  const stage = unitStage()
  const before = structuredClone(stage.save(driver.advanceTo('14:00').state))
  for (const at of [8.64e15, -8.64e15, Number.NaN])
    expect(() => driver.pipe({ at, temperature: 9 })).toThrow(RangeError)
  expect(stage.save(driver.advanceTo('14:00').state)).toEqual(before)
  driver.pipe({ at: Date.UTC(9999, 11, 31), temperature: 9 })
})

test('what a look at the next timer has seen is not told where a late reading shows that it never was', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 }))
    .pipe({ at: '10:00', temperature: 5 })
    .advanceTo('10:00')
  driver.pipe({ at: '10:20', temperature: 9 }).nextTimer()
  driver.pipe({ at: '10:10', temperature: 9 }).advanceTo('10:30')
  expect(driver.last('excursions')).toMatchObject([{ startedAt: at('10:10'), count: 2 }])
  expect(driver.sent.excursions.map(({ startedAt }) => startedAt)).not.toContain(at('10:20'))
})

test('a version that is heard of beyond grace holds from the checkpoint’s last event on, not before', () => {
  const rule = { tempMax: 8, maxExcursionMinutes: 80 }
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 9 })
  // The checkpoint passes 11:20, where the excursion became critical.
  driver.pipe({ at: '13:25', temperature: 9 }).advanceTo('13:25')
  expect(driver.last('excursions')).toMatchObject([{ criticalAt: at('11:20'), endedAt: null }])
  driver.configure(fridge({ tempMax: 20 })).advanceTo('13:25')
  expect(driver.last('excursions')).toMatchObject([{ criticalAt: at('11:20'), endedAt: at('11:20') }])
  const hour = driver.last('rollups').find(({ start }) => start === at('11:00'))
  expect(hour).toMatchObject({ granularity: 'hour', knownSeconds: 3600, secondsAbove: 1200 })
})
