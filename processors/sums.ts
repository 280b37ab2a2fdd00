// The additive sums of a window. Everything stored adds up: a day is the sum of its hours, a month of its days.
import type { Limits } from './limits.ts'

export type Sums = {
  count: number
  /** Infinity where there is no reading; maxC, humidityMin and humidityMax likewise. */
  minC: number
  maxC: number
  sumC: number
  sumSquares: number
  knownMs: number
  weightedSum: number
  mktNumerator: number
  aboveMs: number
  belowMs: number
  degreeMinutesAbove: number
  degreeMinutesBelow: number
  outOfRange: number
  doorOpenings: number
  doorOpenMs: number
  humidityCount: number
  humiditySum: number
  humidityMin: number
  humidityMax: number
}

export const emptySums = (): Sums => ({
  count: 0,
  minC: Number.POSITIVE_INFINITY,
  maxC: Number.NEGATIVE_INFINITY,
  sumC: 0,
  sumSquares: 0,
  knownMs: 0,
  weightedSum: 0,
  mktNumerator: 0,
  aboveMs: 0,
  belowMs: 0,
  degreeMinutesAbove: 0,
  degreeMinutesBelow: 0,
  outOfRange: 0,
  doorOpenings: 0,
  doorOpenMs: 0,
  humidityCount: 0,
  humiditySum: 0,
  humidityMin: Number.POSITIVE_INFINITY,
  humidityMax: Number.NEGATIVE_INFINITY,
})

/** A window exists with known time, a temperature, a humidity, a door opening, or door-open time. */
export const isEmpty = (sums: Sums): boolean =>
  sums.count === 0 &&
  sums.knownMs === 0 &&
  sums.humidityCount === 0 &&
  sums.doorOpenings === 0 &&
  sums.doorOpenMs === 0

export function addTemperature(sums: Sums, valueC: number, limits: Limits): void {
  sums.count++
  if (valueC < sums.minC) sums.minC = valueC
  if (valueC > sums.maxC) sums.maxC = valueC
  sums.sumC += valueC
  sums.sumSquares += valueC * valueC
  if (valueC > limits.tempMaxC || valueC < limits.tempMinC) sums.outOfRange++
}

export function addHumidity(sums: Sums, percent: number): void {
  sums.humidityCount++
  sums.humiditySum += percent
  if (percent < sums.humidityMin) sums.humidityMin = percent
  if (percent > sums.humidityMax) sums.humidityMax = percent
}

export const ZERO_CELSIUS_K = 273.15
/** Activation energy over the gas constant, K. */
export const HEAT_OVER_GAS_K = 10_000

/** A value held over `durationMs` of known time. */
export function addHeld(sums: Sums, valueC: number, durationMs: number, limits: Limits): void {
  const seconds = durationMs / 1000
  sums.knownMs += durationMs
  sums.weightedSum += valueC * seconds
  sums.mktNumerator += seconds * Math.exp(-HEAT_OVER_GAS_K / (valueC + ZERO_CELSIUS_K))
  if (valueC > limits.tempMaxC) {
    sums.aboveMs += durationMs
    sums.degreeMinutesAbove += ((valueC - limits.tempMaxC) * durationMs) / 60_000
  } else if (valueC < limits.tempMinC) {
    sums.belowMs += durationMs
    sums.degreeMinutesBelow += ((limits.tempMinC - valueC) * durationMs) / 60_000
  }
}

export const addSums = (into: Sums, more: Sums): void => setToSum(into, into, more)

/** `into` may be one of the two. */
export function setToSum(into: Sums, a: Sums, b: Sums): void {
  into.count = a.count + b.count
  into.minC = Math.min(a.minC, b.minC)
  into.maxC = Math.max(a.maxC, b.maxC)
  into.sumC = a.sumC + b.sumC
  into.sumSquares = a.sumSquares + b.sumSquares
  into.knownMs = a.knownMs + b.knownMs
  into.weightedSum = a.weightedSum + b.weightedSum
  into.mktNumerator = a.mktNumerator + b.mktNumerator
  into.aboveMs = a.aboveMs + b.aboveMs
  into.belowMs = a.belowMs + b.belowMs
  into.degreeMinutesAbove = a.degreeMinutesAbove + b.degreeMinutesAbove
  into.degreeMinutesBelow = a.degreeMinutesBelow + b.degreeMinutesBelow
  into.outOfRange = a.outOfRange + b.outOfRange
  into.doorOpenings = a.doorOpenings + b.doorOpenings
  into.doorOpenMs = a.doorOpenMs + b.doorOpenMs
  into.humidityCount = a.humidityCount + b.humidityCount
  into.humiditySum = a.humiditySum + b.humiditySum
  into.humidityMin = Math.min(a.humidityMin, b.humidityMin)
  into.humidityMax = Math.max(a.humidityMax, b.humidityMax)
}
