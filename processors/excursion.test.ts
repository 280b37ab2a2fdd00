import { describe, expect, test } from 'vitest'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const rule = {
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  excursionConfirmMinutesDoorOpen: 30,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
}
const unit = (...more: object[]) =>
  new UnitDriver(
    fridge({ ...rule, ...more[0] }, ...more.slice(1).map((version) => ({ ...rule, ...version }))),
  )

describe('start and end', () => {
  test('in range is tempMin ≤ t ≤ tempMax', () => {
    const driver = unit()
      .pipe({ at: '10:00', temperature: 8 }, { at: '10:10', temperature: 2 })
      .lookAt('10:15')
    expect(driver.last('excursions')).toEqual([])
  })

  test('either limit may be absent', () => {
    const driver = unit({ tempMin: null }).pipe(
      { at: '10:00', temperature: -40 },
      { at: '10:10', temperature: 8.1 },
    )
    expect(driver.lookAt('10:15').last('excursions')).toMatchObject([
      { direction: 'high', startedAt: at('10:10') },
    ])
  })

  test('a flip from high to low ends one and starts another at the same instant', () => {
    const driver = unit()
      .pipe({ at: '10:00', temperature: 9 }, { at: '10:05', temperature: 1 })
      .lookAt('10:06')
    expect(driver.last('excursions')).toMatchObject([
      { direction: 'high', startedAt: at('10:00'), endedAt: at('10:05'), peak: 9 },
      { direction: 'low', startedAt: at('10:05'), endedAt: null, peak: 1 },
    ])
  })

  test('silence alone does not end it', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 9 }).lookAt('15:00')
    expect(driver.last('excursions')).toMatchObject([
      { endedAt: null, knownSeconds: 1800, hasUnknown: true, degreeMinutes: 30, asOf: at('15:00') },
    ])
  })

  test('at equal instants the reading of the last device holds, and an episode may have no length', () => {
    const driver = unit().pipe(
      { at: '10:00', device: 'b', temperature: 5 },
      { at: '10:00', device: 'a', temperature: 9 },
    )
    expect(driver.lookAt('10:30').last('excursions')).toMatchObject([
      {
        startedAt: at('10:00'),
        endedAt: at('10:00'),
        durationSeconds: 0,
        confirmedAt: null,
        hasUnknown: false,
      },
    ])
    expect(driver.last('unit-status').map(({ status }) => status)).toEqual(['ok', 'monitoring_interrupted'])
  })

  test('recorded are peak, min, max, count, duration, known seconds and degree-minutes beyond the limit', () => {
    const driver = unit().pipe(
      { at: '10:00', temperature: 9 },
      { at: '10:10', temperature: 11.5 },
      // The value of 10:10 is known until 10:40: 20 minutes are unknown.
      { at: '11:00', temperature: 8.5 },
      { at: '11:05', temperature: 5 },
    )
    expect(driver.lookAt('11:05').last('excursions')).toMatchObject([
      {
        peak: 11.5,
        min: 8.5,
        max: 11.5,
        count: 3,
        durationSeconds: 3900,
        knownSeconds: 600 + 1800 + 300,
        degreeMinutes: 1 * 10 + 3.5 * 30 + 0.5 * 5,
        hasUnknown: true,
      },
    ])
  })
})

test('however many there are at one instant, each is told under an id of its own', () => {
  const temperatures = [9, 1, 9, 1, 9]
  const driver = unit()
    .pipe(...temperatures.map((temperature, n) => ({ at: '10:00', device: `d${n}`, temperature })))
    .lookAt('10:01')
  const excursions = driver.last('excursions')
  expect(excursions.map(({ direction }) => direction).sort()).toEqual(['high', 'high', 'high', 'low', 'low'])
  expect(new Set(excursions.map(({ id }) => id)).size).toBe(5)
})

