import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Granularity, Rollup } from '../schemas/generated/types.ts'
import { rollupMeans } from './rollup-means.ts'
import { at, fridge, minutes, UnitDriver, zoned } from './unit-driver.ts'

const rule = { tempMin: 2, tempMax: 8, expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 }
const windows = (driver: UnitDriver, granularity: Granularity): Rollup[] =>
  driver
    .last('rollups')
    .filter((rollup) => rollup.granularity === granularity)
    .sort((a, b) => a.start - b.start)

test('integrals take the held value over the known part; a value held across a border counts on both sides', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:40', temperature: 9 },
    { at: '10:50', temperature: 1 },
    { at: '11:10', temperature: 5 },
  )
  expect(windows(driver.lookAt('11:30'), 'hour')).toMatchObject([
    {
      start: at('10:00'),
      end: at('11:00'),
      count: 2,
      min: 1,
      max: 9,
      sum: 10,
      sumSquares: 82,
      knownSeconds: 1200,
      weightedSum: 9 * 600 + 1 * 600,
      secondsAbove: 600,
      secondsBelow: 600,
      degreeMinutesAbove: 10,
      degreeMinutesBelow: 10,
      readingsOutOfRange: 2,
    },
    { start: at('11:00'), count: 1, knownSeconds: 1800, weightedSum: 600 + 5 * 1200, secondsBelow: 600 },
  ])
})

test('past the hold limit the temperature is unknown: it counts in no integral', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 5 }).lookAt('12:00')
  const [hour, ...more] = windows(driver, 'hour')
  expect(hour).toMatchObject({ knownSeconds: 1800 })
  expect(more).toEqual([])
  expect(rollupMeans(hour!, at('12:00')).coverage).toBe(0.5)
})

test('a window with known time but no reading has count 0; a window with neither does not exist', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:45', temperature: 5 }).lookAt('13:00')
  expect(windows(driver, 'hour')).toMatchObject([
    { start: at('10:00'), count: 1, min: 5, knownSeconds: 900 },
    { start: at('11:00'), count: 0, min: null, max: null, knownSeconds: 900 },
  ])
})

test('mean kinetic temperature of equal halves at 0 and 10 °C', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:00', temperature: 0 },
    { at: '10:30', temperature: 10 },
    { at: '11:00', temperature: 10 },
  )
  const [hour] = windows(driver.lookAt('11:00'), 'hour')
  const rates = (Math.exp(-10000 / 273.15) + Math.exp(-10000 / 283.15)) / 2
  const means = rollupMeans(hour!, at('11:00'))
  expect(means.mkt).toBeCloseTo(10000 / -Math.log(rates) - 273.15, 9)
  expect(means).toMatchObject({ mean: 5, timeWeightedMean: 5, coverage: 1, humidityMean: null })
  expect(hour).toMatchObject({ mktDenominator: 3600 })
})

test('humidity has count, sum, min and max, and a window for it alone', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:00', humidity: 40 },
    { at: '10:10', humidity: 50 },
  )
  expect(windows(driver.lookAt('10:20'), 'hour')).toMatchObject([
    { humidityCount: 2, humiditySum: 90, humidityMin: 40, humidityMax: 50, count: 0, knownSeconds: 0 },
  ])
})

test('a check-in alone makes no window', () => {
  expect(new UnitDriver(fridge(rule)).pipe({ at: '10:00' }).lookAt('11:00').last('rollups')).toEqual([])
})

test('an opening counts where it starts; open seconds are cut at borders', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:50', doorOpen: true },
    { at: '12:15', doorOpen: false },
  )
  expect(windows(driver.lookAt('12:30'), 'hour')).toMatchObject([
    { doorOpenings: 1, doorOpenSeconds: 600 },
    { doorOpenings: 0, doorOpenSeconds: 3600 },
    { doorOpenings: 0, doorOpenSeconds: 900 },
  ])
  expect(windows(driver, 'day')).toMatchObject([{ doorOpenings: 1, doorOpenSeconds: 5100 }])
})

test('integrals use the limits valid at each instant', () => {
  const config = fridge(rule, { ...rule, validFrom: at('10:10'), tempMax: 4 })
  const driver = new UnitDriver(config).pipe({ at: '10:00', temperature: 5 }).lookAt('10:30')
  expect(windows(driver, 'hour')).toMatchObject([{ secondsAbove: 1200, degreeMinutesAbove: 20 }])
})

