import { describe, expect, test } from 'vitest'
import { alerts, at, door, reading, rule, seen, statuses, valuesOf } from './scenario.ts'

const fields = {
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  delayMinutes: 10,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
  offlineCriticalMissedCheckins: 6,
}
const rules = [rule(fields)]

describe('status', () => {
  test('begins with the first observation and goes through excursion, alarm and restoring back to ok', () => {
    const log = [door('09:55', false), reading('10:00', 9), reading('10:20', 5), reading('10:40', 5)]
    // restoring until 10:20 + 10
    expect(statuses({ rules, log })).toEqual([
      '09:55 ok',
      '10:00 excursion',
      '10:15 alarm_active',
      '10:20 restoring',
      '10:30 ok',
    ])
  })

  test('an unconfirmed excursion ends in ok', () => {
    const log = [reading('10:00', 5), reading('10:10', 9), reading('10:20', 5)]
    expect(statuses({ rules, log })).toEqual(['10:00 ok', '10:10 excursion', '10:20 ok'])
  })

  test('silence is interrupted, then offline, and the alarm stands above both', () => {
    // silent 10:30, offline 11:00
    expect(statuses({ rules, log: [reading('10:00', 5)], asOf: '12:00' })).toEqual([
      '10:00 ok',
      '10:30 monitoring_interrupted',
      '11:00 offline',
    ])
    expect(statuses({ rules, log: [reading('10:00', 9)], asOf: '12:00' })).toEqual([
      '10:00 excursion',
      '10:15 alarm_active',
    ])
  })

  test('silence stands above an unconfirmed excursion', () => {
    const slow = [rule({ ...fields, excursionConfirmMinutesDoorClosed: 60 })]
    const log = [reading('10:00', 9), reading('10:40', 9)]
    expect(statuses({ rules: slow, log })).toEqual([
      '10:00 excursion',
      '10:30 monitoring_interrupted',
      '10:40 excursion',
    ])
  })

  test('another cause under the same status is no event', () => {
    const both = [rule({ tempMin: 2, tempMax: 8 })]
    const log = [reading('10:00', 9), reading('10:10', 1), reading('10:20', 5)]
    expect(statuses({ rules: both, log })).toEqual(['10:00 alarm_active', '10:20 ok'])
  })

  test('restoring goes on after an unconfirmed excursion in between', () => {
    const log = [
      reading('10:00', 9),
      reading('10:15', 9),
      reading('10:20', 5),
      reading('10:23', 9),
      reading('10:26', 5),
    ]
    expect(statuses({ rules, log, asOf: '10:30' })).toEqual([
      '10:00 excursion',
      '10:15 alarm_active',
      '10:20 restoring',
      '10:23 excursion',
      '10:26 restoring',
      '10:30 ok',
    ])
  })

  test('a simulated uplink begins nothing', () => {
    expect(statuses({ rules, log: [reading('10:00', 9, { simulated: true }), reading('10:05', 5)] })).toEqual(
      ['10:05 ok'],
    )
  })
})

describe('alerts', () => {
  test('open with the delay after the confirmation and are resolved by the end of the cause', () => {
    const log = [reading('10:00', 9), reading('10:26', 5)]
    expect(valuesOf('alerts', { rules, log })).toEqual([
      {
        alertType: 'alarm_active',
        causeStartedAt: at('10:00'),
        triggeredAt: at('10:25'),
        resolvedAt: at('10:26'),
      },
    ])
  })

  test('none opens where the cause ends within the delay or at its end', () => {
    expect(alerts({ rules, log: [reading('10:00', 9), reading('10:25', 5)] })).toEqual([])
  })

  test('a silence is confirmed at its detection, and one alert is opened for it', () => {
    const log = [reading('10:00', 5), seen('11:30')]
    expect(alerts({ rules, log })).toEqual(['monitoring_interrupted 10:40-11:30'])
    expect(alerts({ rules, log: log.slice(0, 1), asOf: '10:40' })).toEqual(['monitoring_interrupted 10:40-'])
  })

  test('wait for the schedule, in local time, while the cause lasts', () => {
    // Monday 15 June 2026, Berlin is UTC+2: 13 h local is 11:00 UTC. Confirmed 10:15, delay over 10:25.
    const office = [
      rule({
        tempMax: 8,
        excursionConfirmMinutesDoorClosed: 15,
        delayMinutes: 10,
        schedule: { days: [1], startHour: 13, endHour: 17 },
      }),
    ]
    const timeZone = 'Europe/Berlin'
    const log = [reading('10:00', 9)]
    expect(alerts({ rules: office, log, timeZone, asOf: '12:00' })).toEqual(['alarm_active 11:00-'])
    expect(alerts({ rules: office, log: [...log, reading('11:00', 5)], timeZone })).toEqual([])
    // Tuesday's cause waits for next Monday, 22 June
    const tuesday = [reading('16 10:00', 9)]
    expect(valuesOf('alerts', { rules: office, log: tuesday, timeZone, asOf: '23 00:00' })).toMatchObject([
      { triggeredAt: at('22 11:00') },
    ])
  })

  test('a schedule over midnight belongs to the day on which it begins', () => {
    const night = [rule({ tempMax: 8, schedule: { days: [1], startHour: 22, endHour: 6 } })]
    expect(alerts({ rules: night, log: [reading('01:00', 9)], asOf: '23:00' })).toEqual([
      'alarm_active 22:00-',
    ])
    expect(alerts({ rules: night, log: [reading('16 01:00', 9)], asOf: '16 23:00' })).toEqual([
      'alarm_active 01:00-',
    ])
  })
})

test('the clock is the newest real recordedAt, of whichever unit', () => {
  const log = [
    reading('10:00', 5),
    reading('10:30', 5, { unitId: 'freezer' }),
    reading('11:30', 5, { simulated: true }),
  ]
  expect(valuesOf('silences', { rules, log })).toMatchObject([
    { detectedAt: at('10:30'), durationSeconds: 1800 },
  ])
})
