// A unit's page: how it is now, its temperature over time with everything that happened, and the figures
// behind.
import { temperatureChart } from './chart.js'
import { h, show } from './element.js'
import { episodeLists } from './episodes.js'
import { doorMark, isOld, isOut } from './fleet-card.js'
import { ago, degrees, duration, figure, limits, moment, words, zoneName } from './format.js'
import { chosenRange, rangeControls } from './range.js'
import { rollupPanel } from './rollup-table.js'
import { devicePanel, rulePanel } from './rule.js'
import { ask, learnClock, NotFound, nowMs } from './server.js'
import { lookOf, nameOf, statusMark } from './statuses.js'
import { UNIT_QUERY } from './unit-query.js'

/** @typedef {import('./unit-query.js').UnitData} UnitData */

const DAY_MS = 86_400_000
/** A point a pixel, within reason. */
const POINTS_MIN = 200
const POINTS_MAX = 900

/**
 * The places of the page, with what is shown until the first answer.
 * @param {HTMLElement} main
 * @param {HTMLElement} chart
 */
function layOut(main, chart) {
  const names = /** @type {const} */ (['head', 'tiles', 'controls', 'lists', 'rollups', 'facts'])
  const parts = Object.fromEntries(names.map((name) => [name, h('div')]))
  parts.controls?.setAttribute('class', 'panel-head')
  parts.head?.append(
    h('p', { class: 'crumbs' }, h('a', { href: '/' }, 'Fleet')),
    h('div', { class: 'unit-head' }, h('h1', {}, 'Loading…')),
  )
  parts.tiles?.append(h('div', { class: 'ghost ghost-tiles', 'aria-busy': 'true' }))
  const label = 'Temperature over time'
  const panel = h('section', { class: 'panel chart-panel', 'aria-label': label }, parts.controls, chart)
  main.replaceChildren(parts.head, parts.tiles, panel, parts.lists, parts.rollups, parts.facts)
  return /** @type {Record<typeof names[number], HTMLElement>} */ (parts)
}

/**
 * @param {HTMLElement} place
 * @param {ReturnType<typeof chosenRange>} range
 * @param {string | undefined} zone
 */
function showControls(place, range, zone) {
  const times = zone ? `Times in ${zone} (${zoneName(nowMs(), zone)})` : ''
  show(
    place,
    h('h2', {}, 'Temperature'),
    ...rangeControls(range),
    h('span', { class: 'soft small push' }, times),
  )
}

/** @typedef {{ unit: UnitData, letter: 'C' | 'F', fromMs: number, toMs: number }} Shown */

/**
 * @param {HTMLElement} main
 * @param {string} id
 * @param {{ unit: () => 'C' | 'F' }} settings
 * @param {() => void} wake
 */
export function unitPage(main, id, settings, wake) {
  /** @type {Shown | undefined} */
  let data
  const range = chosenRange(() => {
    showControls(parts.controls, range, data?.unit.site.timeZone)
    wake()
  })
  const chart = temperatureChart(range.zoom, range.reset)
  const rollups = rollupPanel(() => render())
  const parts = layOut(main, chart.element)
  showControls(parts.controls, range, undefined)

  function render() {
    if (data === undefined) return
    const { unit, letter, fromMs, toMs } = data
    const view = { unit: letter, nowMs: nowMs(), zone: unit.site.timeZone }
    document.title = `${unit.name} · ${lookOf(nameOf(unit.status)).word} · Coldstream`
    show(parts.head, crumbs(unit), heading(unit, view))
    show(parts.tiles, tiles(unit, view))
    showControls(parts.controls, range, view.zone)
    chart.update(unit, { ...view, fromMs, toMs })
    show(parts.lists, episodeLists(unit, view))
    show(parts.rollups, rollups.element(unit, view))
    show(
      parts.facts,
      h('div', { class: 'columns' }, rulePanel(unit.rule, view), devicePanel(unit.devices, view)),
    )
  }

  return {
    refreshMs: () => (range.spanMs() > 2 * DAY_MS ? 30_000 : 5_000),
    /** @param {AbortSignal} signal */
    async load(signal) {
      if (data === undefined) await learnClock(signal)
      const { fromMs, toMs } = range.window(nowMs())
      const letter = settings.unit()
      const points = Math.min(POINTS_MAX, Math.max(POINTS_MIN, Math.round(chart.width())))
      const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
      const { unit } = await ask(UNIT_QUERY, { id, unit: letter, from, to, points }, signal)
      if (unit === null) throw new NotFound(id)
      data = { unit, letter, fromMs, toMs }
      render()
    },
    stop: chart.stop,
  }
}

/** @param {UnitData} unit */
const crumbs = (unit) =>
  h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where this unit is' },
    h('a', { href: '/', id: 'to-fleet' }, 'Fleet'),
    [unit.organization, unit.site, unit.area].map(({ name }) => h('span', {}, name)),
  )

/** @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string }} View */

/** @param {string} since @param {View} view */
const sinceText = (since, { zone, nowMs: now }) =>
  `since ${moment(since, zone, now)} (${duration((now - Date.parse(since)) / 1000)})`

/** @param {UnitData} unit @param {View} view */
function heading(unit, view) {
  const name = nameOf(unit.status)
  return h(
    'div',
    { class: 'unit-head' },
    h('h1', {}, unit.name),
    statusMark(name, 'pill'),
    h(
      'span',
      { class: 'soft' },
      unit.status ? sinceText(unit.status.since, view) : 'Nothing has been heard of it.',
    ),
    h('span', { class: 'soft' }, `· ${words(unit.type)}`),
  )
}

/** @param {UnitData} unit @param {View} view */
function tiles(unit, view) {
  const { latest, rule } = unit
  const state = isOld(unit, view.nowMs) ? '' : isOut(latest?.temperature, rule) ? 'out' : ''
  const tile = (
    /** @type {string} */ name,
    /** @type {import('./element.js').Child} */ value,
    note = '',
    more = '',
  ) =>
    h(
      'div',
      { class: 'tile' },
      h('dt', {}, name),
      h('dd', { class: more }, value),
      note && h('dd', { class: 'note' }, note),
    )
  return h(
    'dl',
    { class: 'tiles' },
    tile(
      'Temperature',
      latest?.temperature == null ? '–' : `${degrees(latest.temperature)} °${view.unit}`,
      latest?.temperatureAt ? ago(latest.temperatureAt, view.nowMs) : '',
      state,
    ),
    tile('Limits', limits(rule, view.unit)),
    tile('Humidity', figure(latest?.humidity, ' %'), latest?.humidity == null ? '' : 'relative'),
    tile(
      'Door',
      unit.door ? doorMark(unit.door, view.nowMs) : '–',
      unit.door ? `since ${moment(unit.door.since, view.zone, view.nowMs)}` : 'not reported',
    ),
    tile(
      'Battery',
      figure(latest?.batteryPercent, ' %'),
      latest?.batteryVolts == null ? '' : `${latest.batteryVolts.toFixed(2)} V`,
    ),
    tile(
      'Signal',
      figure(latest?.rssi, ' dBm'),
      latest?.snr == null ? '' : `SNR ${figure(latest.snr, ' dB')}`,
    ),
    tile(
      'Last heard',
      latest ? ago(latest.recordedAt, view.nowMs) : 'never',
      latest ? moment(latest.recordedAt, view.zone, view.nowMs) : '',
    ),
  )
}
