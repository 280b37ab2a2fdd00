// semantics.md, "Door".
import { expect, test } from 'vitest'
import { at, door, reading, rule } from '../../processors/testing/scenario.ts'
import { fridge, valuesOf } from './judged-twice.ts'

test('Door sensors report state, and repeat it.', () => {
  const log = [door('10:00', true), door('10:01', true), door('10:02', true), door('10:05', false)]
  expect(valuesOf('door-openings', { log })).toMatchObject([{ openedAt: at('10:00'), durationSeconds: 300 }])
})

test('Only changes make door events; each carries `durationSeconds`, the time spent in the previous state,', () => {
  const log = [door('10:00', false), door('10:10', false), door('10:20', true), door('10:20:30', false)]
  expect(valuesOf('door-events', { log })).toMatchObject([
    { recordedAt: at('10:00'), doorOpen: false, durationSeconds: null },
    { recordedAt: at('10:20'), doorOpen: true, durationSeconds: 1200 },
    { recordedAt: at('10:20:30'), doorOpen: false, durationSeconds: 30 },
  ])
})

test('Before the first report the door is unknown.', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
  const log = [reading('10:00', 9), door('10:20', true)]
  // Unknown confirms as closed does; and the first report has no previous state to have lasted.
  expect(valuesOf('excursions', { rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:15') }])
  expect(valuesOf('door-events', { rules, log })).toMatchObject([{ durationSeconds: null }])
})

test('An opening is an episode: opened, closed, duration, and the instants at which it passed', () => {
  const rules = [rule({ doorOpenWarningMinutes: 5, doorOpenCriticalMinutes: 10 })]
  const log = [door('10:00', true), door('10:12', false)]
  expect(valuesOf('door-openings', { rules, log })).toMatchObject([
    {
      openedAt: at('10:00'),
      closedAt: at('10:12'),
      durationSeconds: 720,
      warningAt: at('10:05'),
      criticalAt: at('10:10'),
    },
  ])
  // By timer, with no report after the first.
  expect(valuesOf('door-openings', { rules, log: log.slice(0, 1), asOf: '10:05' })).toMatchObject([
    { closedAt: null, durationSeconds: 300, warningAt: at('10:05'), criticalAt: null },
  ])
})

test('closing at exactly that instant wins.', () => {
  const rules = [rule({ doorOpenWarningMinutes: 5, doorOpenCriticalMinutes: 10 })]
  const closedAt = (time: string) => [door('10:00', true), door(time, false)]
  expect(valuesOf('door-openings', { rules, log: closedAt('10:05') })).toMatchObject([{ warningAt: null }])
  expect(valuesOf('door-openings', { rules, log: closedAt('10:10') })).toMatchObject([
    { warningAt: at('10:05'), criticalAt: null },
  ])
})
