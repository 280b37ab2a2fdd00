// semantics.md, "Rollups".
import { expect, test } from 'vitest'
import { at, door, reading, seen } from '../../processors/testing/scenario.ts'
import { fridge, heard, hours, valuesOf, windowsOf } from './judged-twice.ts'

test('For each unit and each local hour, day, ISO week and month: count, min, max, mean, sum, sum of', () => {
  const log = [
    reading('10:00', 10, { humidity: 40 }),
    reading('10:15', 1, { humidity: 60 }),
    reading('10:30', 5),
    door('10:40', true),
    door('10:50', false),
  ]
  const rate = (c: number) => Math.exp(-10_000 / (c + 273.15))
  const mean = (900 * rate(10) + 900 * rate(1) + 1800 * rate(5)) / 3600
  const expected = {
    count: 3,
    min: 1,
    max: 10,
    sum: 16,
    mean: 16 / 3,
    sumSquares: 100 + 1 + 25,
    timeWeightedMean: (10 * 900 + 1 * 900 + 5 * 1800) / 3600,
    humidityMin: 40,
    humidityMax: 60,
    humidityMean: 50,
    knownSeconds: 3600,
    secondsAbove: 900,
    secondsBelow: 900,
    degreeMinutesAbove: 30,
    degreeMinutesBelow: 15,
    mkt: expect.closeTo(10_000 / -Math.log(mean) - 273.15, 9),
    readingsOutOfRange: 2,
    coverage: 1,
    doorOpenings: 1,
    doorOpenSeconds: 600,
  }
  const scenario = { rules: [fridge(heard)], log, asOf: '11:00' }
  expect(hours(scenario)).toMatchObject([expected])
  for (const granularity of ['day', 'week', 'month'])
    expect(windowsOf(granularity, scenario)).toMatchObject([{ ...expected, coverage: expect.any(Number) }])
})

test('Integrals take the held value over the known part of the window; a value held across a border', () => {
  const scenario = { rules: [fridge(heard)], log: [reading('10:50', 9)], asOf: '12:00' }
  expect(hours(scenario)).toMatchObject([
    { start: at('10:00'), knownSeconds: 600, weightedSum: 5400, secondsAbove: 600 },
    { start: at('11:00'), knownSeconds: 1200, weightedSum: 10_800, secondsAbove: 1200 },
  ])
})

test('A window with known time but no reading has count 0; a window with neither does not exist.', () => {
  const scenario = { rules: [fridge(heard)], log: [reading('10:50', 5), reading('13:00', 5)] }
  expect(hours(scenario).map(({ start, count, mean }) => [start, count, mean])).toEqual([
    [at('10:00'), 1, 5],
    [at('11:00'), 0, null],
    [at('13:00'), 1, 5],
  ])
})

test('Mean kinetic temperature, ΔH/R = 10,000 K: `T = 10000 / −ln(Σ Δt·exp(−10000/Tᵢ) / Σ Δt)`, kelvin in', () => {
  // Half an hour each at 0 and at 20 °C, by hand: exp(−36.6099…) and exp(−34.1122…), their mean, back: 14.2526… °C.
  const log = [reading('10:00', 0), reading('10:30', 20)]
  const [hour] = hours({ rules: [fridge()], log, asOf: '11:00' })
  const [cold, warm] = [Math.exp(-10_000 / 273.15), Math.exp(-10_000 / 293.15)]
  expect(hour?.mkt).toBeCloseTo(10_000 / (Math.log(2) - Math.log(cold + warm)) - 273.15, 9)
  expect(Number(hour?.mkt)).toBeGreaterThan(10)
})

test('Store numerator and denominator: they add up, MKT does not.', () => {
  const log = [reading('10:00', 0), reading('11:00', 20)]
  const scenario = { rules: [fridge()], log, asOf: '12:00' }
  const [first, second] = hours(scenario)
  const [day] = windowsOf('day', scenario)
  expect(day?.mktNumerator).toBe(Number(first?.mktNumerator) + Number(second?.mktNumerator))
  expect(day?.mktDenominator).toBe(7200)
  expect(Number(day?.mkt)).toBeGreaterThan((Number(first?.mkt) + Number(second?.mkt)) / 2)
})

