// What readers ask of a rollup beyond its sums. Sums add up over windows and are stored; means do not and are
// made here.
import { type TemperatureUnit, temperatureIn } from './temperature.ts'

export type RollupSums = {
  start: Date
  asOf: Date
  end: Date
  count: number
  sum: number
  knownSeconds: number
  weightedSum: number
  mktNumerator: number
  mktDenominator: number
  humidityCount: number
  humiditySum: number
  /** Of several units: those of each, added up. */
  elapsedSeconds?: number
}

const KELVIN_AT_0_C = 273.15
/** Activation energy over gas constant, K: the usual 83.144 kJ/mol. */
const ENERGY_K = 10_000

export const meanC = ({ count, sum }: RollupSums): number | null => (count > 0 ? sum / count : null)

export const timeWeightedMeanC = ({ knownSeconds, weightedSum }: RollupSums): number | null =>
  knownSeconds > 0 ? weightedSum / knownSeconds : null

export const meanKineticC = ({ mktNumerator, mktDenominator }: RollupSums): number | null =>
  mktDenominator > 0 ? ENERGY_K / -Math.log(mktNumerator / mktDenominator) - KELVIN_AT_0_C : null

export function coverage({ start, end, asOf, knownSeconds, ...sums }: RollupSums): number | null {
  const { elapsedSeconds = (Math.min(end.getTime(), asOf.getTime()) - start.getTime()) / 1000 } = sums
  return elapsedSeconds > 0 ? knownSeconds / elapsedSeconds : null
}

export const humidityMean = ({ humidityCount, humiditySum }: RollupSums): number | null =>
  humidityCount > 0 ? humiditySum / humidityCount : null

type Degrees = { unit: TemperatureUnit }
const inUnit =
  (figure: (sums: RollupSums) => number | null) =>
  (sums: RollupSums, { unit }: Degrees): number | null => {
    const celsius = figure(sums)
    return celsius === null ? null : temperatureIn(unit, celsius)
  }

/** As resolvers of the type Rollup. */
export const rollupFigures = {
  mean: inUnit(meanC),
  timeWeightedMean: inUnit(timeWeightedMeanC),
  mkt: inUnit(meanKineticC),
  coverage,
  humidityMean,
}