test('a window is final by timer once the clock has passed its end by the grace, also in silence', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:45', temperature: 5 }).advanceTo('12:59:59.999')
  expect(windows(driver, 'hour').map(({ isFinal }) => isFinal)).toEqual([false, false])
  expect(driver.nextTimer()).toBe(at('13:00'))
  expect(windows(driver.advanceTo('13:00'), 'hour').map(({ isFinal }) => isFinal)).toEqual([true, false])
  expect(windows(driver.advanceTo('14:00'), 'hour').map(({ isFinal }) => isFinal)).toEqual([true, true])
  const nextDay = at('2026-02-03T02:00:00Z')
  expect(driver.nextTimer()).toBe(nextDay)
  expect(windows(driver.advanceTo(nextDay), 'day')).toMatchObject([{ isFinal: true, knownSeconds: 1800 }])
  driver.advanceTo('2026-03-01T02:00:00Z')
  expect(windows(driver, 'week')).toMatchObject([{ isFinal: true }])
  expect(windows(driver, 'month')).toMatchObject([{ isFinal: true }])
  expect(driver.nextTimer()).toBe(Number.POSITIVE_INFINITY)
})

test('a value without a hold limit gives a window each hour, as long as time goes on', () => {
  const driver = new UnitDriver(fridge({})).pipe({ at: '10:00', temperature: 5 }).advanceTo('13:00')
  expect(windows(driver, 'hour').map(({ knownSeconds }) => knownSeconds)).toEqual([3600])
  expect(windows(driver.advanceTo('14:00'), 'hour')).toHaveLength(2)
})

test('a late sample that empties a window retracts it', () => {
  const driver = new UnitDriver(fridge(rule))
    .pipe({ at: '10:58', temperature: 5 }, { at: '11:30' })
    .advanceTo('11:31')
  expect(windows(driver, 'hour')).toHaveLength(2)
  const shorter = fridge({ ...rule, expectedReadingIntervalSeconds: 20, offlineTriggerMultiplier: 1 })
  expect(windows(driver.configure(shorter).advanceTo('11:32'), 'hour')).toHaveLength(1)
  expect(driver.sent.rollups.at(-1)).toMatchObject({ retracted: true, start: at('11:00') })
})

test('a day is exactly the sum of its hours, a week and a month exactly the sums of their days', () => {
  const step = fc.record({
    gap: fc.nat({ max: 500 }),
    temperature: fc.double({ min: -30, max: 40, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let ms = at('2026-03-20T00:00:00Z')
      const driver = new UnitDriver(zoned('Europe/Berlin', rule))
      for (const { gap, temperature } of steps) {
        ms += minutes(gap) + 1
        driver.pipe({ at: ms, temperature })
      }
      driver.lookAt(ms)
      expectSums(windows(driver, 'day'), windows(driver, 'hour'))
      expectSums(windows(driver, 'week'), windows(driver, 'day'))
      expectSums(windows(driver, 'month'), windows(driver, 'day'))
    }),
    { numRuns: 100 },
  )
})

const summed = ['count', 'sum', 'sumSquares', 'weightedSum', 'mktNumerator', 'degreeMinutesAbove'] as const

function expectSums(longer: readonly Rollup[], shorter: readonly Rollup[]): void {
  for (const window of longer) {
    const parts = shorter.filter(({ start }) => start >= window.start && start < window.end)
    // Durations are whole milliseconds, divided once: their quotients need not add up to the last bit.
    const knownMs = (rollup: Rollup): number => Math.round(rollup.knownSeconds * 1000)
    expect(knownMs(window)).toBe(parts.reduce((sum, part) => sum + knownMs(part), 0))
    for (const name of summed) expect(window[name]).toBe(parts.reduce((sum, part) => sum + part[name], 0))
  }
}

test('what ended before the checkpoint is not told again when a late sample folds anew from there', () => {
  // At 13:00 the checkpoint stands at the border itself.
  for (const newest of ['13:00', '13:10']) {
    const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:50', temperature: 5 })
    driver.pipe({ at: newest, temperature: 5 }).advanceTo(newest)
    const told = () =>
      driver.sent.rollups.filter(({ start, end }) => start === at('10:00') && end === at('11:00'))
    expect(told()).toMatchObject([{ granularity: 'hour', isFinal: true }])
    driver.pipe({ at: '12:05', temperature: 5 }).advanceTo(newest)
    expect(windows(driver, 'hour').map(({ start }) => start)).toContain(at('12:00'))
    expect(told()).toHaveLength(1)
  }
})

test('windows of a unit that went silent become final each at its own end and grace, by timer', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 5 })
  const finalSince: Record<string, number> = {}
  for (let dueMs = driver.nextTimer(); dueMs < at('2026-03-02T00:00:00Z'); dueMs = driver.nextTimer()) {
    driver.advanceTo(dueMs)
    for (const { granularity, isFinal } of driver.last('rollups'))
      if (isFinal) finalSince[granularity] ??= dueMs
  }
  expect(finalSince).toEqual({
    hour: at('13:00'),
    day: at('2026-02-03T02:00:00Z'),
    week: at('2026-02-09T02:00:00Z'),
    month: at('2026-03-01T02:00:00Z'),
  })
})
