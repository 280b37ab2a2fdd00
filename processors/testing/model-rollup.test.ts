import { describe, expect, test } from 'vitest'
import { at, door, outputsOf, reading, rule, type Scenario, seen, valuesOf } from './scenario.ts'

const rollups = (granularity: string, scenario: Scenario) =>
  valuesOf('rollups', scenario).filter((rollup) => rollup.granularity === granularity)
/** Lapses after 30 min. */
const rules = [rule({ tempMin: 2, tempMax: 8, expectedReadingIntervalSeconds: 1800 })]

describe('a window', () => {
  test('holds counts, sums and the integrals over its known time', () => {
    const log = [reading('10:00', 5, { humidity: 40 }), reading('10:20', 10, { humidity: 60 }), seen('11:00')]
    // known 10:00-10:20 at 5 and 10:20-10:50 at 10: 3000 s; 1200×5 + 1800×10 = 24000; above by 2 for 30 min
    expect(rollups('hour', { rules, log })).toMatchObject([
      {
        start: at('10:00'),
        end: at('11:00'),
        count: 2,
        min: 5,
        max: 10,
        sum: 15,
        sumSquares: 125,
        mean: 7.5,
        knownSeconds: 3000,
        weightedSum: 24000,
        timeWeightedMean: 8,
        mktDenominator: 3000,
        secondsAbove: 1800,
        secondsBelow: 0,
        degreeMinutesAbove: 60,
        degreeMinutesBelow: 0,
        readingsOutOfRange: 1,
        coverage: 3000 / 3600,
        humidityCount: 2,
        humiditySum: 100,
        humidityMin: 40,
        humidityMax: 60,
        humidityMean: 50,
        doorOpenings: 0,
        doorOpenSeconds: 0,
      },
    ])
  })

  test('below the limits has its own seconds and degree-minutes', () => {
    const log = [reading('10:00', 0.5), reading('10:20', 5)]
    expect(rollups('hour', { rules, log })).toMatchObject([
      { secondsBelow: 1200, degreeMinutesBelow: 30, secondsAbove: 0, readingsOutOfRange: 1 },
    ])
  })

  test('has the mean kinetic temperature over the known time', () => {
    const steady = rollups('hour', { log: [reading('10:00', 5), reading('10:30', 5)] })
    expect(steady[0]?.mkt).toBeCloseTo(5, 9)
    // half an hour at 5 and half at 15: x = exp(-10000/278.15) = exp(-35.95182), y = exp(-10000/288.15) = exp(-34.70415)
    // y/x = 3.48224, ln((1 + 3.48224) / 2) = 0.80698, T = 10000 / (35.95182 - 0.80698) = 284.5368 K
    const mixed = rollups('hour', { log: [reading('10:00', 5), reading('10:30', 15)], asOf: '11:00' })
    expect(mixed[0]?.mkt).toBeCloseTo(284.5368 - 273.15, 3)
    expect(mixed[0]?.mktNumerator).toBeCloseTo(1800 * (Math.exp(-35.95182) + Math.exp(-34.70415)), 17)
  })

  test('counts a value held across a border on both sides, and exists with known time alone', () => {
    const log = [reading('10:45', 5), seen('12:30')]
    // known to 11:15
    expect(rollups('hour', { rules, log })).toMatchObject([
      { start: at('10:00'), count: 1, knownSeconds: 900 },
      {
        start: at('11:00'),
        count: 0,
        knownSeconds: 900,
        min: null,
        mean: null,
        timeWeightedMean: 5,
        coverage: 0.25,
      },
    ])
  })

  test('exists with a temperature at the clock, a humidity or a door, without known time', () => {
    expect(rollups('hour', { log: [reading('10:00', 5)] })).toMatchObject([
      { count: 1, knownSeconds: 0, coverage: null, mkt: null, timeWeightedMean: null },
    ])
    expect(rollups('hour', { log: [seen('10:10', { humidity: 50 })] })).toMatchObject([
      { count: 0, humidityMean: 50 },
    ])
    const shut = [door('10:10', true), door('10:10', false, { deviceId: 'second' })]
    expect(rollups('hour', { log: shut })).toMatchObject([{ doorOpenings: 1, doorOpenSeconds: 0 }])
    expect(rollups('hour', { log: [seen('10:10'), door('10:20', false)] })).toEqual([])
  })

  test('takes coverage of the part before the clock', () => {
    const log = [reading('10:15', 5)]
    expect(rollups('hour', { log, asOf: '10:45' })).toMatchObject([
      { knownSeconds: 1800, coverage: 1800 / 2700 },
    ])
    // 10:15 to noon: 105 min of 720
    expect(rollups('day', { log, asOf: '12:00' })).toMatchObject([{ coverage: 105 / 720 }])
  })

  test('uses the limits valid at each instant', () => {
    const two = [rule({ tempMax: 8 }), rule({ tempMax: 4 }, '10:10')]
    // 9 is 1 above for 10 min, then 5 above for 20
    expect(rollups('hour', { rules: two, log: [reading('10:00', 9), reading('10:30', 4)] })).toMatchObject([
      { secondsAbove: 1800, degreeMinutesAbove: 110, readingsOutOfRange: 1 },
    ])
  })

  test('counts an opening where it starts and cuts its seconds at the borders', () => {
    const log = [door('10:50', true), door('12:10', false)]
    expect(rollups('hour', { log })).toMatchObject([
      { start: at('10:00'), doorOpenings: 1, doorOpenSeconds: 600 },
      { start: at('11:00'), doorOpenings: 0, doorOpenSeconds: 3600 },
      { start: at('12:00'), doorOpenings: 0, doorOpenSeconds: 600 },
    ])
    expect(rollups('day', { log })).toMatchObject([{ doorOpenings: 1, doorOpenSeconds: 4800 }])
  })

  test('takes both readings of an instant, the last of which holds', () => {
    const log = [reading('10:00', 9, { deviceId: 'b' }), reading('10:00', 5, { deviceId: 'a' })]
    expect(rollups('hour', { log, asOf: '10:10' })).toMatchObject([{ count: 2, sum: 14, weightedSum: 5400 }])
  })
})

