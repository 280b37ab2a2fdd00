// What the colours of the heat map can show, and what each colour means.
import { degrees, duration } from './format.js'

/**
 * @typedef {import('./unit-query.js').Rollup} Rollup
 * @typedef {{ low: number, high: number, hasMin: boolean, hasMax: boolean }} Scale
 * @typedef {{ name: string, toneOf: (rollup: Rollup, scale: Scale) => string,
 *   say: (rollup: Rollup, unit: 'C' | 'F') => string,
 *   legend: (scale: Scale, unit: 'C' | 'F') => [string, string][] }} Measure `toneOf`: the end of a class's name
 */

const STEPS = 5

export const outOf = (/** @type {Rollup} */ { secondsAbove, secondsBelow }) => secondsAbove + secondsBelow
const step = (/** @type {number} */ share) => 1 + Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)))

/** @param {(rollup: Rollup) => number | null} figureOf @returns {Measure['toneOf']} */
const byTemperature =
  (figureOf) =>
  (rollup, { low, high, hasMin, hasMax }) => {
    const value = figureOf(rollup)
    if (value === null) return 'none'
    if (hasMax && value > high) return 'hot'
    if (hasMin && value < low) return 'cold'
    return `in${step((value - low) / (high - low || 1))}`
  }

/** @type {Measure['legend']} */
const temperatures = ({ low, high, hasMin, hasMax }, unit) => [
  ...(hasMin ? [/** @type {[string, string]} */ (['cold', `below ${degrees(low)}`])] : []),
  ['in1', `${degrees(low)} °${unit}`],
  ['in3', ''],
  ['in5', `${degrees(high)} °${unit}`],
  ...(hasMax ? [/** @type {[string, string]} */ (['hot', `above ${degrees(high)}`])] : []),
]

/** @param {string} tone @param {string} most @returns {Measure['legend']} */
const shares = (tone, most) => () => [
  [`${tone}0`, 'none'],
  [`${tone}1`, ''],
  [`${tone}3`, ''],
  [`${tone}5`, most],
]

/** @type {Record<string, Measure>} */
export const measures = {
  mean: {
    name: 'Mean',
    toneOf: byTemperature(({ timeWeightedMean }) => timeWeightedMean),
    say: ({ timeWeightedMean }, unit) => `${degrees(timeWeightedMean)} °${unit}`,
    legend: temperatures,
  },
  max: {
    name: 'Highest',
    toneOf: byTemperature(({ max, timeWeightedMean }) => max ?? timeWeightedMean),
    say: ({ max }, unit) => `at most ${degrees(max)} °${unit}`,
    legend: temperatures,
  },
  out: {
    name: 'Out of range',
    toneOf: (rollup) =>
      rollup.coverage === null ? 'none' : outOf(rollup) === 0 ? 'out0' : `out${step(outOf(rollup) / 3600)}`,
    say: (rollup) => (outOf(rollup) === 0 ? 'in range' : `${duration(outOf(rollup))} out of range`),
    legend: shares('out', 'all of the hour'),
  },
  door: {
    name: 'Door open',
    toneOf: ({ doorOpenSeconds }) =>
      doorOpenSeconds === 0 ? 'door0' : `door${step(doorOpenSeconds / 1800)}`,
    say: ({ doorOpenings, doorOpenSeconds }) =>
      doorOpenSeconds === 0
        ? 'door closed'
        : `door open ${duration(doorOpenSeconds)}, ${doorOpenings} opened`,
    legend: shares('door', 'half of the hour'),
  },
}

/** Between the limits; where there is none, what was measured. @param {readonly Rollup[]} rollups @param {Record<string, any> | null} rule @returns {Scale} */
export function scaleOf(rollups, rule) {
  const means = rollups.map(({ timeWeightedMean }) => timeWeightedMean).filter((mean) => mean !== null)
  const [hasMin, hasMax] = [rule?.temperatureMin != null, rule?.temperatureMax != null]
  return {
    low: hasMin ? rule?.temperatureMin : Math.min(...means),
    high: hasMax ? rule?.temperatureMax : Math.max(...means),
    hasMin,
    hasMax,
  }
}
