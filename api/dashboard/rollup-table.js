// The figures by hour or by day: what inspectors ask for.
import { h, svg } from './element.js'
import { clock, degrees, duration, figure, weekday } from './format.js'

/**
 * @typedef {import('./unit-query.js').UnitData} UnitData
 * @typedef {import('./unit-query.js').Rollup} Rollup
 * @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string }} View
 */

/** @param {() => void} onChange */
export function rollupPanel(onChange) {
  let isByDay = false
  const choose = (/** @type {boolean} */ byDay) => () => {
    isByDay = byDay
    onChange()
  }
  const button = (/** @type {string} */ name, /** @type {boolean} */ byDay) =>
    h(
      'button',
      {
        type: 'button',
        id: `rollups-${name}`,
        'aria-pressed': String(isByDay === byDay),
        onclick: choose(byDay),
      },
      name,
    )
  return {
    /** @param {UnitData} unit @param {View} view */
    element(unit, view) {
      const rows = isByDay ? unit.days.nodes : unit.hours.nodes
      return h(
        'section',
        { class: 'panel' },
        h(
          'div',
          { class: 'panel-head' },
          h('h2', {}, 'Figures'),
          h(
            'div',
            { class: 'segments', role: 'group', 'aria-label': 'Length of a window' },
            button('Hours', false),
            button('Days', true),
          ),
          h('span', { class: 'soft small push' }, isByDay ? 'The last 14 days' : 'The last 24 hours'),
        ),
        rows.length === 0
          ? h('p', { class: 'nothing' }, 'No window is complete enough to show yet.')
          : h(
              'div',
              { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Figures by window' },
              table(rows, isByDay, view),
            ),
      )
    },
  }
}

/** @param {Rollup[]} rows @param {boolean} isByDay @param {View} view */
function table(rows, isByDay, view) {
  const names = {
    Min: 'Lowest reading',
    Mean: 'Mean of the readings',
    Max: 'Highest reading',
    TWM: 'Time-weighted mean',
    MKT: 'Mean kinetic temperature',
    'Out of range': 'Known time beyond a limit',
    [`°${view.unit}·min`]: 'Degrees beyond the limits, integrated over minutes',
    Coverage: 'Time with a known temperature',
    Door: 'Openings and time open',
    Humidity: 'Mean relative humidity',
  }
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, isByDay ? 'Day' : 'Hour'),
        Object.entries(names).map(([name, title]) =>
          h('th', { scope: 'col', class: 'number' }, h('abbr', { title }, name)),
        ),
      ),
    ),
    h(
      'tbody',
      {},
      rows.toReversed().map((row) => line(row, isByDay, view)),
    ),
  )
}

/** @param {Rollup} row @param {boolean} isByDay @param {View} view */
function line(row, isByDay, view) {
  const seconds = row.secondsAbove + row.secondsBelow
  const start = isByDay
    ? weekday(row.start, view.zone)
    : `${weekday(row.start, view.zone)}, ${clock(row.start, view.zone)}`
  const cell = (/** @type {import('./element.js').Child} */ value, more = '') =>
    h('td', { class: `number ${more}`.trim() }, value)
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      start,
      row.isFinal
        ? ''
        : h('span', { class: 'soft small', title: 'Late readings may still change it' }, ' · open'),
    ),
    cell(degrees(row.min)),
    cell(degrees(row.mean)),
    cell(degrees(row.max)),
    cell(degrees(row.timeWeightedMean)),
    cell(degrees(row.mkt)),
    cell(seconds > 0 ? duration(seconds) : '–', seconds > 0 ? 'bad' : ''),
    cell(figure(row.degreeMinutesAbove + row.degreeMinutesBelow, '')),
    cell([meter(row.coverage), row.coverage === null ? '–' : `${Math.round(row.coverage * 100)} %`]),
    cell(
      row.doorOpenings === 0 && row.doorOpenSeconds === 0
        ? '–'
        : `${row.doorOpenings} × ${duration(row.doorOpenSeconds)}`,
    ),
    cell(figure(row.humidityMean, ' %')),
  )
}

/** @param {number | null} share */
const meter = (share) =>
  svg(
    'svg',
    { class: 'meter', viewBox: '0 0 46 6', 'aria-hidden': 'true' },
    svg('rect', { width: 46, height: 6, rx: 3 }),
    svg('rect', { width: 46 * Math.min(share ?? 0, 1), height: 6, rx: 3 }),
  )