describe('days, weeks and months', () => {
  test('are cut in local time and are exactly the sum of their parts', () => {
    // Berlin, June: local midnight is 22:00 UTC. Sunday the 14th ends there, and with it the ISO week.
    const log = [reading('14 20:30', 0.1), reading('14 23:30', 0.2), reading('15 01:10', 0.7)]
    const scenario = { log, timeZone: 'Europe/Berlin' }
    expect(rollups('day', scenario)).toMatchObject([
      { start: at('13 22:00'), end: at('14 22:00'), count: 1, knownSeconds: 5400 },
      { start: at('14 22:00'), end: at('15 22:00'), count: 2, knownSeconds: 11400 },
    ])
    expect(rollups('week', scenario).map(({ start, end, count }) => [start, end, count])).toEqual([
      [at('07 22:00'), at('14 22:00'), 1],
      [at('14 22:00'), at('21 22:00'), 2],
    ])
    expect(rollups('month', scenario)).toMatchObject([
      { start: '2026-05-31T22:00:00.000Z', end: at('30 22:00'), count: 3 },
    ])
    const sum = (list: { weightedSum?: unknown }[]) =>
      list.reduce((all, part) => all + Number(part.weightedSum), 0)
    expect(rollups('month', scenario)[0]?.weightedSum).toBe(sum(rollups('day', scenario)))
  })

  test('have nothing of a simulated uplink', () => {
    const log = [reading('10:00', 5), reading('10:10', 50, { simulated: true }), reading('10:20', 5)]
    expect(rollups('hour', { log })).toMatchObject([{ count: 2, max: 5, weightedSum: 6000 }])
  })
})

test('a late reading is in the rollups and in nothing else', () => {
  const log = [
    reading('10:00', 5),
    reading('13:00', 5),
    reading('10:30', 20),
    door('10:40', true),
    reading('13:10', 5),
  ]
  const late = { rules: [rule({ tempMax: 8 })], log }
  expect(new Set(outputsOf(late).map(({ topic }) => topic))).toEqual(new Set(['unit-status', 'rollups']))
  // the 20 degrees hold from 10:30 to 13:00
  expect(rollups('hour', late)[0]).toMatchObject({
    count: 2,
    secondsAbove: 1800,
    readingsOutOfRange: 1,
    doorOpenings: 0,
  })
  expect(rollups('day', late)).toMatchObject([{ count: 4, secondsAbove: 9000 }])
})
