// Four weeks hour by hour: days across, the hours of the site's day down. What repeats at the same hour, and what was
// out of range, is seen at once. A table, so that it can be read without seeing it.
import { addressState } from './address.js'
import { h } from './element.js'
import { dayAndHour, duration, weekday } from './format.js'
import { measures, outOf, scaleOf } from './heat-measures.js'

/**
 * @typedef {import('./unit-query.js').Rollup} Rollup
 * @typedef {{ fromMs: number, toMs: number, rollup: Rollup, out: number }} Cell
 * @typedef {{ unit: 'C' | 'F', zone: string, rule: Record<string, any> | null }} HeatView
 * @typedef {import('./heat-measures.js').Measure} Measure
 * @typedef {import('./heat-measures.js').Scale} Scale
 */

export const HEAT_DAYS = 28
const DAY_MS = 86_400_000
const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/** @param {(window: { fromMs: number, toMs: number }) => void} onZoom @param {() => void} onChange */
export function heatMap(onZoom, onChange) {
  const state = addressState({ heat: 'mean' }, onChange)
  const measureOf = () => measures[state.get('heat')] ?? /** @type {Measure} */ (measures.mean)
  const readout = h('p', { class: 'readout', id: 'heat-readout' })
  let drawn = ''

  const buttons = () =>
    Object.entries(measures).map(([key, { name }]) =>
      h(
        'button',
        {
          type: 'button',
          id: `heat-${key}`,
          'aria-pressed': String(measureOf() === measures[key]),
          onclick: () => state.set('heat', key),
        },
        name,
      ),
    )

  return {
    /** Into `place`, where something has changed. @param {HTMLElement} place @param {readonly Rollup[]} rollups @param {HeatView} view */
    show(place, rollups, view) {
      const version = JSON.stringify([state.get('heat'), rollups, view])
      if (version === drawn) return
      drawn = version
      const focused = document.activeElement?.id ?? ''
      const cells = cellsOf(rollups, view.zone)
      const scale = scaleOf(rollups, view.rule)
      const measure = measureOf()
      place.replaceChildren(
        h(
          'section',
          { class: 'panel' },
          h(
            'div',
            { class: 'panel-head' },
            h('h2', {}, 'Hour by hour'),
            h('div', { class: 'segments', role: 'group', 'aria-label': 'What the colours show' }, buttons()),
            h('span', { class: 'soft small push' }, `The last ${HEAT_DAYS} days, in the site’s time`),
          ),
          ...(cells.size === 0
            ? [h('p', { class: 'nothing' }, 'No hour is complete enough to show yet.')]
            : [
                grid(cells, { ...view, measure, scale, readout, onZoom }),
                readout,
                legend(measure.legend(scale, view.unit)),
              ]),
        ),
      )
      if (focused && document.activeElement?.id !== focused)
        document.getElementById(focused)?.focus({ preventScroll: true })
    },
  }
}

/** By date, then by hour; an hour that the clocks repeat is added up. @param {readonly Rollup[]} rollups @param {string} zone */
function cellsOf(rollups, zone) {
  /** @type {Map<string, Map<number, Cell>>} */
  const days = new Map()
  for (const rollup of rollups) {
    const { date, hour } = dayAndHour(rollup.start, zone)
    const day = days.get(date) ?? new Map()
    days.set(date, day)
    const before = day.get(hour)
    const window = { fromMs: Date.parse(rollup.start), toMs: Date.parse(rollup.end) }
    day.set(
      hour,
      before
        ? {
            ...window,
            fromMs: before.fromMs,
            rollup: added(before.rollup, rollup),
            out: before.out + outOf(rollup),
          }
        : { ...window, rollup, out: outOf(rollup) },
    )
  }
  return days
}

/** @param {Rollup} a @param {Rollup} b @returns {Rollup} */
const added = (a, b) => ({
  ...b,
  max: a.max === null ? b.max : Math.max(a.max, b.max ?? a.max),
  secondsAbove: a.secondsAbove + b.secondsAbove,
  secondsBelow: a.secondsBelow + b.secondsBelow,
  doorOpenings: a.doorOpenings + b.doorOpenings,
  doorOpenSeconds: a.doorOpenSeconds + b.doorOpenSeconds,
})

/**
 * @param {Map<string, Map<number, Cell>>} cells
 * @param {HeatView & { measure: Measure, scale: Scale, readout: HTMLElement, onZoom: (window: { fromMs: number, toMs: number }) => void }} view
 */
