import { expect, test } from 'vitest'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const rule = { manualIntervalMinutes: 240, manualGraceMinutes: 30 }

const statuses = (driver: UnitDriver): string[] =>
  driver
    .last('unit-status')
    .map(({ at: ms, status }) => `${new Date(ms).toISOString().slice(11, 16)} ${status}`)

test('a manual log is overdue interval and grace after the last one, by timer, and until the next', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 }).enter('08:20')
  expect(driver.advanceTo('12:49').last('alerts')).toEqual([])
  driver.advanceTo('12:50')
  expect(driver.last('alerts')).toMatchObject([
    {
      alertType: 'missed_manual_entry',
      causeStartedAt: at('12:20'),
      triggeredAt: at('12:50'),
      status: 'active',
    },
  ])
  const [overdue] = driver.last('alerts')
  expect(driver.last('unit-status').at(-1)).toMatchObject({
    status: 'manual_required',
    causeId: overdue!.causeId,
  })
  driver.enter('13:10').advanceTo('13:20')
  expect(driver.last('alerts')).toMatchObject([{ status: 'resolved', resolvedAt: at('13:10') }])
  expect(statuses(driver)).toEqual(['08:00 ok', '12:50 manual_required', '13:10 ok'])
})

test('before the first log the interval begins with the first observation, or with the version that asks for logs', () => {
  const driver = new UnitDriver(fridge({}, { ...rule, validFrom: at('09:00') }))
  driver.pipe({ at: '08:00', temperature: 5 }).advanceTo('13:30')
  expect(driver.last('alerts')).toMatchObject([{ causeStartedAt: at('13:00'), triggeredAt: at('13:30') }])
})

test('a log at exactly the instant at which it would be overdue wins', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 }).enter('12:30')
  expect(driver.advanceTo('16:59').last('alerts')).toEqual([])
})

test('a log that is entered late takes the alert back', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 }).advanceTo('13:00')
  expect(driver.last('alerts')).toHaveLength(1)
  driver.enter('12:10').advanceTo('13:00')
  expect(driver.last('alerts')).toEqual([])
  expect(statuses(driver)).toEqual(['08:00 ok'])
})

test('a log from before the checkpoint counts from the checkpoint’s last event on', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 }).advanceTo('13:00')
  driver.pipe({ at: '16:00', temperature: 5 }).advanceTo('16:00').restart()
  driver.enter('12:10').advanceTo('16:00')
  expect(driver.last('alerts')).toMatchObject([{ status: 'resolved', resolvedAt: at('12:30') }])
  expect(driver.advanceTo('16:40').last('alerts')).toHaveLength(2)
})

test('so does one from exactly that event on, and one that a restart comes after', () => {
  const passed = () =>
    new UnitDriver(fridge(rule))
      .pipe({ at: '08:00', temperature: 5 }, { at: '16:00', temperature: 5 })
      .advanceTo('16:00')
  expect(passed().state.checkpoint.positionMs).toBe(at('12:30'))
  for (const driver of [passed().enter('12:30'), passed().enter('12:10').restart()])
    expect(driver.advanceTo('16:00').last('alerts')).toMatchObject([{ resolvedAt: at('12:30') }])
})

test('a log that the checkpoint has passed is forgotten, and none that it has not', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 }).enter('08:20')
  driver.enter('16:30').pipe({ at: '12:00', temperature: 5 }).advanceTo('12:00')
  expect(driver.state.entries).toEqual([{ atMs: at('16:30'), alertId: null }])
  expect(driver.advanceTo('17:00').last('alerts')).toMatchObject([{ resolvedAt: at('16:30') }])
})

test('logs that are told in another order than they were made count the same', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '08:00', temperature: 5 })
  driver.enter('15:00').enter('16:00').enter('12:00').advanceTo('20:00')
  expect(driver.last('alerts')).toEqual([])
})

test('logs that come before any reading wait for it', () => {
  const driver = new UnitDriver(fridge(rule)).enter('07:00').enter('14:00').enter('10:00').restart()
  driver.pipe({ at: '08:00', temperature: 5 }).advanceTo('19:00')
  expect(driver.last('alerts')).toMatchObject([{ causeStartedAt: at('18:00'), triggeredAt: at('18:30') }])
})

test('where silence makes manual logging required, it starts the interval and its end ends it', () => {
  const silent = { ...rule, manualOnlyWhenSilent: true, expectedReadingIntervalSeconds: 1800 }
  const driver = new UnitDriver(fridge(silent)).pipe({ at: '08:00', temperature: 5 })
  driver.advanceTo('13:00')
  const missed = () => driver.last('alerts').filter(({ alertType }) => alertType === 'missed_manual_entry')
  expect(missed()).toMatchObject([{ causeStartedAt: at('12:30'), triggeredAt: at('13:00') }])
  expect(driver.last('unit-status').at(-1)).toMatchObject({ status: 'monitoring_interrupted' })
  driver.pipe({ at: '14:00', temperature: 5 }).advanceTo('14:00')
  expect(missed()).toMatchObject([{ resolvedAt: at('14:00') }])
})

test('a rule that asks for no logs any more ends what is overdue; a longer interval does not', () => {
  const longer = { manualIntervalMinutes: 600, validFrom: at('13:00') }
  const driver = new UnitDriver(fridge(rule, longer, { validFrom: at('13:30') })).pipe({
    at: '08:00',
    temperature: 5,
  })
  expect(driver.advanceTo('14:00').last('alerts')).toMatchObject([{ resolvedAt: at('13:30') }])
})

test('an entry that comes twice, and a restart, change nothing', () => {
  const driver = new UnitDriver(fridge(rule))
    .pipe({ at: '08:00', temperature: 5 })
    .enter('08:20')
    .enter('08:20')
  driver.restart().enter('08:20').advanceTo('13:00')
  expect(driver.last('alerts')).toHaveLength(1)
  expect(driver.state.entries).toHaveLength(1)
})
