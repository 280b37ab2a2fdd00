import { expect, test } from 'vitest'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const rule = {
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 2,
  offlineTriggerAdditionalMinutes: 5,
  offlineWarningMissedCheckins: 3,
  offlineCriticalMissedCheckins: 6,
}
const unit = (...versions: object[]) =>
  new UnitDriver(fridge(rule, ...versions.map((version) => ({ ...rule, ...version }))))

test('the deadline is lastSeen + interval × multiplier + additional minutes', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('10:24:59.999')
  expect(driver.last('silences')).toEqual([])
  expect(driver.advanceTo('10:25').last('silences')).toMatchObject([
    { startedAt: at('10:00'), detectedAt: at('10:25'), endedAt: null, state: 'open' },
  ])
})

test('a check-in at exactly the deadline is in time', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }, { at: '10:25' }).advanceTo('10:40')
  expect(driver.last('silences')).toEqual([])
})

test('warning and critical come with the missed check-ins, not before the deadline', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('11:00')
  expect(driver.last('silences')).toMatchObject([{ warningAt: at('10:30'), criticalAt: at('11:00') }])
  const eager = unit({ validFrom: 1, offlineWarningMissedCheckins: 1 }).pipe({ at: '10:00', temperature: 5 })
  expect(eager.advanceTo('10:25').last('silences')).toMatchObject([{ warningAt: at('10:25') }])
})

test('each of its instants goes out when it comes, and not with the next one', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('10:25').advanceTo('10:30')
  expect(driver.sent.silences.at(-1)).toMatchObject({ warningAt: at('10:30'), criticalAt: null })
  driver.advanceTo('11:00')
  expect(driver.sent.silences.at(-1)).toMatchObject({ warningAt: at('10:30'), criticalAt: at('11:00') })
})

test('a restart asks for the same timers again, and for none that has fired', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('10:25')
  expect(driver.nextTimer()).toBe(at('10:30'))
  expect(driver.restart().nextTimer()).toBe(at('10:30'))
})

test('warning is null where the check-in comes at or before it', () => {
  const driver = unit()
    .pipe({ at: '10:00', temperature: 5 }, { at: '10:30', temperature: 5 })
    .advanceTo('10:31')
  expect(driver.last('silences')).toMatchObject([
    { warningAt: null, criticalAt: null, endedAt: at('10:30'), durationSeconds: 1800, missedCheckins: 3 },
  ])
})

test('missed check-ins are floor((t − lastSeen) / interval), taken at its end', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('10:50')
  expect(driver.last('silences')).toMatchObject([{ missedCheckins: null }])
  driver.pipe({ at: '10:59:59.999', temperature: 5 }).advanceTo('11:00')
  expect(driver.last('silences')).toMatchObject([{ missedCheckins: 5, durationSeconds: 3599.999 }])
})

test('any uplink of a device that gives the temperature is its check-in', () => {
  const driver = unit()
    .pipe({ at: '10:00', temperature: 5 }, { at: '10:20' }, { at: '10:40' })
    .advanceTo('10:45')
  expect(driver.last('silences')).toEqual([])
})

test('a device without a kind gives it from its first temperature on, a door device never', () => {
  const driver = unit().pipe(
    { at: '10:00', device: 'a', temperature: 5 },
    { at: '10:20', device: 'b' },
    { at: '10:21', device: 'd', kind: 'door', temperature: 5 },
  )
  expect(driver.advanceTo('10:25').last('silences')).toMatchObject([{ startedAt: at('10:00') }])
})

test('a device whose kind is temperature checks in before it gave one', () => {
  const driver = unit().pipe({ at: '10:00', kind: 'temperature' }).advanceTo('11:00')
  expect(driver.last('silences')).toMatchObject([{ startedAt: at('10:00') }])
})

test('a device never seen is not silent', () => {
  expect(unit().advanceTo('23:00').last('silences')).toEqual([])
})

test('with several devices the unit is silent when none of them checks in', () => {
  const driver = unit().pipe(
    { at: '10:00', device: 'a', temperature: 5 },
    { at: '10:10', device: 'b', temperature: 5 },
    { at: '10:30', device: 'b' },
  )
  expect(driver.advanceTo('10:54').last('silences')).toEqual([])
  expect(driver.advanceTo('10:55').last('silences')).toMatchObject([{ startedAt: at('10:30') }])
})

test('replayed history is no check-in', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }, { at: '10:20', temperature: 5, history: true })
  expect(driver.advanceTo('10:30').last('silences')).toMatchObject([{ startedAt: at('10:00') }])
})

