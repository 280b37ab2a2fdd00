import { expect, test } from 'vitest'
import { at, fridge, minutes, UnitDriver } from './unit-driver.ts'

const unit = (...versions: object[]) =>
  new UnitDriver(fridge({ doorOpenWarningMinutes: 5, doorOpenCriticalMinutes: 10 }, ...versions))

test('only changes make door events; each carries the time spent in the previous state', () => {
  const driver = unit().pipe(
    { at: '10:00', doorOpen: false },
    { at: '10:05', doorOpen: false },
    { at: '10:07', doorOpen: true },
    { at: '10:08', doorOpen: true },
    { at: '10:09:30', doorOpen: false },
  )
  expect(driver.lookAt('10:10').last('door-events')).toMatchObject([
    { recordedAt: at('10:00'), doorOpen: false, durationSeconds: null },
    { recordedAt: at('10:07'), doorOpen: true, durationSeconds: 420 },
    { recordedAt: at('10:09:30'), doorOpen: false, durationSeconds: 150 },
  ])
})

test('a first report "open" starts an opening', () => {
  expect(unit().pipe({ at: '10:00', doorOpen: true }).lookAt('10:01').last('door-openings')).toMatchObject([
    { openedAt: at('10:00'), closedAt: null, durationSeconds: null, state: 'open' },
  ])
})

test('an opening passes its warning and critical instants by timer', () => {
  const driver = unit().pipe({ at: '10:00', doorOpen: true }).advanceTo('10:05')
  expect(driver.last('door-openings')).toMatchObject([{ warningAt: at('10:05'), criticalAt: null }])
  driver.advanceTo('10:10').pipe({ at: '10:12', doorOpen: false }).advanceTo('10:13')
  expect(driver.last('door-openings')).toMatchObject([
    { warningAt: at('10:05'), criticalAt: at('10:10'), closedAt: at('10:12'), durationSeconds: 720 },
  ])
})

test('each instant of an opening goes out when it comes, and not with the next one', () => {
  const driver = unit().pipe({ at: '10:00', doorOpen: true }).advanceTo('10:05')
  expect(driver.sent['door-openings'].at(-1)).toMatchObject({ warningAt: at('10:05'), criticalAt: null })
  driver.advanceTo('10:10')
  expect(driver.sent['door-openings'].at(-1)).toMatchObject({ criticalAt: at('10:10') })
})

test('its alert is due from the first of the two on, also where a version asks again', () => {
  const rule = { doorOpenWarningMinutes: 5, doorOpenCriticalMinutes: 10, delayMinutes: 20 }
  const driver = new UnitDriver(fridge(rule, { ...rule, validFrom: at('10:12') }))
  driver.pipe({ at: '10:00', doorOpen: true }).advanceTo('10:40')
  expect(driver.last('alerts')).toMatchObject([{ alertType: 'door_open', triggeredAt: at('10:25') }])
})

test('closing at exactly that instant wins', () => {
  const driver = unit()
    .pipe({ at: '10:00', doorOpen: true }, { at: '10:05', doorOpen: false })
    .advanceTo('10:20')
  expect(driver.last('door-openings')).toMatchObject([{ warningAt: null, criticalAt: null }])
})

test('the last report of any device is the unit’s door', () => {
  const driver = unit().pipe(
    { at: '10:00', device: 'a', doorOpen: true },
    { at: '10:01', device: 'b', doorOpen: true },
    { at: '10:02', device: 'b', doorOpen: false },
  )
  expect(driver.lookAt('10:03').last('door-openings')).toMatchObject([
    { closedAt: at('10:02'), durationSeconds: 120 },
  ])
})

test('a sensor that only sends edges holds its state between them, and warns by timer days later', () => {
  const driver = new UnitDriver(
    fridge({ doorOpenWarningMinutes: 30, expectedReadingIntervalSeconds: 600, delayMinutes: 0 }),
  )
  const report = { device: 'door', kind: 'door' } as const
  driver.pipe({ at: '2026-02-02T08:00Z', ...report, doorOpen: true }).advanceTo('2026-02-02T08:10Z')
  driver.pipe({ at: '2026-02-02T08:10Z', ...report, doorOpen: false })
  driver.pipe({ at: '2026-02-05T08:00Z', ...report, doorOpen: true }).advanceTo('2026-02-05T09:00Z')
  expect(driver.last('door-openings')).toMatchObject([
    { openedAt: at('2026-02-02T08:00Z'), closedAt: at('2026-02-02T08:10Z'), warningAt: null },
    { openedAt: at('2026-02-05T08:00Z'), closedAt: null, warningAt: at('2026-02-05T08:30Z') },
  ])
  expect(driver.last('door-events').map(({ durationSeconds }) => durationSeconds)).toEqual([
    null,
    600,
    (3 * 24 * 60 - 10) * 60,
  ])
  // It is not the one that gives the temperature: between its edges nothing is silent.
  expect(driver.last('silences')).toEqual([])
})

