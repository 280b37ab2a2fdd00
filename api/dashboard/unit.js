// A unit's page: how it is now, its temperature over time with everything that happened, and the figures behind.
import { temperatureChart } from './chart.js'
import { chartData, ruleVersions } from './chart-data.js'
import { h, show } from './element.js'
import { episodeLists } from './episodes.js'
import { unitFigures, withoutFigures } from './figures.js'
import { zoneName } from './format.js'
import { heatMap } from './heat-map.js'
import { chosenRange, rangeControls } from './range.js'
import { rollupPanel } from './rollup-table.js'
import { devicePanel, rulePanel } from './rule.js'
import { ask, learnClock, NotFound, nowMs } from './server.js'
import { settingsInAddress } from './settings.js'
import { lookOf, nameOf } from './statuses.js'
import { crumbs, heading, tiles } from './unit-head.js'
import { UNIT_QUERY } from './unit-query.js'
import { applied } from './wall.js'

/**
 * @typedef {import('./unit-query.js').UnitData} UnitData
 * @typedef {import('./chart-data.js').ChartData} ChartData
 * @typedef {import('./range.js').Window} Window
 * @typedef {{ unit: UnitData, chart: ChartData, letter: 'C' | 'F', window: Window }} Shown
 */

const DAY_MS = 86_400_000
/** The tables have what the live channel told a little later. */
const WRITTEN_MS = 1_200
/** A point a pixel, within reason. */
const POINTS_MIN = 200
const POINTS_MAX = 900

/** @param {HTMLElement} main @param {import('./app.js').Context} context */
export function unitPage(main, { settings, wake, id }) {
  /** @type {Shown | undefined} */
  let shown
  let waking = 0
  const range = chosenRange(nowMs, () => {
    controls()
    chart.preview(range.window())
    wake()
  })
  const chart = temperatureChart(range)
  const rollups = rollupPanel(() => render())
  const heat = heatMap(range.zoom, () => render())
  const versions = ruleVersions(id)
  const figures = unitFigures(id)
  const parts = layOut(main, chart.element)

  const zoneOf = () => (shown ? settings.zone(shown.unit.site.timeZone) : undefined)
  const controls = () => showControls(parts.controls, range, zoneOf())

  function render() {
    if (shown === undefined) return
    const { unit, letter, window } = shown
    const view = { unit: letter, nowMs: nowMs(), zone: settings.zone(unit.site.timeZone) }
    document.title = `${unit.name} · ${lookOf(nameOf(unit.status)).word} · Coldstream`
    show(parts.head, crumbs(unit), heading(unit, view))
    show(parts.tiles, tiles(unit, view))
    controls()
    chart.update(shown.chart, { ...view, ...window })
    show(parts.lists, episodeLists(shown.chart, view))
    show(
      parts.facts,
      h(
        'div',
        { class: 'columns' },
        rulePanel(unit.rule, shown.chart.rules, view),
        devicePanel(unit.devices.nodes, view),
      ),
    )
    // Windows are cut by the site's clock, whoever reads them.
    const there = { ...view, zone: unit.site.timeZone, rule: unit.rule }
    const known = figures.known()
    if (known === undefined) return figures.isMissing() ? show(parts.rollups, withoutFigures()) : undefined
    heat.show(parts.heat, known.heat.nodes, { unit: letter, zone: there.zone, rule: unit.rule })
    show(parts.rollups, rollups.element(known, there))
  }

  return {
    refreshMs: () => (range.spanMs() > 2 * DAY_MS ? 30_000 : 5_000),
    /** @param {AbortSignal} signal */
    async load(signal) {
      if (shown === undefined) await learnClock(signal)
      const [window, letter] = [range.window(), settings.unit()]
      const points = Math.min(POINTS_MAX, Math.max(POINTS_MIN, Math.round(chart.width())))
      const [{ unit }, data] = await Promise.all([
        ask(UNIT_QUERY, { id, unit: letter }, signal),
        chartData({ id, unit: letter, window, points }, signal),
      ])
      if (unit === null || data === null) throw new NotFound(id)
      const asked = { current: unit.rule, window, unit: letter, nowMs: nowMs() }
      shown = { unit, chart: { ...data, rules: await versions(asked, signal) }, letter, window }
      render()
      await figures.load(letter, signal)
      render()
    },
    redraw: render,
    live: () => ({ unitId: id, unit: settings.unit() }),
    /** @param {import('./live.js').LiveEvent} event */
    onLive(event) {
      if (shown === undefined) return
      applied(shown.unit, event)
      if (event.reading) grow(shown, event.reading, range.name() !== '')
      render()
      clearTimeout(waking)
      waking = setTimeout(wake, WRITTEN_MS)
    },
    stop() {
      clearTimeout(waking)
      chart.stop()
    },
  }
}