test('Everything stored adds up: a day is exactly the sum of its hours, a month of its days.', () => {
  const log = [
    reading('10:00', 0.1),
    reading('11:07', 0.2),
    reading('16 09:00', 0.7),
    reading('16 10:01', 9.3),
  ]
  const scenario = { rules: [fridge()], log, asOf: '16 12:00' }
  const names = [
    'sum',
    'sumSquares',
    'weightedSum',
    'mktNumerator',
    'degreeMinutesAbove',
    'degreeMinutesBelow',
  ]
  const total = (windows: ReturnType<typeof hours>, name: string) =>
    windows.reduce((sum, window) => sum + Number(window[name]), 0)
  const all = hours(scenario)
  const days = windowsOf('day', scenario)
  expect(days).toHaveLength(2)
  for (const name of names) {
    for (const day of days)
      expect(day[name]).toBe(
        total(
          all.filter(({ start }) => String(start).slice(0, 10) === String(day.start).slice(0, 10)),
          name,
        ),
      )
    expect(windowsOf('month', scenario)[0]?.[name]).toBe(total(days, name))
  }
})

test('Rounding happens at the reader, never in storage.', () => {
  const log = [reading('10:00', 8 + 1e-9), reading('10:00:01', 1 / 3, { deviceId: 'b' })]
  const scenario = { rules: [fridge()], log, asOf: '10:00:02' }
  expect(hours(scenario)).toMatchObject([{ max: 8 + 1e-9, sum: 8 + 1e-9 + 1 / 3, secondsAbove: 1 }])
  expect(valuesOf('excursions', scenario)).toMatchObject([{ peak: 8 + 1e-9 }, { peak: 1 / 3 }])
})

test('A window exists with known time, a temperature, a humidity, a door opening, or door-open time.', () => {
  const starts = (log: Parameters<typeof hours>[0]['log'], asOf: string) =>
    hours({ rules: [fridge(heard)], log, asOf }).map(({ start }) => String(start).slice(11, 16))
  expect(starts([seen('10:00')], '12:00')).toEqual([])
  expect(starts([seen('10:00', { humidity: 40 })], '12:00')).toEqual(['10:00'])
  expect(starts([door('10:00', true), door('10:00', false, { deviceId: 'e' })], '12:00')).toEqual(['10:00'])
  expect(starts([door('10:50', true), door('12:05', false)], '14:00')).toEqual(['10:00', '11:00', '12:00'])
  expect(starts([reading('10:45', 5)], '14:00')).toEqual(['10:00', '11:00'])
})

test('Elapsed, for coverage, is the part of the window before the clock.', () => {
  const log = [reading('10:15', 5)]
  expect(hours({ rules: [fridge(heard)], log, asOf: '10:30' })).toMatchObject([{ coverage: 0.5 }])
  expect(hours({ rules: [fridge(heard)], log, asOf: '10:50' })).toMatchObject([{ coverage: 0.6 }])
  expect(hours({ rules: [fridge(heard)], log, asOf: '13:00' })).toMatchObject([{ coverage: 0.5 }])
})

test('Integrals use the limits valid at each instant.', () => {
  const rules = [fridge(), fridge({ tempMax: 4, tempMin: null }, '10:20'), fridge({ tempMin: 6 }, '10:30')]
  expect(hours({ rules, log: [reading('10:00', 5)], asOf: '10:50' })).toMatchObject([
    { secondsAbove: 600, degreeMinutesAbove: 10, secondsBelow: 1200, degreeMinutesBelow: 20 },
  ])
})

test('A door opening counts in the window in which it starts; open seconds are cut at borders.', () => {
  const log = [door('10:50', true), door('12:10', false)]
  expect(hours({ log }).map(({ doorOpenings, doorOpenSeconds }) => [doorOpenings, doorOpenSeconds])).toEqual([
    [1, 600],
    [0, 3600],
    [0, 600],
  ])
})

test("A unit's zone is constant: changing it recuts all windows.", () => {
  const scenario = { rules: [fridge()], log: [reading('10:00', 5)], asOf: '11:00' }
  expect(hours(scenario)).toMatchObject([{ start: at('10:00'), end: at('11:00') }])
  expect(hours({ ...scenario, timeZone: 'Asia/Kolkata' })).toMatchObject([
    { start: at('09:30'), end: at('10:30') },
    { start: at('10:30'), end: at('11:30') },
  ])
})
