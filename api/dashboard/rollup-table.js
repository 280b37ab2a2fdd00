// The figures by hour or by day: what inspectors ask for.
import { h } from './element.js'
import { clock, degrees, duration, figure, weekday } from './format.js'
import { meter, table } from './table.js'

/**
 * @typedef {import('./unit-query.js').Figures} Figures
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
    /** @param {Figures} figures @param {View} view */
    element({ days, hours }, view) {
      const rows = isByDay ? days.nodes : hours.nodes
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
          : table(
              'Figures by window',
              columnsOf(isByDay, view),
              rows.toReversed().map((row) => line(row, isByDay, view)),
            ),
      )
    },
  }
}

/** @param {boolean} isByDay @param {View} view @returns {import('./table.js').Column[]} */
function columnsOf(isByDay, view) {
  const columns = {
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
  const numbers = Object.entries(columns).map(([name, title]) => ({ name, title, isNumber: true }))
  return [{ name: isByDay ? 'Day' : 'Hour' }, ...numbers]
}

/** @param {Rollup} row @param {boolean} isByDay @param {View} view @returns {import('./table.js').Row} */
function line(row, isByDay, view) {
  const seconds = row.secondsAbove + row.secondsBelow
  const time = isByDay ? '' : `, ${clock(row.start, view.zone)}`
  const open = h('span', { class: 'soft small', title: 'Late readings may still change it' }, ' · open')
  const door = `${row.doorOpenings} · ${duration(row.doorOpenSeconds)}`
  const cells = [
    [weekday(row.start, view.zone), time, row.isFinal ? '' : open],
    degrees(row.min),
    degrees(row.mean),
    degrees(row.max),
    degrees(row.timeWeightedMean),
    degrees(row.mkt),
    seconds > 0 ? duration(seconds) : '–',
    figure(row.degreeMinutesAbove + row.degreeMinutesBelow, ''),
    [meter(row.coverage), row.coverage === null ? '–' : `${Math.round(row.coverage * 100)} %`],
    row.doorOpenings === 0 && row.doorOpenSeconds === 0 ? '–' : door,
    figure(row.humidityMean, ' %'),
  ]
  return { cells, bad: seconds > 0 ? [6] : [] }
}