test('a silence that a late check-in shows never was is retracted', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('10:30')
  expect(driver.last('silences')).toHaveLength(1)
  driver.pipe({ at: '10:20', temperature: 5 }).advanceTo('10:31')
  expect(driver.sent.silences.at(-1)).toMatchObject({ state: 'retracted', startedAt: at('10:00') })
  expect(driver.sent['unit-status'].at(-1)).toMatchObject({ retracted: true, at: at('10:25') })
})

test('readings that are filled in within grace take a silence back, those beyond it change none', () => {
  const filled = ['10:20', '10:40', '11:00', '11:20', '11:40'].map((time) => ({ at: time, temperature: 5 }))
  const silent = () => unit().pipe({ at: '10:00', temperature: 5 }, { at: '12:00', temperature: 5 })
  const within = silent().advanceTo('12:00')
  expect(within.last('silences')).toMatchObject([{ startedAt: at('10:00'), endedAt: at('12:00') }])
  expect(
    within
      .pipe(...filled)
      .advanceTo('12:01')
      .last('silences'),
  ).toEqual([])
  const beyond = silent().pipe({ at: '14:00', temperature: 5 }).advanceTo('14:00')
  const told = beyond.last('silences').map(({ startedAt, endedAt }) => [startedAt, endedAt])
  expect(told).toEqual([
    [at('10:00'), at('12:00')],
    [at('12:00'), at('14:00')],
  ])
  beyond.pipe(...filled).advanceTo('14:01')
  expect(beyond.last('silences').map(({ startedAt, endedAt }) => [startedAt, endedAt])).toEqual(told)
  expect(beyond.sent['late-readings'].map(({ recordedAt }) => recordedAt)).toEqual(
    filled.map((s) => at(s.at)),
  )
})

test('the gateway that heard the last check-in best is told of the silence, of its end, and that it never was', () => {
  const heardBy = (time: string, gatewayId: string | null) => ({ at: time, temperature: 5, gatewayId })
  const driver = unit().pipe(heardBy('10:00', 'cellar'), heardBy('10:10', 'roof')).advanceTo('11:00')
  const [silence] = driver.last('silences')
  const told = { gatewayId: 'roof', gatewayKey: 'org/roof', unitId: 'unit', silenceId: silence?.id }
  const startedAt = at('10:10')
  expect(driver.last('gateway-silences')).toMatchObject([{ ...told, startedAt, state: 'open' }])
  driver.pipe(heardBy('11:05', 'cellar')).advanceTo('11:05')
  expect(driver.last('gateway-silences')).toMatchObject([
    { ...told, startedAt, endedAt: at('11:05'), state: 'closed' },
  ])
  driver.pipe(...['10:30', '10:50'].map((time) => heardBy(time, null))).advanceTo('11:06')
  expect(driver.sent['gateway-silences'].at(-1)).toMatchObject({ ...told, state: 'retracted' })
})

test('a silence of whose gateway nothing is known is told to none', () => {
  const driver = unit().pipe({ at: '10:00', temperature: 5 }).advanceTo('12:00')
  expect(driver.last('silences')).toHaveLength(1)
  expect(driver.sent['gateway-silences']).toEqual([])
})

test('without an expected interval there is no hold limit and no silence', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 })).pipe({ at: '10:00', temperature: 5 }).lookAt('20:00')
  expect(driver.last('silences')).toEqual([])
  expect(driver.last('rollups').find(({ granularity }) => granularity === 'day')).toMatchObject({
    knownSeconds: 36000,
  })
})

test('a version that shortens the deadline into the past opens the silence at its validFrom', () => {
  const driver = unit({
    validFrom: at('10:20'),
    offlineTriggerAdditionalMinutes: null,
    offlineTriggerMultiplier: 1,
  })
  expect(driver.pipe({ at: '10:00', temperature: 5 }).advanceTo('10:30').last('silences')).toMatchObject([
    { startedAt: at('10:00'), detectedAt: at('10:20') },
  ])
})

test('an open silence is not undone by a longer deadline', () => {
  const driver = unit({ validFrom: at('10:30'), offlineTriggerMultiplier: 100 }).pipe({
    at: '10:00',
    temperature: 5,
  })
  expect(driver.advanceTo('10:31').last('silences')).toMatchObject([
    { detectedAt: at('10:25'), endedAt: null },
  ])
})

test('a device that a version takes the kind from has given its temperature before', () => {
  const driver = unit().pipe(
    { at: '10:00', kind: 'temperature', temperature: 5 },
    { at: '10:20', kind: null, temperature: null },
  )
  expect(driver.advanceTo('10:30').last('silences')).toEqual([])
})
