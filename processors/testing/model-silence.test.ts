import { describe, expect, test } from 'vitest'
import { at, door, reading, rule, type Scenario, seen, valuesOf } from './scenario.ts'

/** Silent after 10 × 2 + 10 = 30 min. */
const fields = {
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 2,
  offlineTriggerAdditionalMinutes: 10,
  offlineWarningMissedCheckins: 2,
  offlineCriticalMissedCheckins: 6,
}
const rules = [rule(fields)]
const silences = (scenario: Scenario) => valuesOf('silences', { rules, ...scenario })

describe('a silence', () => {
  test('starts at the last check-in, is detected at the deadline and ends at the next check-in', () => {
    // warning: max(10:30, 10:00 + 2×10); critical: 10:00 + 6×10; missed at 11:25: floor(85/10)
    expect(silences({ log: [reading('10:00', 5), seen('11:25')] })).toEqual([
      {
        startedAt: at('10:00'),
        detectedAt: at('10:30'),
        endedAt: at('11:25'),
        warningAt: at('10:30'),
        criticalAt: at('11:00'),
        durationSeconds: 5100,
        missedCheckins: 8,
      },
    ])
  })

  test('a check-in at exactly the deadline is in time', () => {
    expect(silences({ log: [reading('10:00', 5), reading('10:30', 5)] })).toEqual([])
    expect(silences({ log: [reading('10:00', 5), reading('10:31', 5)] })).toMatchObject([
      { missedCheckins: 3 },
    ])
  })

  test('warning and critical are null where the check-in comes at or before', () => {
    expect(silences({ log: [reading('10:00', 5), reading('11:00', 5)] })).toMatchObject([
      { warningAt: at('10:30'), criticalAt: null },
    ])
  })

  test('is found by the clock alone, at the clock itself, and runs to it', () => {
    const log = [reading('10:00', 5)]
    expect(silences({ log, asOf: '10:29' })).toEqual([])
    expect(silences({ log, asOf: '10:30' })).toMatchObject([
      { endedAt: null, durationSeconds: 1800, missedCheckins: 3, warningAt: at('10:30'), criticalAt: null },
    ])
  })

  test('needs an expected interval; the multiplier is 1 and nothing is added where not set', () => {
    const log = [reading('10:00', 5), reading('10:20', 5)]
    expect(silences({ log, rules: [rule({ offlineTriggerAdditionalMinutes: 5 })] })).toEqual([])
    expect(silences({ log, rules: [rule({ expectedReadingIntervalSeconds: 600 })] })).toMatchObject([
      { detectedAt: at('10:10'), warningAt: null, criticalAt: null },
    ])
  })
})

describe('who checks in', () => {
  test('any uplink of a device that gives the temperature, but no door, no history, no simulated, none never seen', () => {
    const others = [
      door('10:25', true),
      reading('10:20', 5, { history: true }),
      reading('10:26', 5, { simulated: true }),
    ]
    const log = [door('09:00', false), reading('10:00', 5), ...others, reading('10:45', 5)]
    expect(silences({ log })).toMatchObject([{ startedAt: at('10:00'), endedAt: at('10:45') }])
  })

  test('a device without a kind counts from its first temperature on', () => {
    const log = [seen('10:00'), reading('10:40', 5), seen('11:15')]
    expect(silences({ log })).toMatchObject([{ startedAt: at('10:40'), endedAt: at('11:15') }])
  })

  test('one device that checks in is enough for the unit', () => {
    const log = [reading('10:00', 5), reading('10:20', 5, { deviceId: 'second' }), reading('10:45', 5)]
    expect(silences({ log })).toEqual([])
  })

  test('the uplink of a reading that history had told already is still a check-in', () => {
    const log = [
      reading('10:00', 5),
      reading('10:40', 5),
      reading('10:20', 4, { history: true }),
      reading('10:20', 4),
    ]
    expect(silences({ log })).toEqual([])
  })

  test('a check-in beyond the grace closes nothing, one within it does', () => {
    const log = [reading('10:00', 5), reading('12:25', 5), seen('10:20'), reading('12:40', 5)]
    expect(silences({ log })).toMatchObject([{ startedAt: at('10:00'), endedAt: at('12:25') }])
    expect(silences({ log, graceMinutes: 180 })).toMatchObject([{ startedAt: at('10:20') }])
  })

  test('moving a device away is no event: the unit falls silent', () => {
    const devices = {
      probe: [
        { validFrom: at('09:00'), unitId: 'fridge' },
        { validFrom: at('10:10'), unitId: 'freezer' },
      ],
    }
    const log = [reading('10:00', 5), reading('10:10', 5), reading('10:35', 5)]
    expect(silences({ devices, log })).toMatchObject([{ startedAt: at('10:00'), detectedAt: at('10:30') }])
  })
})

describe('a new version', () => {
  test('that shortens the limit detects at its validFrom, unless a check-in comes at that instant', () => {
    const shorter = [rule(fields), rule({ ...fields, offlineTriggerAdditionalMinutes: -5 }, '10:20')]
    expect(silences({ rules: shorter, log: [reading('10:00', 5)], asOf: '10:25' })).toMatchObject([
      { detectedAt: at('10:20'), startedAt: at('10:00') },
    ])
    expect(silences({ rules: shorter, log: [reading('10:00', 5), reading('10:20', 5)] })).toEqual([])
  })

  test('never undoes what was detected', () => {
    const without = [rule(fields), rule({}, '10:40')]
    expect(silences({ rules: without, log: [reading('10:00', 5)], asOf: '12:00' })).toMatchObject([
      { detectedAt: at('10:30'), endedAt: null, criticalAt: null, missedCheckins: null },
    ])
  })

  test('the first one finds a unit that is long silent at its validFrom', () => {
    expect(
      silences({ rules: [rule(fields, '12:00')], log: [reading('10:00', 5)], asOf: '13:00' }),
    ).toMatchObject([
      { startedAt: at('10:00'), detectedAt: at('12:00'), warningAt: at('12:00'), missedCheckins: 18 },
    ])
  })
})
