// The chart in words: one point, and the whole for who cannot see it.

import { h } from './element.js'
import { clock, degrees, weekday, year } from './format.js'

/**
 * @typedef {import('./chart-data.js').ChartData} ChartData
 * @typedef {import('./chart.js').ChartView} ChartView
 */

/** @param {import('./chart.js').Drawn} drawn @param {number} index */
export function point({ values, view, data }, index) {
  const [at, mean, min, max] = values.map((column) => column[index])
  if (at == null || mean == null) return undefined
  const spread = min === max ? '' : ` (${degrees(min)} to ${degrees(max)})`
  const when =
    data.grain === 'days'
      ? `${weekday(at * 1000, view.zone)} ${year(at * 1000, view.zone)}`
      : `${weekday(at * 1000, view.zone)}, ${clock(at * 1000, view.zone)}`
  const isOut = data.rules.some(
    ({ fromMs, toMs, rule }) =>
      at * 1000 >= fromMs &&
      at * 1000 < toMs &&
      ((rule?.temperatureMax != null && (max ?? mean) > rule.temperatureMax) ||
        (rule?.temperatureMin != null && (min ?? mean) < rule.temperatureMin)),
  )
  return [
    h('b', {}, `${degrees(mean)} °${view.unit}`),
    `${spread} · ${when}${isOut ? ' · beyond the limits' : ''}`,
  ]
}

/** @type {Record<ChartData['grain'], string>} */
const grains = { readings: '', hours: ' Each point is an hour.', days: ' Each point is a day.' }

/** @param {ChartData} data @param {ChartView} view */
export function describe(data, view) {
  const { spans } = data
  const low = spans.reduce((lowest, { min }) => Math.min(lowest, min), Number.POSITIVE_INFINITY)
  const high = spans.reduce((highest, { max }) => Math.max(highest, max), Number.NEGATIVE_INFINITY)
  const between =
    spans.length === 0 ? 'no temperature' : `between ${degrees(low)} and ${degrees(high)} °${view.unit}`
  const count = (/** @type {unknown[]} */ list, /** @type {string} */ one) =>
    `${list.length} ${one}${list.length === 1 ? '' : 's'}`
  const at = (/** @type {number} */ ms) => `${weekday(ms, view.zone)} ${clock(ms, view.zone)}`
  const happened = [
    count(data.excursions, 'excursion'),
    ...(data.grain === 'readings' ? [count(data.doorOpenings, 'door opening')] : []),
    count(data.silences, 'silence'),
  ]
  return `Temperature from ${at(view.fromMs)} to ${at(view.toMs)}: ${between}; ${happened.join(', ')}.${grains[data.grain]}`
}