/** The line goes on with what has just come, where it reaches to now. @param {Shown} shown @param {import('./live.js').LiveReading} reading @param {boolean} isSliding */
function grow(shown, { recordedAt, temperature }, isSliding) {
  const { chart } = shown
  const atMs = Date.parse(recordedAt)
  if (
    !isSliding ||
    chart.grain !== 'readings' ||
    temperature === null ||
    atMs <= (chart.spans.at(-1)?.atMs ?? 0)
  )
    return
  const movedMs = nowMs() - shown.window.toMs
  shown.window = { fromMs: shown.window.fromMs + movedMs, toMs: shown.window.toMs + movedMs }
  chart.spans.push({ atMs, min: temperature, max: temperature, mean: temperature })
  const last = chart.rules.at(-1)
  if (last) last.toMs = shown.window.toMs
}

/**
 * The places of the page, with what is shown until the first answer.
 * @param {HTMLElement} main
 * @param {HTMLElement} chart
 */
function layOut(main, chart) {
  const names = /** @type {const} */ (['head', 'tiles', 'controls', 'lists', 'heat', 'rollups', 'facts'])
  const parts = Object.fromEntries(names.map((name) => [name, h('div')]))
  parts.controls?.setAttribute('class', 'panel-head')
  parts.head?.append(
    h('nav', { class: 'crumbs', 'aria-label': 'Where this unit is' }, h('a', { href: '/' }, 'Fleet')),
    h('div', { class: 'unit-head' }, h('h1', { class: 'soft' }, 'Loading…')),
  )
  parts.tiles?.append(h('div', { class: 'ghost ghost-tiles', 'aria-busy': 'true' }))
  const panel = h(
    'section',
    { class: 'panel chart-panel', 'aria-label': 'Temperature over time' },
    parts.controls,
    chart,
  )
  const below = h('div', { class: 'stack' }, parts.heat, parts.rollups, parts.facts)
  main.replaceChildren(
    ...[parts.head, parts.tiles, panel, parts.lists, below].filter((part) => part !== undefined),
  )
  return /** @type {Record<typeof names[number], HTMLElement>} */ (parts)
}

/** @param {HTMLElement} place @param {ReturnType<typeof chosenRange>} range @param {string | undefined} zone */
function showControls(place, range, zone) {
  const times = zone ? `Times in ${zone} (${zoneName(nowMs(), zone)})` : ''
  show(
    place,
    h('h2', {}, 'Temperature'),
    ...rangeControls(range),
    h('span', { class: 'soft small push' }, times),
    h('button', { type: 'button', class: 'quiet', id: 'link', onclick: () => void copyLink() }, 'Copy link'),
  )
}

/** The link carries how it is read here, so that both see the same. */
async function copyLink() {
  const address = new URL(location.href)
  for (const [name, value] of Object.entries(settingsInAddress())) address.searchParams.set(name, value)
  history.replaceState(history.state, '', address)
  const button = document.getElementById('link')
  // Only a secure page may write to the clipboard; the address bar has the link in any case.
  const isCopied = await navigator.clipboard?.writeText(address.href).then(
    () => true,
    () => false,
  )
  if (button) button.textContent = isCopied ? 'Copied' : 'See the address bar'
}
