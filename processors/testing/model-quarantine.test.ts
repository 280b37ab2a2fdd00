import { describe, expect, test } from 'vitest'
import { monthsBefore } from './model-quarantine.ts'
import { at, door, outputsOf, reading, rule, type Scenario, seen, valuesOf } from './scenario.ts'

const quarantine = (scenario: Scenario) => valuesOf('quarantine', scenario)
const readingCount = (scenario: Scenario) =>
  valuesOf('rollups', scenario)
    .filter((rollup) => rollup.granularity === 'month')
    .reduce((all, rollup) => all + Number(rollup.count), 0)

describe('clock', () => {
  test('more than 10 min ahead is quarantined, exactly 10 is not', () => {
    const log = [
      reading('10:10', 5, { receivedAt: at('10:00') }),
      reading('10:12', 6, { receivedAt: at('10:01') }),
    ]
    expect(quarantine({ log })).toEqual([
      {
        unitId: 'fridge',
        deviceId: 'probe',
        recordedAt: at('10:12'),
        reason: 'clock',
        temperature: 6,
        humidity: null,
        doorOpen: null,
      },
    ])
    expect(readingCount({ log })).toBe(1)
    expect(quarantine({ log, clockAheadMinutes: 11 })).toEqual([])
  })

  test('older than the retention in calendar months before receivedAt is quarantined', () => {
    const receivedAt = '2026-07-15T10:00:00.000Z'
    const log = [reading('10:00', 5, { receivedAt }), reading('09:59', 5, { receivedAt })]
    expect(quarantine({ log, retentionMonths: 1 })).toMatchObject([
      { recordedAt: at('09:59'), reason: 'clock' },
    ])
    expect(quarantine({ log })).toEqual([])
    expect(new Date(monthsBefore(Date.parse('2026-03-31T05:00Z'), 1)).toISOString()).toBe(
      '2026-02-28T05:00:00.000Z',
    )
  })
})

describe('uplinks', () => {
  test('count once by session and counter, an absent counter being 0, whatever the copy says', () => {
    const session = { sessionKeyId: 's', receivedAt: at('12:00') }
    const log = [reading('10:00', 5, session), reading('10:05', 6, { ...session, fCnt: 0 })]
    expect(readingCount({ log })).toBe(1)
    expect(quarantine({ log })).toEqual([])
    expect(readingCount({ log: [log[0]!, reading('10:05', 6, { ...session, fCnt: 1 })] })).toBe(2)
    // a join
    expect(readingCount({ log: [log[0]!, reading('10:05', 6, { sessionKeyId: 't' })] })).toBe(2)
  })

  test('count in their first delivery even where that is quarantined', () => {
    const first = reading('10:30', 5, { sessionKeyId: 's', fCnt: 7, receivedAt: at('10:00') })
    expect(readingCount({ log: [first, { ...first, receivedAt: at('10:31') }] })).toBe(0)
  })

  test('carry many samples of history under one counter', () => {
    const of = (clock: string) =>
      reading(clock, 5, { sessionKeyId: 's', fCnt: 3, history: true, receivedAt: at('11:00') })
    const carrier = reading('11:00', 5, { sessionKeyId: 's', fCnt: 3 })
    expect(readingCount({ log: [carrier, of('10:00'), of('10:30'), of('10:30')] })).toBe(3)
  })

  test('without a session key count once by device, time and values', () => {
    const log = [reading('10:00', 5), reading('10:00', 5, { fCnt: 9 })]
    expect(readingCount({ log })).toBe(1)
    expect(quarantine({ log })).toEqual([])
  })
})

describe('readings', () => {
  test('with another value under the same identity are in conflict: the first in the log stays', () => {
    const log = [
      reading('10:00', 5),
      reading('10:00', 5, { humidity: 50 }),
      reading('10:00', 6, { deviceId: 'other' }),
    ]
    expect(quarantine({ log })).toMatchObject([{ reason: 'conflict', deviceId: 'probe', humidity: 50 }])
    expect(readingCount({ log })).toBe(2)
  })

  test('that are simulated have identities of their own', () => {
    const simulated = { simulated: true, sessionKeyId: 's' }
    const log = [reading('10:00', 9, simulated), reading('10:00', 5, { sessionKeyId: 's' })]
    expect(quarantine({ log })).toEqual([])
    expect(readingCount({ log })).toBe(1)
    expect(quarantine({ log: [...log, reading('10:00', 8, { ...simulated, fCnt: 2 })] })).toMatchObject([
      { reason: 'conflict', temperature: 8 },
    ])
  })

  test('go to the unit to which the version at their recordedAt assigns the device, else to quarantine', () => {
    const devices = {
      probe: [
        { validFrom: at('10:00'), unitId: 'fridge' },
        { validFrom: at('10:30'), unitId: 'freezer' },
      ],
    }
    const log = ['09:59', '10:00', '10:29', '10:30'].map((clock) => reading(clock, 5, { unitId: null }))
    const outputs = outputsOf({ devices, log: [...log, door('10:40', true)] })
    const count = (unitId: string) =>
      outputs.find((o) => o.topic === 'rollups' && o.key === unitId)?.value.count
    expect([count('fridge'), count('freezer')]).toEqual([2, 1])
    expect(outputs.filter((output) => output.topic === 'quarantine')).toMatchObject([
      { key: 'probe', value: { unitId: null, recordedAt: at('09:59'), reason: 'unassigned' } },
      { key: 'fridge', value: { deviceId: 'door', reason: 'unassigned', doorOpen: true } },
    ])
  })

  test('of a fault are check-ins without a temperature', () => {
    const log = [reading('10:00', 5), reading('10:10', 327.67), reading('10:20', Number.NaN)]
    const rules = [rule({ expectedReadingIntervalSeconds: 600 })]
    expect(readingCount({ log })).toBe(1)
    expect(valuesOf('silences', { rules, log, asOf: '10:40' })).toMatchObject([{ startedAt: at('10:20') }])
  })
})

describe('grace', () => {
  const rules = [rule({ tempMax: 8 })]
  const starts = (scenario: Scenario) =>
    valuesOf('excursions', { rules, ...scenario }).map((e) => e.startedAt)

  test('a sample exactly the grace behind the newest of its unit changes the past, a later one does not', () => {
    expect(starts({ log: [reading('12:00', 5), reading('10:00', 9)] })).toEqual([at('10:00')])
    expect(starts({ log: [reading('12:01', 5), reading('10:00', 9)] })).toEqual([])
    expect(starts({ log: [reading('12:00', 5), reading('10:00', 9)], graceMinutes: 60 })).toEqual([])
  })

  test('another unit, a simulated or a quarantined sample moves no grace', () => {
    const ahead = [
      reading('13:00', 5, { unitId: 'freezer' }),
      seen('13:00', { simulated: true }),
      reading('13:00', 5, { receivedAt: at('10:00') }),
    ]
    expect(starts({ log: [reading('11:00', 5), ...ahead, reading('10:00', 9)] })).toEqual([at('10:00')])
  })

  test('within it the order of arrival does not matter', () => {
    const log = [
      reading('10:00', 9),
      door('10:10', true),
      reading('10:40', 5),
      reading('11:00', 9),
      door('11:30', false),
    ]
    const sorted = (list: typeof log) =>
      outputsOf({ rules, log: list })
        .map((o) => JSON.stringify(o))
        .sort()
    expect(sorted(log.toReversed())).toEqual(sorted(log))
  })
})
