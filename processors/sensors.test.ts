import { expect, test } from 'vitest'
import type { UnitConfig } from '../schemas/generated/types.ts'
import { at, fridge, minutes, type Sample, UnitDriver } from './unit-driver.ts'

const low = { lowBatteryPercent: 20, lowBatteryVolts: 2.5 }

const battery = (time: string, batteryPercent: number, more: Partial<Sample> = {}): Sample => ({
  at: time,
  temperature: 5,
  batteryPercent,
  ...more,
})

/** Alerts as `type reason from–to`. */
const alerts = (driver: UnitDriver): string[] =>
  driver
    .last('alerts')
    .map(
      ({ alertType, reason, deviceId, triggeredAt, resolvedAt }) =>
        `${alertType} ${reason} of ${deviceId} ${clock(triggeredAt)}–${resolvedAt === null ? '' : clock(resolvedAt)}`,
    )

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16)

test('a battery is low at or below its limit, and fine again only beyond the hysteresis', () => {
  const driver = new UnitDriver(fridge(low))
  driver.pipe(battery('10:00', 21), battery('10:10', 20), battery('10:20', 24), battery('10:30', 19))
  driver.pipe(battery('10:40', 25)).advanceTo('10:40')
  expect(alerts(driver)).toEqual(['low_battery percent of a 10:10–10:40'])
  driver.pipe(battery('10:50', 20)).restart().advanceTo('10:50')
  expect(alerts(driver)).toHaveLength(2)
})

test('volts have a limit of their own, and show their own recovery', () => {
  const driver = new UnitDriver(fridge({ ...low, batteryHysteresisVolts: 0.2 }))
  const volts = (time: string, batteryVolts: number) => battery(time, 80, { batteryVolts })
  driver.pipe(volts('10:00', 2.5), volts('10:10', 2.6), volts('10:20', 2.75)).advanceTo('10:30')
  expect(alerts(driver)).toEqual(['low_battery volts of a 10:00–10:20'])
})

test('each device has a battery of its own; a rule that sets no limit watches none', () => {
  const driver = new UnitDriver(fridge(low))
  driver
    .pipe(battery('10:00', 10), battery('10:01', 10, { device: 'b' }), battery('10:10', 90))
    .advanceTo('10:20')
  expect(alerts(driver).sort()).toEqual([
    'low_battery percent of a 10:00–10:10',
    'low_battery percent of b 10:01–',
  ])
  expect(alerts(new UnitDriver(fridge({})).pipe(battery('10:00', 1)).advanceTo('11:00'))).toEqual([])
})

test('a new version may end a low battery, never start one', () => {
  const versions = [
    low,
    { lowBatteryPercent: 5, validFrom: at('10:30') },
    { lowBatteryPercent: 50, validFrom: at('11:00') },
  ]
  const driver = new UnitDriver(fridge(...versions)).pipe(battery('10:00', 12)).advanceTo('12:00')
  expect(alerts(driver)).toEqual(['low_battery percent of a 10:00–10:30'])
})

test('a sensor that says "no probe" raises sensor_fault, until it gives a temperature', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 }))
  driver.pipe({ at: '10:00', temperature: 5 }, { at: '10:10', fault: true }, { at: '10:20', fault: true })
  driver.pipe({ at: '10:30' }).restart().pipe({ at: '10:40', temperature: 5 }).advanceTo('11:00')
  expect(alerts(driver)).toEqual(['sensor_fault no_probe of a 10:10–10:40'])
  expect(driver.last('excursions')).toEqual([])
})

test('a late temperature takes a fault back that it shows to be over', () => {
  const driver = new UnitDriver(fridge({ delayMinutes: 15 }))
    .pipe({ at: '10:00', fault: true })
    .advanceTo('10:20')
  expect(alerts(driver)).toEqual(['sensor_fault no_probe of a 10:15–'])
  driver.pipe({ at: '10:05', temperature: 5 }).advanceTo('10:20')
  expect(alerts(driver)).toEqual([])
  expect(driver.sent.alerts.at(-1)).toMatchObject({ status: 'retracted', deviceId: 'a', reason: 'no_probe' })
})

test('a value is stuck after enough equal readings over enough time, and until another one', () => {
  const driver = new UnitDriver(fridge({ faultStuckReadings: 3, faultStuckMinutes: 30 }))
  const values = [5, 5, 5, 5, 5, 5.1].map((temperature, i) => ({
    at: at('10:00') + i * minutes(10),
    temperature,
  }))
  driver.pipe(...values).advanceTo('12:00')
  expect(driver.last('alerts')).toMatchObject([
    { reason: 'stuck', causeStartedAt: at('10:00'), triggeredAt: at('10:30'), resolvedAt: at('10:50') },
  ])
})

test('another device’s readings do not interrupt equal ones', () => {
  const driver = new UnitDriver(fridge({ faultStuckReadings: 3 }))
  for (const [i, time] of ['10:00', '10:10', '10:20'].entries())
    driver.pipe({ at: time, temperature: 5 }, { at: at(time) + 1, device: 'b', temperature: 6 + i })
  expect(alerts(driver.advanceTo('10:30'))).toEqual(['sensor_fault stuck of a 10:20–'])
})

test('a jump is a fault until a temperature near the one before; after the hold limit anything is plausible', () => {
  const rule = { faultJumpC: 20, expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 2 }
  const driver = new UnitDriver(fridge(rule))
  driver.pipe(
    { at: '10:00', temperature: 5 },
    { at: '10:10', temperature: 60 },
    { at: '10:20', temperature: 5 },
  )
  driver.pipe({ at: '10:30', temperature: 6 }, { at: '11:00', temperature: 40 }).advanceTo('11:01')
  const faults = alerts(driver).filter((text) => text.startsWith('sensor_fault'))
  expect(faults).toEqual(['sensor_fault jump of a 10:10–10:30'])
})

