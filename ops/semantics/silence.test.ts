// semantics.md, "Silence".
import { expect, test } from 'vitest'
import { at, door, reading, seen } from '../../processors/testing/scenario.ts'
import { fridge, heard, judged, valuesOf } from './judged-twice.ts'

const rules = [fridge({ ...heard, offlineWarningMissedCheckins: 4, offlineCriticalMissedCheckins: 6 })]
const silences = (log: Parameters<typeof valuesOf>[1]['log'], asOf: string) =>
  valuesOf('silences', { rules, log, asOf })

test('Any uplink of a device is its check-in.', () => {
  const log = [reading('10:00', 5), seen('10:25'), seen('10:50', { humidity: 40 })]
  expect(silences(log, '11:10')).toEqual([])
  expect(silences(log, '11:20')).toMatchObject([{ startedAt: at('10:50') }])
})

test('A unit is silent when no device that gives its temperature checks in.', () => {
  const both = [reading('10:00', 5), reading('10:10', 5, { deviceId: 'second' }), door('10:20', false)]
  expect(silences(both, '10:39')).toEqual([])
  expect(silences(both, '10:40')).toMatchObject([{ startedAt: at('10:10') }])
})

test('A device never seen is not silent.', () => {
  const config = {
    units: { fridge: rules },
    devices: {
      probe: [{ validFrom: 0, unitId: 'fridge', kind: 'temperature' as const }],
      door: [{ validFrom: 0, unitId: 'fridge', kind: 'door' as const }],
    },
  }
  expect(judged(config, [door('10:00', false)], '20:00').map(({ topic }) => topic)).not.toContain('silences')
})

test('The deadline is `lastSeen + hold limit`.', () => {
  const log = [reading('10:00', 5)]
  expect(silences(log, '10:29')).toEqual([])
  expect(silences(log, '10:30')).toMatchObject([{ detectedAt: at('10:30') }])
})

test('A check-in at exactly the deadline is in time.', () => {
  expect(silences([reading('10:00', 5), seen('10:30')], '10:31')).toEqual([])
})

test('Past it a silence opens with `startedAt = lastSeen` and `detectedAt = deadline`; it ends at the next', () => {
  expect(silences([reading('10:00', 5), seen('10:33')], '10:40')).toMatchObject([
    { startedAt: at('10:00'), detectedAt: at('10:30'), endedAt: at('10:33') },
  ])
})

test('Missed check-ins at t: `floor((t − lastSeen) / expected interval)`.', () => {
  const missed = (time: string) => silences([reading('10:00', 5), seen(time)], '12:00')[0]?.missedCheckins
  expect([missed('10:39:59'), missed('10:40'), missed('10:50')]).toEqual([3, 4, 5])
})

test('`warningAt = max(deadline, lastSeen + warning count × interval)`, `criticalAt` likewise; null where', () => {
  const log = [reading('10:00', 5)]
  expect(silences(log, '11:30')).toMatchObject([{ warningAt: at('10:40'), criticalAt: at('11:00') }])
  expect(silences([...log, seen('10:40')], '10:45')).toMatchObject([{ warningAt: null, criticalAt: null }])
  expect(silences([...log, seen('11:00')], '11:05')).toMatchObject([
    { warningAt: at('10:40'), criticalAt: null },
  ])
  const eager = [fridge({ ...heard, offlineWarningMissedCheckins: 1, offlineCriticalMissedCheckins: 2 })]
  expect(valuesOf('silences', { rules: eager, log, asOf: '11:00' })).toMatchObject([
    { warningAt: at('10:30'), criticalAt: at('10:30') },
  ])
})

test('Time goes on in silence: deadlines fire from a clock, also where a partition has no traffic at all.', () => {
  expect(silences([reading('10:00', 5)], '23:00')).toMatchObject([
    { detectedAt: at('10:30'), warningAt: at('10:40'), criticalAt: at('11:00'), endedAt: null },
  ])
})