describe('confirmation', () => {
  const confirmedAt = (driver: UnitDriver) =>
    driver.last('excursions').map((excursion) => excursion.confirmedAt)

  test('an in-range reading at exactly the confirm instant wins', () => {
    const driver = unit()
      .pipe({ at: '10:00', temperature: 9 }, { at: '10:15', temperature: 8 })
      .lookAt('10:30')
    expect(confirmedAt(driver)).toEqual([null])
  })

  test('not set is zero: confirmed at its first instant', () => {
    const driver = unit({ excursionConfirmMinutesDoorClosed: null }).pipe({ at: '10:00', temperature: 9 })
    expect(confirmedAt(driver.lookAt('10:00'))).toEqual([at('10:00')])
  })

  test('an open door masks, and a door that closes after the closed time has passed confirms at that instant', () => {
    const driver = unit().pipe(
      { at: '10:00', temperature: 9, doorOpen: true },
      { at: '10:20', device: 'd', doorOpen: false },
    )
    expect(confirmedAt(driver.lookAt('10:21'))).toEqual([at('10:20')])
  })

  test('a door that stays open confirms after the open time', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 9, doorOpen: true })
    expect(confirmedAt(driver.lookAt('10:40'))).toEqual([at('10:30')])
  })

  test('a door that opens never un-confirms', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 9 }, { at: '10:16', device: 'd', doorOpen: true })
    expect(confirmedAt(driver.lookAt('10:20'))).toEqual([at('10:15')])
  })

  test('a door that opens at exactly the confirm instant masks: timers come last', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 9 }, { at: '10:15', device: 'd', doorOpen: true })
    expect(confirmedAt(driver.lookAt('10:29'))).toEqual([null])
    expect(confirmedAt(driver.lookAt('10:30'))).toEqual([at('10:30')])
  })

  test('the day’s mask budget counts all door-open time; from where it is spent, the closed time confirms', () => {
    const driver = unit({ doorOpenMaxMaskMinutesPerDay: 20 }).pipe(
      { at: '08:00', device: 'd', doorOpen: true },
      { at: '08:12', device: 'd', doorOpen: false },
      { at: '10:00', temperature: 9, doorOpen: true },
    )
    // 12 of 20 minutes are spent before: the budget ends at 10:08, the closed time passes at 10:15.
    expect(confirmedAt(driver.lookAt('10:40'))).toEqual([at('10:15')])
  })

  test('a new local day brings a new budget', () => {
    const driver = unit({ doorOpenMaxMaskMinutesPerDay: 5, excursionConfirmMinutesDoorOpen: 60 }).pipe(
      { at: '2026-02-01T23:40:00Z', device: 'd', doorOpen: true },
      { at: '2026-02-01T23:50:00Z', temperature: 9 },
    )
    // Spent at 23:45. The closed time would pass at 00:05, but the new day masks until 00:05: confirmed at that instant.
    expect(confirmedAt(driver.lookAt('00:10'))).toEqual([at('00:05')])
  })

  test('a value that lapses first is confirmed at the next reading out of range', () => {
    const driver = unit({ excursionConfirmMinutesDoorClosed: 45 }).pipe(
      { at: '10:00', temperature: 9 },
      { at: '10:50', temperature: 9 },
    )
    expect(confirmedAt(driver.lookAt('11:00'))).toEqual([at('10:50')])
  })

  test('the value is still known at exactly the hold limit', () => {
    const driver = unit({ excursionConfirmMinutesDoorClosed: 30 }).pipe({ at: '10:00', temperature: 9 })
    expect(confirmedAt(driver.lookAt('10:30'))).toEqual([at('10:30')])
    expect(driver.last('excursions')).toMatchObject([{ hasUnknown: false }])
  })

  test('a check-in without a temperature neither ends nor prolongs a value', () => {
    const driver = unit({ excursionConfirmMinutesDoorClosed: 40 }).pipe(
      { at: '10:00', temperature: 9 },
      { at: '10:25' },
    )
    expect(driver.lookAt('10:50').last('excursions')).toMatchObject([
      { confirmedAt: null, knownSeconds: 1800 },
    ])
    expect(driver.last('silences')).toEqual([])
  })
})

describe('critical', () => {
  test('criticalAt is the later of the confirmation and start + maximum', () => {
    const early = unit({ maxExcursionMinutes: 10 }).pipe({ at: '10:00', temperature: 9 }).lookAt('10:20')
    expect(early.last('excursions')).toMatchObject([{ confirmedAt: at('10:15'), criticalAt: at('10:15') }])
    const late = unit({ maxExcursionMinutes: 20 }).pipe({ at: '10:00', temperature: 9 }).lookAt('10:20')
    expect(late.last('excursions')).toMatchObject([{ confirmedAt: at('10:15'), criticalAt: at('10:20') }])
  })

  test('it is a plain timer and fires in silence too', () => {
    const driver = unit({ maxExcursionMinutes: 120 }).pipe({ at: '10:00', temperature: 9 }).lookAt('13:00')
    expect(driver.last('excursions')).toMatchObject([{ criticalAt: at('12:00') }])
  })

  test('an unconfirmed one is never critical', () => {
    const driver = unit({ excursionConfirmMinutesDoorClosed: 60, maxExcursionMinutes: 10 })
    expect(driver.pipe({ at: '10:00', temperature: 9 }).lookAt('10:59').last('excursions')).toMatchObject([
      { criticalAt: null },
    ])
  })
})

