import { expect, test } from 'vitest'
import { at, fridge, type Sample, UnitDriver } from './unit-driver.ts'

const rule = {
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 10,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 2,
  offlineCriticalMissedCheckins: 4,
  delayMinutes: 15,
}

function statuses(clock: string, ...samples: Sample[]): [string, string][] {
  const changes = new UnitDriver(fridge(rule))
    .pipe(...samples)
    .lookAt(clock)
    .last('unit-status')
  return changes.map(({ at: ms, status }) => [new Date(ms).toISOString().slice(11, 16), status])
}

test('status begins with the first observation', () => {
  expect(statuses('10:01', { at: '10:00', doorOpen: false })).toEqual([['10:00', 'ok']])
})

test('excursion, alarm, restoring for delayMinutes, ok', () => {
  const samples = [
    { at: '10:00', temperature: 9 },
    { at: '10:10', temperature: 9 },
    { at: '10:20', temperature: 5 },
    { at: '10:30', temperature: 5 },
  ]
  expect(statuses('10:40', ...samples)).toEqual([
    ['10:00', 'excursion'],
    ['10:10', 'alarm_active'],
    ['10:20', 'restoring'],
    ['10:35', 'ok'],
  ])
})

test('restoring goes on after an unconfirmed excursion in between', () => {
  const samples = [
    { at: '10:00', temperature: 9 },
    { at: '10:12', temperature: 5 },
    { at: '10:15', temperature: 9 },
    { at: '10:20', temperature: 5 },
  ]
  expect(statuses('10:30', ...samples)).toEqual([
    ['10:00', 'excursion'],
    ['10:10', 'alarm_active'],
    ['10:12', 'restoring'],
    ['10:15', 'excursion'],
    ['10:20', 'restoring'],
    ['10:27', 'ok'],
  ])
})

test('past the deadline monitoring is interrupted, and a critical silence is offline', () => {
  expect(statuses('12:00', { at: '10:00', temperature: 5 }, { at: '11:00', temperature: 5 })).toEqual([
    ['10:00', 'ok'],
    ['10:20', 'monitoring_interrupted'],
    ['10:40', 'offline'],
    ['11:00', 'ok'],
    ['11:20', 'monitoring_interrupted'],
    ['11:40', 'offline'],
  ])
})

test('a confirmed excursion stands above silence, an unconfirmed one below', () => {
  expect(statuses('10:45', { at: '10:00', temperature: 9 })).toEqual([
    ['10:00', 'excursion'],
    ['10:10', 'alarm_active'],
  ])
  const checkins = [
    { at: '10:00', device: 'b', temperature: 9 },
    { at: '10:05', device: 'b', temperature: 5 },
    { at: '10:24', device: 'b', temperature: 9, history: true },
  ]
  expect(statuses('10:30', ...checkins)).toEqual([
    ['10:00', 'excursion'],
    ['10:05', 'ok'],
    ['10:24', 'excursion'],
    ['10:25', 'monitoring_interrupted'],
  ])
})

test('another cause under the same status is no event', () => {
  const driver = new UnitDriver(fridge({ ...rule, tempMin: 2 }))
  driver.pipe({ at: '10:00', temperature: 9 }, { at: '10:05', temperature: 1 }).lookAt('10:06')
  expect(driver.last('excursions')).toHaveLength(2)
  expect(driver.last('unit-status')).toMatchObject([{ status: 'excursion' }])
})

test('every change carries the id of its cause', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:00', temperature: 9 },
    { at: '10:12', temperature: 5 },
  )
  const [excursion] = driver.lookAt('11:00').last('excursions')
  const [silence] = driver.last('silences')
  expect(driver.last('unit-status').map(({ status, causeId }) => [status, causeId])).toEqual([
    ['excursion', excursion?.id],
    ['alarm_active', excursion?.id],
    ['restoring', excursion?.id],
    ['ok', null],
    ['monitoring_interrupted', silence?.id],
    ['offline', silence?.id],
  ])
  expect(silence).toMatchObject({ startedAt: at('10:12') })
})

test('two changes at one instant are one event: confirmed at once is an alarm from its first instant', () => {
  const driver = new UnitDriver(fridge({ tempMax: 8 }))
    .pipe({ at: '10:00', temperature: 9 })
    .advanceTo('10:00')
  expect(driver.last('unit-status')).toMatchObject([{ at: at('10:00'), status: 'alarm_active' }])
})