function grid(cells, view) {
  const dates = lastDays([...cells.keys()].sort().at(-1) ?? '')
  const lastHour = Math.max(...(cells.get(dates.at(-1) ?? '')?.keys() ?? [0]))
  const noon = (/** @type {string} */ date) => `${date}T12:00:00Z`
  const cell = (/** @type {string} */ date, /** @type {number} */ hour) => {
    const found = cells.get(date)?.get(hour)
    const isStart = date === dates.at(-1) && hour === lastHour
    const when = `${weekday(noon(date), 'UTC')}, ${String(hour).padStart(2, '0')}:00`
    if (!found)
      return h('td', {
        class: 'heat-none',
        tabindex: isStart ? 0 : -1,
        'aria-label': `${when}: nothing known`,
      })
    const tone = view.measure.toneOf(found.rollup, view.scale)
    const isOut = found.out > 0 && !tone.startsWith('door')
    const label = `${when}: ${view.measure.say(found.rollup, view.unit)}${isOut ? `, ${duration(found.out)} out of range` : ''}`
    return h('td', {
      class: `heat-${tone}${isOut ? ' heat-mark' : ''}`,
      tabindex: isStart ? 0 : -1,
      'aria-label': label,
      'data-from': found.fromMs,
      'data-to': found.toMs,
    })
  }
  const table = h(
    'table',
    {
      class: 'heat',
      role: 'grid',
      'aria-label': `${view.measure.name} by hour and day`,
      'aria-describedby': 'heat-how',
    },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'Hour')),
        dates.map((date, index) => dayHead(date, index, dates.length)),
      ),
    ),
    h(
      'tbody',
      {},
      HOURS.map((hour) =>
        h(
          'tr',
          {},
          h(
            'th',
            { scope: 'row' },
            hour % 3 === 0
              ? String(hour).padStart(2, '0')
              : h('span', { class: 'hidden' }, String(hour).padStart(2, '0')),
          ),
          dates.map((date) => cell(date, hour)),
        ),
      ),
    ),
  )
  listen(table, view)
  return h(
    'div',
    { class: 'heat-place' },
    table,
    h('p', { class: 'hidden', id: 'heat-how' }, 'Arrow keys move, Enter shows the hour in the chart.'),
  )
}

/** The same four weeks, however young a unit is. @param {string} last */
const lastDays = (last) =>
  Array.from({ length: HEAT_DAYS }, (_, index) =>
    new Date(Date.parse(last) - (HEAT_DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )

/** Every seventh day is named, counted back from today. @param {string} date @param {number} index @param {number} count */
function dayHead(date, index, count) {
  const name = weekday(`${date}T12:00:00Z`, 'UTC')
  const isNamed = (count - 1 - index) % 7 === 0
  return h(
    'th',
    { scope: 'col', class: isNamed && 'named' },
    isNamed ? h('span', {}, name) : h('span', { class: 'hidden' }, name),
  )
}

const HOUR_MS = 3_600_000

/**
 * @param {HTMLElement} table
 * @param {{ readout: HTMLElement, onZoom: (window: { fromMs: number, toMs: number }) => void }} view
 */
function listen(table, { readout, onZoom }) {
  const tell = (/** @type {Event} */ event) => {
    const cell = /** @type {HTMLElement} */ (event.target).closest('td')
    readout.textContent = cell?.getAttribute('aria-label') ?? ''
  }
  const open = (/** @type {HTMLElement | null} */ cell) => {
    if (!cell?.dataset.from) return
    onZoom({ fromMs: Number(cell.dataset.from) - HOUR_MS, toMs: Number(cell.dataset.to) + HOUR_MS })
    document.getElementById('chart')?.scrollIntoView({ block: 'center' })
  }
  table.addEventListener('pointerover', tell)
  table.addEventListener('focusin', tell)
  table.addEventListener('click', (event) => open(/** @type {HTMLElement} */ (event.target).closest('td')))
  table.addEventListener('keydown', (event) => {
    const cell = /** @type {HTMLTableCellElement | null} */ (
      /** @type {HTMLElement} */ (event.target).closest('td')
    )
    const row = /** @type {HTMLTableRowElement | null | undefined} */ (cell?.parentElement)
    if (!cell || !row) return
    if (event.key === 'Enter') return open(cell)
    const rows = /** @type {HTMLTableSectionElement} */ (row.parentElement).rows
    /** @type {Record<string, Element | null | undefined>} */
    const next = {
      ArrowLeft: cell.previousElementSibling,
      ArrowRight: cell.nextElementSibling,
      ArrowUp: rows[row.sectionRowIndex - 1]?.cells[cell.cellIndex],
      ArrowDown: rows[row.sectionRowIndex + 1]?.cells[cell.cellIndex],
      Home: row.cells[1],
      End: row.cells[row.cells.length - 1],
    }
    if (!(event.key in next)) return
    event.preventDefault()
    const target = next[event.key]
    if (!(target instanceof HTMLTableCellElement) || target.tagName !== 'TD') return
    cell.tabIndex = -1
    target.tabIndex = 0
    target.focus()
  })
}

/** @param {readonly [string, string][]} entries */
const legend = (entries) =>
  h(
    'ul',
    { class: 'keys heat-keys' },
    entries.map(([tone, text]) => h('li', {}, h('i', { class: `heat-${tone}` }), text)),
    h('li', {}, h('i', { class: 'heat-none' }), 'nothing known'),
  )
