// semantics.md, "Identity".
import { expect, test } from 'vitest'
import { at, door, reading, seen } from '../../processors/testing/scenario.ts'
import { fridge, heard, hours, judged, valuesOf } from './judged-twice.ts'

const session = (fCnt: number, sessionKeyId = 's') => ({ sessionKeyId, fCnt })

test('An uplink is `(devEui, sessionKeyId, fCnt)`, and without a session key', () => {
  const log = [
    reading('10:00', 5, session(1)),
    reading('10:10', 6, session(1)),
    reading('10:20', 7, session(1, 't')),
    reading('10:30', 3, session(1, 's')),
    reading('10:30', 4, { ...session(1), deviceId: 'other' }),
    reading('10:40', 2),
    reading('10:40', 2),
  ]
  // Of the first session only the first counts; the other session, the other device and the keyless one count.
  expect(hours({ rules: [fridge()], log })).toMatchObject([{ count: 4, sum: 5 + 7 + 4 + 2 }])
})

test('It counts once, however often and however late it is delivered.', () => {
  const once = [reading('10:00', 9, session(1)), reading('10:10', 5, session(2))]
  const late = reading('10:00', 9, { ...session(1), receivedAt: at('20 10:00') })
  const log = [...once, ...once, seen('20 09:00', session(3)), late, late]
  const scenario = { rules: [fridge()], log }
  expect(valuesOf('excursions', scenario)).toMatchObject([{ count: 1, endedAt: at('10:10') }])
  expect(valuesOf('quarantine', scenario)).toEqual([])
  expect(hours(scenario)[0]).toMatchObject({ count: 2 })
})

test('A join starts a new session, so `fCnt` restarts; an absent `f_cnt` in the JSON is 0.', () => {
  const log = [
    reading('10:00', 5, session(41)),
    reading('10:10', 6, { sessionKeyId: 'after-join' }),
    reading('10:20', 7, { sessionKeyId: 'after-join', fCnt: 0 }),
  ]
  expect(hours({ rules: [fridge()], log })).toMatchObject([{ count: 2, sum: 11 }])
})

test('A reading is `(unitId, deviceId, recordedAt)`.', () => {
  const config = { units: { fridge: [fridge()], other: [fridge()] } }
  const log = [
    reading('10:00', 5),
    reading('10:00', 6, { deviceId: 'second' }),
    reading('10:00', 7, { unitId: 'other' }),
    reading('10:00', 8, { recordedAt: '2026-06-15T10:00:00.001Z' }),
  ]
  const lines = judged(config, log)
  const counts = lines
    .filter(({ value }) => value.granularity === 'hour')
    .map(({ key, value }) => [key, value.count])
  expect(counts).toEqual([
    ['fridge', 3],
    ['other', 1],
  ])
})

test('Another value under the same identity: the first in the log stays, the other goes to quarantine', () => {
  const log = [
    reading('10:00', 5, session(1)),
    reading('10:00', 9, session(2)),
    reading('10:00', 5, session(3)),
    reading('10:10', 5, session(4)),
  ]
  const scenario = { rules: [fridge()], log }
  expect(valuesOf('quarantine', scenario)).toMatchObject([
    { reason: 'conflict', temperature: 9, recordedAt: at('10:00'), unitId: 'fridge', deviceId: 'probe' },
  ])
  expect(hours(scenario)).toMatchObject([{ count: 2, max: 5 }])
})

test('A simulated uplink (`simulated: true`) is stored and marked, and moves no excursion, door,', () => {
  const simulated = { simulated: true }
  const log = [
    reading('10:00', 5),
    reading('10:10', 30, simulated),
    door('10:11', true, simulated),
    reading('10:20', 5),
    reading('11:00', 5, simulated),
  ]
  const rules = [fridge({ ...heard, doorOpenWarningMinutes: 1 })]
  const topics = ['excursions', 'door-events', 'door-openings', 'alerts', 'quarantine'] as const
  for (const topic of topics) expect(valuesOf(topic, { rules, log, asOf: '10:49' })).toEqual([])
  expect(hours({ rules, log, asOf: '10:50' })).toMatchObject([{ count: 2, max: 5, doorOpenSeconds: 0 }])
  expect(valuesOf('silences', { rules, log, asOf: '11:10' })).toMatchObject([
    { startedAt: at('10:20'), endedAt: null },
  ])
})

test('A value that a sensor uses to say "no probe" or "fault" (327.67, 0x7FFF, NaN, null) is a check-in', () => {
  const log = [reading('10:00', 5), reading('10:20', 327.67), seen('10:40', { temperature: null })]
  const scenario = { rules: [fridge(heard)], log, asOf: '11:10' }
  expect(valuesOf('excursions', scenario)).toEqual([])
  expect(valuesOf('silences', scenario)).toMatchObject([{ startedAt: at('10:40'), detectedAt: at('11:10') }])
  expect(hours(scenario)).toMatchObject([{ count: 1, max: 5, knownSeconds: 1800 }])
})

test('Exactly 0 °C is a temperature.', () => {
  const scenario = { rules: [fridge()], log: [reading('10:00', 0), reading('10:10', 5)] }
  expect(valuesOf('excursions', scenario)).toMatchObject([{ direction: 'low', peak: 0, degreeMinutes: 20 }])
})
