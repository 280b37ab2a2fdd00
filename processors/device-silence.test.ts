import { expect, test } from 'vitest'
import type { UnitConfig, UnitDevice } from '../schemas/generated/types.ts'
import { at, fridge, minutes, type Sample, UnitDriver } from './unit-driver.ts'

const rule = { expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3, deviceSilentMinutes: 30 }

const unit = (...versions: object[]) =>
  new UnitDriver(fridge(rule, ...versions.map((version) => ({ ...rule, ...version }))))

const from = (device: string, ...times: string[]): Sample[] =>
  times.map((time) => ({ at: time, device, temperature: 5 }))

/** Silences of devices as `device from last check-in: opened–resolved`. */
const silent = (driver: UnitDriver): string[] =>
  driver
    .last('alerts')
    .filter(({ reason }) => reason === 'silent')
    .map(
      ({ deviceId, causeStartedAt, triggeredAt, resolvedAt }) =>
        `${deviceId} from ${clock(causeStartedAt)}: ${clock(triggeredAt)}–${resolvedAt === null ? '' : clock(resolvedAt)}`,
    )

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16)

/** Which devices are in the unit: each with its limit, from–until. */
const withDevices = (...spans: [string, number | null, from?: string, until?: string][]): UnitConfig => ({
  ...fridge(rule),
  devices: spans.map(
    ([deviceId, silentMinutes, validFrom = '00:00', until]): UnitDevice => ({
      ...{ deviceId, silentMinutes, validFrom: at(validFrom), calibrationValidUntil: null },
      validUntil: until === undefined ? null : at(until),
    }),
  ),
})

test('a device is silent once its limit has passed and another one of the unit checks in, until it checks in itself', () => {
  const driver = unit()
    .pipe(...from('a', '10:00'), ...from('b', '10:05', '10:25'))
    .advanceTo('10:34')
  expect(silent(driver)).toEqual([])
  driver.pipe(...from('b', '10:35')).advanceTo('10:35')
  expect(driver.last('alerts')).toMatchObject([
    { alertType: 'sensor_fault', reason: 'silent', deviceId: 'a', status: 'active' },
  ])
  expect(silent(driver)).toEqual(['a from 10:00: 10:35–'])
  driver.pipe({ at: '11:00', device: 'a' }, ...from('b', '11:01')).advanceTo('11:01')
  expect(silent(driver)).toEqual(['a from 10:00: 10:35–11:00'])
  expect(driver.last('silences')).toEqual([])
})

test('at exactly the limit it is silent, unless it checks in at that instant', () => {
  const others = from('b', '10:10', '10:30')
  expect(
    silent(
      unit()
        .pipe(...from('a', '10:00'), ...others)
        .advanceTo('10:30'),
    ),
  ).toEqual(['a from 10:00: 10:30–'])
  const inTime = unit().pipe(...from('a', '10:00'), others[0]!, ...from('a', '10:30'), others[1]!)
  expect(silent(inTime.advanceTo('10:31'))).toEqual([])
  const early = unit().pipe(...from('a', '10:00'), ...from('b', '10:10', '10:29:59.999'))
  expect(silent(early.advanceTo('10:29:59.999'))).toEqual([])
})

test('where all fall silent together, it is the unit that is', () => {
  const driver = unit()
    .pipe(...from('a', '10:00'), ...from('b', '10:05'))
    .advanceTo('13:00')
  expect(silent(driver)).toEqual([])
  expect(driver.last('silences')).toMatchObject([{ startedAt: at('10:05') }])
})

test('after a time in which none was heard, the silence of each counts anew', () => {
  const driver = unit().pipe(...from('a', '10:00'), ...from('b', '10:05'), ...from('c', '10:06'))
  driver.pipe(...from('b', '13:10'), ...from('c', '13:15', '13:39')).advanceTo('13:39:59')
  expect(silent(driver)).toEqual([])
  expect(silent(driver.pipe(...from('c', '13:40')).advanceTo('13:40')).sort()).toEqual([
    'a from 10:00: 13:40–',
    'b from 13:10: 13:40–',
  ])
})

