// semantics.md, "Unit status" and "Alerts", as far as dry-run tells them.
import { expect, test } from 'vitest'
import { at, door, reading } from '../../processors/testing/scenario.ts'
import { alerts, fridge, heard, judged, statuses } from './judged-twice.ts'

const rules = [fridge({ ...heard, offlineCriticalMissedCheckins: 5, delayMinutes: 7 })]

test('Highest first: `alarm_active` (a confirmed excursion is open), `offline` (critical silence),', () => {
  const log = [reading('10:00', 5), reading('11:00', 9), reading('11:20', 9), reading('11:30', 5)]
  expect(statuses({ rules, log, asOf: '12:00' })).toEqual([
    '10:00 ok',
    '10:30 monitoring_interrupted',
    '10:50 offline',
    '11:00 excursion',
    '11:15 alarm_active',
    '11:30 restoring',
    '11:37 ok',
    '12:00 monitoring_interrupted',
  ])
  // A confirmed excursion stands above the silence that follows.
  expect(statuses({ rules, log: [reading('10:00', 9)], asOf: '12:00' })).toEqual([
    '10:00 excursion',
    '10:15 alarm_active',
  ])
})

test("Every change is an event with the cause's id.", () => {
  const lines = judged({ units: { fridge: rules } }, [reading('10:00', 9), reading('10:20', 5)], '10:30')
  const excursion = lines.find(({ topic }) => topic === 'excursions')?.value.id
  const changes = lines
    .filter(({ topic }) => topic === 'unit-status')
    .map(({ value }) => [value.status, value.causeId])
  expect(changes).toEqual([
    ['excursion', excursion],
    ['alarm_active', excursion],
    ['restoring', excursion],
    ['ok', null],
  ])
})

test('An alert opens `delayMinutes` after its cause is confirmed, inside the rule', () => {
  expect(alerts({ rules, log: [reading('10:00', 9)], asOf: '10:22' })).toEqual(['alarm_active 10:22-'])
  const evening = [fridge({ delayMinutes: 7, schedule: { days: [1], startHour: 18, endHour: 20 } })]
  expect(alerts({ rules: evening, log: [reading('10:00', 9)], asOf: '21:00' })).toEqual([
    'alarm_active 18:00-',
  ])
  // Once per cause, however long it lasts and however often it is out again.
  const log = [reading('10:00', 9), reading('11:00', 10), reading('12:00', 9), reading('12:10', 5)]
  expect(alerts({ rules: [fridge()], log })).toEqual(['alarm_active 10:15-12:10'])
})

test('Types: `alarm_active`, `monitoring_interrupted`, `missed_manual_entry`, `low_battery`,', () => {
  const log = [reading('10:00', 9), door('10:00', true)]
  const all = [fridge({ ...heard, doorOpenWarningMinutes: 20 })]
  expect(alerts({ rules: all, log, asOf: '11:00' }).toSorted()).toEqual([
    'alarm_active 10:15-',
    'door_open 10:20-',
    'monitoring_interrupted 10:30-',
  ])
})

test('The end of the cause resolves it; a cause that a late sample retracts resolves it as `retracted`.', () => {
  const log = [reading('10:00', 9), reading('10:30', 9), reading('10:40', 5)]
  expect(alerts({ rules: [fridge()], log })).toEqual(['alarm_active 10:15-10:40'])
  // The late sample leaves two that end before they are confirmed: dry-run leaves out what was retracted.
  const late = reading('10:10', 5, { receivedAt: at('10:40') })
  expect(alerts({ rules: [fridge()], log: [...log, late] })).toEqual([])
})
