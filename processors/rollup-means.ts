// What readers make of a rollup's sums: means are quotients, made as late as possible, from sums that add up.
import type { Rollup } from '../schemas/generated/types.ts'
import { HEAT_OVER_GAS_K, ZERO_CELSIUS_K } from './sums.ts'

export type RollupMeans = {
  mean: number | null
  timeWeightedMean: number | null
  /** Mean kinetic temperature, °C. */
  mkt: number | null
  /** Known time over the part of the window before the clock. */
  coverage: number | null
  humidityMean: number | null
}

const quotient = (sum: number, count: number): number | null => (count > 0 ? sum / count : null)

export function rollupMeans(rollup: Rollup, clockMs: number): RollupMeans {
  const elapsedSeconds = (Math.min(rollup.end, clockMs) - rollup.start) / 1000
  return {
    mean: quotient(rollup.sum, rollup.count),
    timeWeightedMean: quotient(rollup.weightedSum, rollup.knownSeconds),
    mkt: meanKineticC(rollup.mktNumerator, rollup.mktDenominator),
    coverage: quotient(rollup.knownSeconds, elapsedSeconds),
    humidityMean: quotient(rollup.humiditySum, rollup.humidityCount),
  }
}

function meanKineticC(numerator: number, denominator: number): number | null {
  if (denominator <= 0) return null
  return HEAT_OVER_GAS_K / -Math.log(numerator / denominator) - ZERO_CELSIUS_K
}