test('none was heard for a limit also where it is exactly that long', () => {
  const brokenAt = (time: string) =>
    unit()
      .pipe(...from('a', '10:00'), ...from('b', '10:05', time))
      .advanceTo(time)
  expect(silent(brokenAt('10:35'))).toEqual([])
  expect(silent(brokenAt('10:34:59.999'))).toEqual(['a from 10:00: 10:34–'])
})

test('a device that is heard within its own limit shows the silence of one with a shorter limit', () => {
  const driver = new UnitDriver(withDevices(['a', 30], ['door', 90]))
  driver.pipe(...from('a', '10:00'), { at: '10:05', device: 'door', kind: 'door' })
  driver.pipe({ at: '11:05', device: 'door', kind: 'door' })
  expect(silent(driver.advanceTo('11:05'))).toEqual(['a from 10:00: 11:05–'])
})

test('a unit of one device has none', () => {
  expect(
    silent(
      unit()
        .pipe(...from('a', '10:00', '12:00'))
        .advanceTo('15:00'),
    ),
  ).toEqual([])
})

test('a door sensor that falls silent is told, and one that is heard tells of the others', () => {
  const door = (time: string): Sample => ({ at: time, device: 'door', kind: 'door', doorOpen: false })
  const driver = unit()
    .pipe(door('10:00'), ...from('a', '10:10', '10:20', '10:30'))
    .advanceTo('10:30')
  expect(silent(driver)).toEqual(['door from 10:00: 10:30–'])
  driver.pipe(door('10:40'), door('11:00')).advanceTo('11:00')
  expect(silent(driver).sort()).toEqual(['a from 10:30: 11:00–', 'door from 10:00: 10:30–10:40'])
})

test('a device never seen is not silent, and replayed history is no check-in', () => {
  const driver = unit().pipe(
    ...from('a', '10:00', '10:20', '10:40', '11:00'),
    { at: '10:05', device: 'b', temperature: 5, history: true },
    ...from('c', '10:10'),
    { at: '10:35', device: 'c', temperature: 5, history: true },
  )
  expect(silent(driver.advanceTo('11:10'))).toEqual(['c from 10:10: 10:40–'])
})

test('a late check-in takes the silence back, and one inside it ends it earlier', () => {
  const driver = unit()
    .pipe(...from('a', '10:00'), ...from('b', '10:20', '10:35', '11:00'))
    .advanceTo('11:00')
  const [alert] = driver.last('alerts')
  expect(silent(driver)).toEqual(['a from 10:00: 10:35–'])
  driver.pipe(...from('a', '10:50')).advanceTo('11:00')
  expect(silent(driver)).toEqual(['a from 10:00: 10:35–10:50'])
  driver.pipe(...from('a', '10:10')).advanceTo('11:00')
  expect(silent(driver)).toEqual([])
  expect(driver.sent.alerts.at(-1)).toMatchObject({
    ...{ id: alert?.id, status: 'retracted', alertType: 'sensor_fault', reason: 'silent', deviceId: 'a' },
  })
})

test('its alert waits for the delay, and none opens if it checks in before', () => {
  const delayed = () => unit({ validFrom: 1, delayMinutes: 20 })
  const others = from('b', '10:10', '10:30', '10:40', '10:50')
  expect(
    silent(
      delayed()
        .pipe(...from('a', '10:00'), ...others)
        .advanceTo('11:00'),
    ),
  ).toEqual(['a from 10:00: 10:50–'])
  const back = delayed().pipe(...from('a', '10:00'), ...others, ...from('a', '10:45'))
  expect(silent(back.advanceTo('11:00'))).toEqual([])
})

test('a rule that sets no limit watches none, and nothing of it is kept', () => {
  const driver = unit({ validFrom: 1, deviceSilentMinutes: null })
  driver.pipe(...from('a', '10:00'), ...from('b', '11:00', '12:00')).advanceTo('12:00')
  expect(silent(driver)).toEqual([])
  expect(driver.state.live.sensors).toEqual([])
})

