// The key below the chart: only what is in it.
import { h, svg } from './element.js'

/** @typedef {import('./bands.js').Band['kind']} Kind */

/** @type {Record<Kind, string>} */
const names = {
  confirmed: 'Excursion, confirmed',
  unconfirmed: 'Excursion, not confirmed',
  silence: 'No contact',
  door: 'Door open',
}

const box = { viewBox: '0 0 22 12', 'aria-hidden': 'true' }
const hatched = (/** @type {string} */ d) => svg('path', { d, stroke: 'var(--hatch)', fill: 'none' })

/** @type {Record<Kind, () => Element>} */
const samples = {
  confirmed: () => svg('svg', box, svg('rect', { width: 22, height: 12, fill: 'var(--band-confirmed)' })),
  unconfirmed: () =>
    svg(
      'svg',
      box,
      svg('rect', { width: 22, height: 12, fill: 'var(--band-unconfirmed)' }),
      hatched('M0 12 12 0M8 12 20 0M16 12 22 6M0 4 4 0'),
    ),
  silence: () =>
    svg(
      'svg',
      box,
      svg('rect', { width: 22, height: 12, fill: 'var(--band-silence)' }),
      hatched('M0 0 12 12M8 0 20 12M16 0 22 6M0 8 4 12'),
    ),
  door: () => svg('svg', box, svg('rect', { y: 5, width: 22, height: 7, fill: 'var(--band-door)' })),
}

/** @param {readonly import('./bands.js').Band[]} bands @param {import('./chart-data.js').ChartData} data */
export function chartKeys(bands, { rules, cut, grain }) {
  const line = (/** @type {string} */ stroke, dash = '') =>
    svg(
      'svg',
      box,
      svg('line', { x1: 0, x2: 22, y1: 6, y2: 6, stroke, 'stroke-width': 2, 'stroke-dasharray': dash }),
    )
  const hasLimits = rules.some(({ rule }) => rule?.temperatureMin != null || rule?.temperatureMax != null)
  const changes = rules.filter(({ rule }, index) => index > 0 && differs(rule, rules[index - 1]?.rule)).length
  const present = /** @type {Kind[]} */ (Object.keys(names)).filter((kind) =>
    bands.some((band) => band.kind === kind),
  )
  return [
    h('li', {}, line('var(--line-temperature)'), 'Temperature'),
    ...(hasLimits
      ? [
          h(
            'li',
            {},
            line('var(--line-limit)', '5 3'),
            changes === 0 ? 'Limits' : `Limits, changed ${changes === 1 ? 'once' : `${changes} times`}`,
          ),
        ]
      : []),
    ...present.map((kind) => h('li', { 'data-band': kind }, samples[kind](), names[kind])),
    ...(cut.some((name) => isDrawn(name, grain))
      ? [h('li', {}, 'Too much happened to draw all of it: zoom in')]
      : []),
  ]
}

/** @param {Record<string, any> | null} a @param {Record<string, any> | null | undefined} b */
const differs = (a, b) => a?.temperatureMin !== b?.temperatureMin || a?.temperatureMax !== b?.temperatureMax

/** The doors of long stretches are drawn from rollups, which leave nothing out. @param {string} list @param {string} grain */
const isDrawn = (list, grain) => list !== 'alerts' && (list !== 'doorOpenings' || grain === 'readings')