test('without a limit neither equal nor far values are faults, and nothing of them is kept', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 }))
  for (let i = 0; i < 30; i++)
    driver.pipe({ at: at('10:00') + i * minutes(10), temperature: i === 20 ? 90 : 5 })
  expect(alerts(driver.advanceTo('15:00'))).not.toContainEqual(expect.stringContaining('sensor_fault'))
  expect(driver.state.live.sensors).toEqual([])
})

/** Device `a` in the unit: versions from–until, with the end of its calibration. */
const withDevice = (
  rule: Parameters<typeof fridge>[0],
  ...spans: [from: string, until: string | null, calibrated: string | null][]
): UnitConfig => ({
  ...fridge(rule!),
  devices: spans.map(([from, until, calibrated]) => ({
    deviceId: 'a',
    validFrom: at(from),
    validUntil: until === null ? null : at(until),
    calibrationValidUntil: calibrated === null ? null : at(calibrated),
    silentMinutes: null,
  })),
})

test('a calibration is due so many days before it ends, by timer, until a version with a later end', () => {
  const spans: Parameters<typeof withDevice>[1][] = [
    ['00:00', '2026-02-05T10:00:00Z', '2026-02-04T12:00:00Z'],
    ['2026-02-05T10:00:00Z', null, '2027-02-04T12:00:00Z'],
  ]
  const driver = new UnitDriver(withDevice({ calibrationNoticeDays: 1 }, ...spans)).pipe({
    at: '10:00',
    temperature: 5,
  })
  expect(driver.advanceTo('2026-02-03T11:59:59Z').last('alerts')).toEqual([])
  driver.advanceTo('2026-02-03T12:00:00Z')
  expect(driver.last('alerts')).toMatchObject([
    {
      alertType: 'calibration_due',
      deviceId: 'a',
      triggeredAt: at('2026-02-03T12:00:00Z'),
      status: 'active',
    },
  ])
  driver.restart().advanceTo('2026-02-06T00:00:00Z')
  expect(driver.last('alerts')).toMatchObject([{ resolvedAt: at('2026-02-05T10:00:00Z') }])
})

test('a calibration that ended before the unit was first heard is due from then on', () => {
  const driver = new UnitDriver(withDevice({}, ['00:00', null, '09:00'])).pipe({
    at: '10:00',
    device: 'b',
    temperature: 5,
  })
  expect(alerts(driver.advanceTo('10:00'))).toEqual(['calibration_due null of a 10:00–'])
})

test('a device that leaves the unit takes its causes along; moving it back begins anew', () => {
  const config = withDevice(low, ['00:00', '11:00', null], ['12:00', null, null])
  const driver = new UnitDriver(config).pipe(battery('10:00', 10), battery('10:05', 90, { device: 'b' }))
  driver.pipe({ at: '10:30', fault: true }).advanceTo('11:30')
  expect(alerts(driver).sort()).toEqual([
    'low_battery percent of a 10:00–11:00',
    'sensor_fault no_probe of a 10:30–11:00',
  ])
  driver.pipe(battery('12:10', 10)).advanceTo('12:10')
  expect(alerts(driver)).toContain('low_battery percent of a 12:10–')
})

test('an assignment that is heard of late ends what began before it, from the checkpoint on', () => {
  const driver = new UnitDriver(withDevice(low, ['00:00', null, null]))
    .pipe(battery('10:00', 10))
    .advanceTo('10:30')
  driver.configure(withDevice(low, ['00:00', '10:15', null])).advanceTo('10:30')
  expect(alerts(driver)).toEqual(['low_battery percent of a 10:00–10:15'])
})

test('neither the order inside grace nor restarts and copies of records change alerts of sensors', () => {
  const rule = { ...low, faultStuckReadings: 3, faultJumpC: 10, delayMinutes: 5, escalationMinutes: [20] }
  const config = withDevice(rule, ['00:00', null, '10:45'])
  const values = [5, 5, 5, 5, 20, 5, 5, null, 5, 5, 5, 5]
  const samples = values.map((temperature, i): Sample => {
    const level = i % 5 === 3 ? 15 : 40
    return {
      at: at('10:00') + i * minutes(9),
      temperature,
      fault: temperature === null,
      batteryPercent: level,
    }
  })
  const inOrder = new UnitDriver(config)
    .pipe(...samples)
    .advanceTo('13:00')
    .last('alerts')
  expect(inOrder.length).toBeGreaterThan(6)
  const content = (driver: UnitDriver) =>
    driver
      .last('alerts')
      .map(({ revision: _revision, ...rest }) => rest)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  const expected = content(new UnitDriver(config).pipe(...samples).advanceTo('13:00'))
  expect(expected.length).toBeGreaterThan(6)
  for (let seed = 1; seed <= 40; seed++) {
    const driver = new UnitDriver(config)
    const shuffled = samples.map((sample, i) => ({ sample, rank: (i * 7919 * seed) % 104729 }))
    shuffled.sort((a, b) => a.rank - b.rank)
    for (const [i, { sample }] of shuffled.entries()) {
      driver.pipe(sample)
      if (i % 3 === seed % 3) driver.advanceTo(0).restart()
    }
    expect(content(driver.advanceTo('13:00'))).toEqual(expected)
  }
})