test('at one instant reports follow each other by deviceId, whatever their order of arrival', () => {
  const driver = unit().pipe(
    { at: '10:00', device: 'b', doorOpen: false },
    { at: '10:00', device: 'a', doorOpen: true },
  )
  expect(driver.lookAt('10:01').last('door-openings')).toMatchObject([
    { closedAt: at('10:00'), durationSeconds: 0 },
  ])
})

test('however many openings there are at one instant, each is told under an id of its own', () => {
  const driver = unit().pipe(
    ...['a', 'b', 'c', 'd', 'e'].map((device, n) => ({ at: '10:00', device, doorOpen: n % 2 === 0 })),
  )
  const openings = driver.lookAt('10:01').last('door-openings')
  expect(openings.map(({ closedAt }) => closedAt)).toEqual([at('10:00'), at('10:00'), null])
  expect(new Set(openings.map(({ id }) => id)).size).toBe(3)
})

test('a new version changes the limits of an open opening from its validFrom on', () => {
  const driver = unit({ validFrom: at('10:04'), doorOpenWarningMinutes: 2, doorOpenCriticalMinutes: 20 })
  expect(driver.pipe({ at: '10:00', doorOpen: true }).advanceTo('10:30').last('door-openings')).toMatchObject(
    [{ warningAt: at('10:04'), criticalAt: at('10:20') }],
  )
})

test('a late report splits an opening, and the events after it follow', () => {
  const driver = unit()
    .pipe({ at: '10:00', doorOpen: true }, { at: '10:30', doorOpen: false })
    .advanceTo('10:30')
  driver.pipe({ at: '10:03', doorOpen: false }).advanceTo('10:31')
  expect(driver.last('door-openings')).toMatchObject([{ closedAt: at('10:03'), warningAt: null }])
  expect(driver.last('door-events').map((event) => [event.recordedAt, event.durationSeconds])).toEqual([
    [at('10:00'), null],
    [at('10:03'), minutes(3) / 1000],
  ])
  expect(driver.sent['door-events'].at(-1)).toMatchObject({ retracted: true, recordedAt: at('10:30') })
})

test('a counter that shows lost edges adds openings marked inferred', () => {
  const driver = unit().pipe(
    { at: '10:00', doorOpen: false, doorOpenCount: 7 },
    { at: '11:00', doorOpen: false, doorOpenCount: 9, lastOpenSeconds: 40 },
  )
  expect(driver.lookAt('11:01').last('door-openings')).toMatchObject([
    { inferred: true, openedAt: at('11:00'), closedAt: at('11:00'), durationSeconds: null },
    { inferred: true, openedAt: at('11:00'), closedAt: at('11:00'), durationSeconds: 40 },
  ])
  expect(driver.last('rollups').find(({ granularity }) => granularity === 'day')).toMatchObject({
    doorOpenings: 2,
  })
})

test('a counter that was seen to rise adds nothing, whether it counts at the opening or at the closing edge', () => {
  const atOpening = unit().pipe(
    { at: '10:00', doorOpen: false, doorOpenCount: 7 },
    { at: '10:10', doorOpen: true, doorOpenCount: 8 },
    { at: '10:11', doorOpen: false, doorOpenCount: 8 },
  )
  const atClosing = unit().pipe(
    { at: '10:00', doorOpen: false, doorOpenCount: 7 },
    { at: '10:10', doorOpen: true, doorOpenCount: 7 },
    { at: '10:11', doorOpen: false, doorOpenCount: 8 },
  )
  for (const driver of [atOpening, atClosing])
    expect(driver.lookAt('10:20').last('door-openings')).toMatchObject([{ inferred: false }])
})

test('a counter that was reset adds nothing', () => {
  const driver = unit().pipe(
    { at: '10:00', doorOpen: false, doorOpenCount: 700 },
    { at: '11:00', doorOpen: false, doorOpenCount: 2 },
  )
  expect(driver.lookAt('11:01').last('door-openings')).toEqual([])
})
