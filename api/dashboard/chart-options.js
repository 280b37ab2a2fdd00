// How uPlot draws: axes in the chosen zone, a thin line, no legend of its own.
import uPlot from '/vendor/uplot/uPlot.esm.js'
import { clock, day, month } from './format.js'

const DAY_S = 86_400
const MONTH_S = 28 * DAY_S

/** @param {() => string} zone @param {(name: string) => string} color @param {() => void} onReset */
export function chartOptions(zone, color, onReset) {
  const axis = {
    stroke: color('--soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { stroke: color('--grid'), width: 1, size: 5 },
  }
  const veil = { show: true, stroke: 'transparent', points: { show: false } }
  const reset = () => {
    onReset()
    return null
  }
  /** @param {any} _ @param {number[]} splits @param {number} __ @param {number} ___ @param {number} step */
  const times = (_, splits, __, ___, step) => splits.map((at) => tickText(at * 1000, step, zone()))
  return {
    tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), zone()),
    legend: { show: false },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    series: [{}, { stroke: color('--line-temperature'), width: 1.8, points: { show: false } }, veil, veil],
    bands: [{ series: /** @type {[number, number]} */ ([3, 2]), fill: color('--fill-temperature') }],
    axes: [
      { ...axis, size: 34, space: 70, values: times },
      {
        ...axis,
        size: 48,
        values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
          splits.map((value) => `${String(Math.round(value * 10) / 10).replace('-', '−')}°`),
      },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      bind: { dblclick: () => reset },
    },
  }
}

/** @param {number} atMs @param {number} stepSeconds @param {string} zone */
function tickText(atMs, stepSeconds, zone) {
  if (stepSeconds >= MONTH_S) return month(atMs, zone)
  const time = clock(atMs, zone)
  return stepSeconds >= DAY_S || time === '00:00' ? day(atMs, zone) : time
}