test('a version with a longer limit ends no silence, one that watches none does', () => {
  const versions = [
    { validFrom: at('11:00'), deviceSilentMinutes: 600 },
    { validFrom: at('12:00'), deviceSilentMinutes: null },
    { validFrom: at('13:00') },
  ]
  const driver = unit(...versions).pipe(...from('a', '10:00'), ...from('b', '10:10', '10:30', '11:30'))
  expect(silent(driver.advanceTo('11:30'))).toEqual(['a from 10:00: 10:30–'])
  driver.pipe(...from('b', '12:30')).advanceTo('12:30')
  expect(driver.state.live.sensors).toEqual([])
  // Under the version of 13:00 it has not been seen.
  expect(silent(driver.pipe(...from('b', '13:30')).advanceTo('14:00'))).toEqual(['a from 10:00: 10:30–12:00'])
})

test('a version with a shorter limit counts from the next check-in of another on', () => {
  const driver = unit({ validFrom: at('10:20'), deviceSilentMinutes: 10 })
  driver.pipe(...from('a', '10:00'), ...from('b', '10:15', '10:24')).advanceTo('10:23')
  expect(silent(driver.advanceTo('10:24'))).toEqual(['a from 10:00: 10:24–'])
})

test('a limit of the device’s own wins over the rule’s, and needs none', () => {
  const log = [...from('a', '10:00'), ...from('b', '10:00'), ...from('c', '10:20', '10:40', '11:00')]
  const driver = new UnitDriver(withDevices(['a', 60], ['b', null], ['c', null]))
  expect(silent(driver.pipe(...log).advanceTo('11:00')).sort()).toEqual([
    'a from 10:00: 11:00–',
    'b from 10:00: 10:40–',
  ])
  const { devices } = withDevices(['a', 15], ['b', null], ['c', null])
  const alone = new UnitDriver({ ...fridge({}), devices })
  expect(silent(alone.pipe(...log).advanceTo('11:00'))).toEqual(['a from 10:00: 10:20–'])
})

test('a device that leaves the unit is not silent in it', () => {
  const config = withDevices(['a', null, '00:00', '10:50'], ['b', null])
  const driver = new UnitDriver(config).pipe(
    ...from('a', '10:00'),
    ...from('b', '10:10', '10:30', '11:00', '12:00'),
  )
  expect(silent(driver.advanceTo('12:00'))).toEqual(['a from 10:00: 10:30–10:50'])
})

test('a version of the device without a limit ends its silence at that instant', () => {
  const { devices } = withDevices(['a', 20, '00:00', '10:50'], ['a', null, '10:50'], ['b', null])
  const driver = new UnitDriver({ ...fridge({}), devices })
  driver.pipe(...from('a', '10:00'), ...from('b', '10:30', '11:00')).advanceTo('11:10')
  expect(silent(driver)).toEqual(['a from 10:00: 10:30–10:50'])
  expect(silent(driver.pipe(...from('b', '11:30')).advanceTo('11:30'))).toHaveLength(1)
})

test('neither the order inside grace nor restarts change the silences of devices', () => {
  const log = [
    ...['a', 'b', 'c'].flatMap((device, n) =>
      Array.from({ length: 20 }, (_, i) => ({
        at: at('10:00') + minutes(i * 9 + n),
        device,
        temperature: 5,
      })),
    ),
  ].filter(({ at: ms, device }) => device !== 'b' || ms % minutes(7) < minutes(3))
  const config = withDevices(['a', null], ['b', 20], ['c', null, '00:00', '12:00'])
  const expected = silent(
    new UnitDriver(config).pipe(...log.toSorted((x, y) => x.at - y.at)).advanceTo('14:00'),
  )
  expect(expected.length).toBeGreaterThan(1)
  for (let seed = 1; seed <= 40; seed++) {
    const driver = new UnitDriver(config, { graceMs: minutes(600) })
    const shuffled = log.map((sample, i) => ({ sample, rank: ((i + 1) * 7919 * seed) % 104729 }))
    shuffled.sort((x, y) => x.rank - y.rank)
    for (const [i, { sample }] of shuffled.entries()) {
      driver.pipe(sample)
      if (i % 9 === seed % 9) driver.advanceTo(sample.at).restart()
    }
    expect(silent(driver.advanceTo('14:00')).sort()).toEqual(expected.toSorted())
  }
})
