import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  coverage,
  humidityMean,
  meanC,
  meanKineticC,
  type RollupSums,
  timeWeightedMeanC,
} from './rollup-figures.ts'

const hour = (more: Partial<RollupSums>): RollupSums => ({
  start: new Date('2026-02-01T10:00:00Z'),
  end: new Date('2026-02-01T11:00:00Z'),
  asOf: new Date('2026-02-01T11:00:00Z'),
  count: 0,
  sum: 0,
  knownSeconds: 0,
  weightedSum: 0,
  mktNumerator: 0,
  mktDenominator: 0,
  humidityCount: 0,
  humiditySum: 0,
  ...more,
})
/** The sums of temperatures that were held for so many seconds each. */
const held = (spans: readonly { temperatureC: number; seconds: number }[]) => {
  const total = (of: (span: (typeof spans)[number]) => number) =>
    spans.reduce((sum, span) => sum + of(span), 0)
  return hour({
    knownSeconds: total(({ seconds }) => seconds),
    weightedSum: total(({ temperatureC, seconds }) => temperatureC * seconds),
    mktNumerator: total(({ temperatureC, seconds }) => seconds * Math.exp(-10_000 / (temperatureC + 273.15))),
    mktDenominator: total(({ seconds }) => seconds),
  })
}

test('the mean kinetic temperature of a constant is that constant', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -80, max: 60, noNaN: true }),
      fc.integer({ min: 1, max: 3_600 }),
      (temperatureC, seconds) => {
        expect(meanKineticC(held([{ temperatureC, seconds }]))).toBeCloseTo(temperatureC, 8)
      },
    ),
  )
})

test('the mean kinetic temperature lies between the time-weighted mean and the warmest', () => {
  const span = fc.record({
    temperatureC: fc.double({ min: -30, max: 40, noNaN: true }),
    seconds: fc.integer({ min: 1, max: 900 }),
  })
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
      const sums = held(spans)
      const mkt = meanKineticC(sums) ?? Number.NaN
      expect(mkt).toBeGreaterThanOrEqual((timeWeightedMeanC(sums) ?? Number.NaN) - 1e-9)
      expect(mkt).toBeLessThanOrEqual(Math.max(...spans.map(({ temperatureC }) => temperatureC)) + 1e-9)
    }),
  )
})

test('an hour at 2 °C and one at 8 °C have the mean kinetic temperature that decimal arithmetic gives', () => {
  const sums = held([
    { temperatureC: 2, seconds: 3_600 },
    { temperatureC: 8, seconds: 3_600 },
  ])
  expect(timeWeightedMeanC(sums)).toBe(5)
  expect(meanKineticC(sums)).toBeCloseTo(5.536424508866, 9)
})

test('coverage counts what has elapsed: a running hour that knew everything so far is whole', () => {
  expect(coverage(hour({ knownSeconds: 900, asOf: new Date('2026-02-01T10:15:00Z') }))).toBe(1)
  expect(coverage(hour({ knownSeconds: 900 }))).toBe(0.25)
  expect(coverage(hour({ asOf: new Date('2026-02-01T10:00:00Z') }))).toBeNull()
})

test('without readings or known time there is no mean', () => {
  const nothing = hour({})
  expect([meanC, timeWeightedMeanC, meanKineticC, humidityMean].map((figure) => figure(nothing))).toEqual([
    null,
    null,
    null,
    null,
  ])
})
