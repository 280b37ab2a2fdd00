import { describe, expect, test } from 'vitest'
import { alerts, at, door, reading, rule, seen, valuesOf } from './scenario.ts'

describe('door events', () => {
  test('only changes make events, each with the time spent in the previous state', () => {
    const log = [
      door('10:00', false),
      door('10:10', false),
      door('10:20', true),
      door('10:21', true),
      door('10:50', false),
    ]
    expect(valuesOf('door-events', { log })).toEqual([
      { recordedAt: at('10:00'), doorOpen: false, durationSeconds: null },
      { recordedAt: at('10:20'), doorOpen: true, durationSeconds: 1200 },
      { recordedAt: at('10:50'), doorOpen: false, durationSeconds: 1800 },
    ])
  })

  test('the last report of any device is the door, equal instants in deviceId order', () => {
    const log = [door('10:00', false, { deviceId: 'b' }), door('10:00', true, { deviceId: 'a' })]
    expect(valuesOf('door-events', { log })).toEqual([
      { recordedAt: at('10:00'), doorOpen: true, durationSeconds: null },
      { recordedAt: at('10:00'), doorOpen: false, durationSeconds: 0 },
    ])
    expect(valuesOf('door-openings', { log })).toMatchObject([{ durationSeconds: 0, closedAt: at('10:00') }])
  })
})

describe('openings', () => {
  const rules = [rule({ doorOpenWarningMinutes: 10, doorOpenCriticalMinutes: 30 })]

  test('a first report "open" starts one; it passes the limits by timer and runs to the clock', () => {
    expect(valuesOf('door-openings', { rules, log: [door('10:00', true)], asOf: '10:30' })).toEqual([
      {
        openedAt: at('10:00'),
        closedAt: null,
        durationSeconds: 1800,
        warningAt: at('10:10'),
        criticalAt: at('10:30'),
      },
    ])
  })

  test('closing at exactly the instant wins', () => {
    const log = [door('10:00', true), door('10:10', false), door('11:00', true), door('11:30', false)]
    expect(valuesOf('door-openings', { rules, log })).toMatchObject([
      {
        openedAt: at('10:00'),
        closedAt: at('10:10'),
        durationSeconds: 600,
        warningAt: null,
        criticalAt: null,
      },
      { openedAt: at('11:00'), closedAt: at('11:30'), warningAt: at('11:10'), criticalAt: null },
    ])
  })

  test('a version that comes later takes effect at its instant, and the door has no hold limit', () => {
    const late = [rule({ doorOpenWarningMinutes: 10, expectedReadingIntervalSeconds: 60 }, '11:00')]
    expect(
      valuesOf('door-openings', { rules: late, log: [door('10:00', true)], asOf: '12:00' }),
    ).toMatchObject([{ warningAt: at('11:00'), criticalAt: null, closedAt: null }])
  })

  test('the alert opens with the delay after the first of warning and critical, for a cause that lasts', () => {
    const delayed = [rule({ doorOpenCriticalMinutes: 5, doorOpenWarningMinutes: 10, delayMinutes: 5 })]
    const log = [door('10:00', true), door('10:40', false), door('11:00', true), door('11:10', false)]
    // 10:00 + 5 + 5; the second closes at exactly 11:10
    expect(alerts({ rules: delayed, log })).toEqual(['door_open 10:10-10:40'])
  })
})

test('a door device that shows a temperature of its own kind is no check-in of the temperature', () => {
  const devices = {
    door: [{ validFrom: 0, unitId: 'fridge', kind: 'door' as const }],
    probe: [{ validFrom: 0, unitId: 'fridge', kind: 'temperature' as const }],
  }
  const rules = [rule({ expectedReadingIntervalSeconds: 600 })]
  const log = [seen('10:00'), reading('10:05', 4, { deviceId: 'door' }), door('10:20', true)]
  // the probe needs no temperature to be there; the door's 4 °C are a reading of the unit
  expect(valuesOf('silences', { rules, log, devices })).toMatchObject([{ startedAt: at('10:00') }])
  expect(valuesOf('rollups', { rules, log, devices })[0]).toMatchObject({ count: 1, sum: 4 })
})