describe('configuration versions', () => {
  test('at validFrom the held value of an open excursion is judged again: a new version may end it', () => {
    const driver = unit({}, { validFrom: at('10:05'), tempMax: 10 }).pipe({ at: '10:00', temperature: 9 })
    expect(driver.lookAt('10:20').last('excursions')).toMatchObject([
      { endedAt: at('10:05'), confirmedAt: null, degreeMinutes: 5 },
    ])
  })

  test('a new version never starts one; the next reading does', () => {
    const driver = unit({}, { validFrom: at('10:05'), tempMax: 4 }).pipe({ at: '10:00', temperature: 5 })
    expect(driver.lookAt('10:20').last('excursions')).toEqual([])
    driver.pipe({ at: '10:20', temperature: 5 }).lookAt('10:20')
    expect(driver.last('excursions')).toMatchObject([{ startedAt: at('10:20') }])
    expect(driver.last('rollups').find(({ granularity }) => granularity === 'hour')).toMatchObject({
      secondsAbove: 900,
      degreeMinutesAbove: 15,
      readingsOutOfRange: 1,
    })
  })

  test('a held value that has lapsed is not judged again', () => {
    const driver = unit({}, { validFrom: at('11:00'), tempMax: 10 }).pipe({ at: '10:00', temperature: 9 })
    expect(driver.lookAt('12:00').last('excursions')).toMatchObject([{ endedAt: null }])
  })

  test('a shorter confirm time that has already passed confirms at validFrom', () => {
    const driver = unit({}, { validFrom: at('10:08'), excursionConfirmMinutesDoorClosed: 5 })
    expect(driver.pipe({ at: '10:00', temperature: 9 }).lookAt('10:10').last('excursions')).toMatchObject([
      { confirmedAt: at('10:08') },
    ])
  })

  test('what has lapsed is not undone by a longer hold limit', () => {
    const driver = unit({}, { validFrom: at('10:40'), offlineTriggerMultiplier: 12 }).pipe({
      at: '10:00',
      temperature: 9,
    })
    expect(driver.lookAt('11:00').last('excursions')).toMatchObject([
      { knownSeconds: 1800, hasUnknown: true },
    ])
  })

  test('before the first version there are no limits, no hold limit and no silence', () => {
    const driver = new UnitDriver(fridge({ ...rule, validFrom: at('12:00') })).pipe({
      at: '10:00',
      temperature: 30,
    })
    expect(driver.lookAt('11:59').last('excursions')).toEqual([])
    expect(driver.last('silences')).toEqual([])
    expect(driver.last('rollups').find(({ granularity }) => granularity === 'day')).toMatchObject({
      knownSeconds: 7140,
    })
    // The new hold limit is long past at 12:00: the value lapses and the silence opens at that instant.
    expect(driver.lookAt('13:00').last('silences')).toMatchObject([
      { startedAt: at('10:00'), detectedAt: at('12:00') },
    ])
    expect(driver.last('rollups').find(({ granularity }) => granularity === 'day')).toMatchObject({
      knownSeconds: 7200,
    })
  })
})

describe('late samples', () => {
  test('inside grace they revise under the same id with a higher revision', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 9 }).advanceTo('10:20')
    const [before] = driver.last('excursions')
    driver.pipe({ at: '10:20', temperature: 9 }, { at: '10:10', temperature: 12 }).advanceTo('10:21')
    const [after] = driver.last('excursions')
    expect(after).toMatchObject({ id: before?.id, peak: 12, count: 3 })
    expect(after!.revision).toBeGreaterThan(before!.revision)
  })

  test('one that shows it never was retracts it, with its status and its alert', () => {
    const driver = unit().pipe({ at: '10:05', temperature: 9 }).advanceTo('10:20')
    expect(driver.last('alerts')).toHaveLength(1)
    driver.pipe({ at: '10:10', temperature: 5 }).advanceTo('10:21')
    expect(driver.sent.alerts.at(-1)).toMatchObject({ status: 'retracted', alertType: 'alarm_active' })
    expect(driver.last('alerts')).toEqual([])
    expect(driver.last('excursions')).toMatchObject([{ endedAt: at('10:10'), confirmedAt: null }])
  })

  test('at exactly the grace it still counts; beyond it, its hour is marked and episodes stay', () => {
    const driver = unit()
      .pipe({ at: '12:00', temperature: 5 }, { at: '10:00', temperature: 9 })
      .advanceTo('12:00')
    expect(driver.last('excursions')).toMatchObject([{ startedAt: at('10:00'), endedAt: at('12:00') }])
    driver.pipe({ at: '09:59:59.999', temperature: 1 }).advanceTo('12:01')
    expect(driver.last('excursions')).toHaveLength(1)
    expect(driver.last('late-readings')).toMatchObject([
      { recordedAt: at('09:59:59.999'), hourStart: at('09:00') },
    ])
  })

  test('a simulated reading moves nothing', () => {
    const driver = unit()
      .pipe({ at: '10:00', temperature: 30, simulated: true, doorOpen: true })
      .lookAt('12:00')
    for (const sent of Object.values(driver.sent)) expect(sent).toEqual([])
  })

  test('exactly 0 °C is a temperature', () => {
    const driver = unit().pipe({ at: '10:00', temperature: 0 }).lookAt('10:01')
    expect(driver.last('excursions')).toMatchObject([{ direction: 'low', peak: 0 }])
  })
})

test('a value that a new version’s hold limit has let lapse a millisecond before confirms nothing', () => {
  const shorter = { ...rule, offlineTriggerMultiplier: 1, excursionConfirmMinutesDoorClosed: 10 }
  const confirmedWith = (validFrom: string) =>
    new UnitDriver(fridge(rule, { ...shorter, validFrom: at(validFrom) }))
      .pipe({ at: '10:00', temperature: 9 })
      .advanceTo('10:20')
      .last('excursions')
      .map(({ confirmedAt }) => confirmedAt)
  expect(confirmedWith('10:10:00.001')).toEqual([null])
  expect(confirmedWith('10:10')).toEqual([at('10:10')])
})
