// Twelve hours of a unit's temperature in a strip, with its limits; what lies beyond them is filled.
import { svg } from './element.js'

const WIDTH = 244
const HEIGHT = 46
const PAD = 4

/**
 * @param {{ at: string, mean: number }[]} points
 * @param {{ temperatureMin: number | null, temperatureMax: number | null } | null} rule
 * @param {{ fromMs: number, toMs: number, holdSeconds: number | null }} window
 */
export function sparkline(points, rule, { fromMs, toMs, holdSeconds }) {
  const frame = { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' }
  if (points.length === 0)
    return svg('svg', frame, svg('text', { x: 0, y: HEIGHT / 2 + 4 }, 'No temperature in the last 12 hours'))
  const limits = [rule?.temperatureMin, rule?.temperatureMax].filter((limit) => typeof limit === 'number')
  const values = [...points.map(({ mean }) => mean), ...limits]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const span = Math.max(high - low, 0.5)
  const x = (/** @type {string} */ at) =>
    ((Date.parse(at) - fromMs) / (toMs - fromMs)) * (WIDTH - 2 * PAD) + PAD
  const y = (/** @type {number} */ value) => HEIGHT - PAD - ((value - low) / span) * (HEIGHT - 2 * PAD)
  const last = points[points.length - 1]
  return svg(
    'svg',
    frame,
    beyond(points, rule, x, y),
    limits.map((limit) => svg('line', { class: 'limit', x1: 0, x2: WIDTH, y1: y(limit), y2: y(limit) })),
    svg('path', { class: 'trace', d: trace(points, x, y, gapMs(fromMs, toMs, holdSeconds)) }),
    last && svg('circle', { class: 'now', cx: x(last.at), cy: y(last.mean), r: 2.6 }),
  )
}

/**
 * A span of the strip holds several readings, so a gap is longer than two of them and than the hold limit.
 */
const gapMs = (
  /** @type {number} */ fromMs,
  /** @type {number} */ toMs,
  /** @type {number | null} */ holdSeconds,
) => Math.max((toMs - fromMs) / 16, (holdSeconds ?? Number.POSITIVE_INFINITY) * 1000)

/**
 * @param {{ at: string, mean: number }[]} points @param {(at: string) => number} x
 * @param {(value: number) => number} y @param {number} gap
 */
function trace(points, x, y, gap) {
  let path = ''
  let before = Number.NaN
  for (const { at, mean } of points) {
    const atMs = Date.parse(at)
    path += `${atMs - before <= gap ? 'L' : 'M'}${x(at).toFixed(1)} ${y(mean).toFixed(1)}`
    before = atMs
  }
  return path
}

/**
 * @param {{ at: string, mean: number }[]} points
 * @param {{ temperatureMin: number | null, temperatureMax: number | null } | null} rule
 * @param {(at: string) => number} x @param {(value: number) => number} y
 */
function beyond(points, rule, x, y) {
  const areas = []
  for (const [limit, clip] of [
    [rule?.temperatureMax, Math.max],
    [rule?.temperatureMin, Math.min],
  ]) {
    if (typeof limit !== 'number' || typeof clip !== 'function') continue
    const inside = points.map(({ at, mean }) => `${x(at).toFixed(1)} ${y(clip(mean, limit)).toFixed(1)}`)
    const [first, last] = [points[0], points[points.length - 1]]
    if (first && last)
      areas.push(
        svg('path', {
          class: 'beyond',
          d: `M${x(first.at)} ${y(limit)}L${inside.join('L')}L${x(last.at)} ${y(limit)}Z`,
        }),
      )
  }
  return areas
}
