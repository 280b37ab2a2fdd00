// The temperature chart: uPlot with the mean as a line, the extremes of each span as a veil, and what
// happened behind. Drag to zoom, double-click to go back. Times are the site's.
import uPlot from '/vendor/uplot/uPlot.esm.js'
import { bandsOf, drawBands, drawLimits, rulesOver } from './bands.js'
import { chartKeys } from './chart-keys.js'
import { h } from './element.js'
import { clock, day, degrees, weekday } from './format.js'

/**
 * @typedef {import('./unit-query.js').UnitData} UnitData
 * @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string, fromMs: number, toMs: number }} ChartView
 * @typedef {{ bands: import('./bands.js').Band[], rules: ReturnType<typeof rulesOver>, view: ChartView,
 *   values: (number | null)[][] }} Drawn
 */

const SMALLEST_DRAG_PX = 6
const canDrag = matchMedia('(pointer: fine)').matches

/** @param {(window: { fromMs: number, toMs: number }) => void} onZoom @param {() => void} onReset */
export function temperatureChart(onZoom, onReset) {
  const box = h('div', { class: 'chart', role: 'img', 'aria-label': 'Temperature chart' })
  const readout = h('p', { class: 'readout', 'aria-hidden': 'true' })
  const keys = h('ul', { class: 'keys' })
  const element = h('figure', {}, readout, box, h('figcaption', {}, keys))
  /** @type {any} */
  let plot
  /** @type {Drawn | undefined} */
  let drawn

  const size = () => ({ width: Math.max(box.clientWidth, 200), height: box.clientHeight || 340 })
  const resized = new ResizeObserver(() => plot?.setSize(size()))
  resized.observe(box)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  // uPlot keeps the colours that it was made with.
  const recolored = () => {
    plot?.destroy()
    plot = undefined
    draw()
  }
  scheme.addEventListener('change', recolored)

  const hooks = {
    drawClear: [(/** @type {any} */ self) => drawn && drawBands(self, drawn.bands, color)],
    draw: [(/** @type {any} */ self) => drawn && drawLimits(self, drawn.rules, color)],
    setCursor: [(/** @type {any} */ self) => drawn && tell(readout, drawn, self.cursor.idx)],
    setSelect: [
      (/** @type {any} */ self) => {
        const { left, width } = self.select
        if (width < SMALLEST_DRAG_PX) return
        const at = (/** @type {number} */ px) => Math.round(self.posToVal(px, 'x') * 1000)
        onZoom({ fromMs: at(left), toMs: at(left + width) })
        self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      },
    ],
  }

  function draw() {
    if (drawn === undefined) return
    const { values, view } = drawn
    if (plot) plot.setData(values, false)
    else
      plot = new uPlot(
        options(() => drawn, size(), hooks, onReset),
        values,
        box,
      )
    plot.batch(() => {
      plot.setScale('x', { min: view.fromMs / 1000, max: view.toMs / 1000 })
      plot.setScale('y', heights(drawn))
    })
  }

  return {
    element,
    width: () => box.clientWidth,
    /** @param {UnitData} unit @param {ChartView} view */
    update(unit, view) {
      const bands = bandsOf(unit, view.nowMs)
      drawn = { bands, rules: rulesOver(unit, view.fromMs, view.toMs), view, values: valuesOf(unit, view) }
      draw()
      tell(readout, drawn, null)
      keys.replaceChildren(...chartKeys(bands, unit.rule))
      box.dataset.bands = bands.map(({ kind }) => kind).join(' ')
      box.dataset.points = String(unit.series.length)
      box.setAttribute('aria-label', describe(unit, view))
      box.querySelector('.chart-none')?.remove()
      if (unit.series.length === 0) box.append(h('p', { class: 'chart-none' }, 'No readings in this time'))
    },
    stop() {
      resized.disconnect()
      scheme.removeEventListener('change', recolored)
      plot?.destroy()
    },
  }
}

const color = (/** @type {string} */ name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/**
 * @param {() => Drawn | undefined} drawn
 * @param {{ width: number, height: number }} size
 * @param {object} hooks
 * @param {() => void} onReset
 */
function options(drawn, size, hooks, onReset) {
  const zone = () => drawn()?.view.zone ?? 'UTC'
  const axis = {
    stroke: color('--soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { stroke: color('--grid'), width: 1, size: 5 },
  }
  const veil = { show: true, stroke: 'transparent', points: { show: false } }
  return {
    ...size,
    tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), zone()),
    legend: { show: false },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    series: [{}, { stroke: color('--line-temperature'), width: 1.8, points: { show: false } }, veil, veil],
    bands: [{ series: [3, 2], fill: color('--fill-temperature') }],
    axes: [
      {
        ...axis,
        size: 34,
        space: 70,
        values: (
          /** @type {any} */ _,
          /** @type {number[]} */ splits,
          /** @type {number} */ __,
          /** @type {number} */ ___,
          /** @type {number} */ step,
        ) => splits.map((at) => tickText(at * 1000, step, zone())),
      },
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
      bind: { dblclick: () => () => onReset() },
    },
    hooks,
  }
}

/** @param {number} atMs @param {number} stepSeconds @param {string} zone */
function tickText(atMs, stepSeconds, zone) {
  const time = clock(atMs, zone)
  return stepSeconds >= 86_400 || time === '00:00' ? day(atMs, zone) : time
}

/**
 * Times, means, lowest, highest; a null where the value no longer holds, so that no line bridges a gap.
 * @param {UnitData} unit
 * @param {ChartView} view
 */
function valuesOf(unit, { fromMs, toMs }) {
  const holdMs = (unit.rule?.holdLimitSeconds ?? Number.POSITIVE_INFINITY) * 1000
  const gapMs = Math.max(holdMs, (3 * (toMs - fromMs)) / 900)
  /** @type {(number | null)[][]} */
  const columns = [[], [], [], []]
  let beforeMs = Number.POSITIVE_INFINITY
  for (const { at, mean, min, max } of unit.series) {
    const atMs = Date.parse(at)
    if (atMs - beforeMs > gapMs) push(columns, (beforeMs + 1) / 1000, null, null, null)
    push(columns, atMs / 1000, mean, min, max)
    beforeMs = atMs
  }
  return columns
}

/** @param {(number | null)[][]} columns @param {(number | null)[]} row */
function push(columns, ...row) {
  row.forEach((value, index) => {
    columns[index]?.push(value)
  })
}

/** From the lowest to the highest of readings and limits, with some air. @param {Drawn} drawn */
function heights({ values, rules, view }) {
  const numbers = [
    ...(values[2] ?? []),
    ...(values[3] ?? []),
    ...rules.flatMap(({ rule }) => [rule?.temperatureMin, rule?.temperatureMax]),
  ].filter((value) => typeof value === 'number')
  if (numbers.length === 0) return view.unit === 'C' ? { min: 0, max: 10 } : { min: 32, max: 50 }
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const air = Math.max((high - low) * 0.12, 0.5)
  return { min: low - air, max: high + air }
}

/** @param {HTMLElement} readout @param {Drawn} drawn @param {number | null | undefined} index */
function tell(readout, { values, view }, index) {
  const [at, mean, min, max] = values.map((column) => column[index ?? -1])
  if (at == null || mean == null) {
    readout.textContent = canDrag ? 'Drag across the chart to zoom, double-click to go back.' : ''
    return
  }
  const spread = min === max ? '' : ` (${degrees(min)} to ${degrees(max)})`
  readout.replaceChildren(
    h('b', {}, `${degrees(mean)} °${view.unit}`),
    `${spread} · ${weekday(at * 1000, view.zone)}, ${clock(at * 1000, view.zone)}`,
  )
}

/** @param {UnitData} unit @param {ChartView} view */
function describe(unit, view) {
  const { min, max } = {
    min: Math.min(...unit.series.map((span) => span.min)),
    max: Math.max(...unit.series.map((span) => span.max)),
  }
  const between =
    unit.series.length === 0 ? 'no readings' : `between ${degrees(min)} and ${degrees(max)} °${view.unit}`
  const count = (/** @type {unknown[]} */ list, /** @type {string} */ one) =>
    `${list.length} ${one}${list.length === 1 ? '' : 's'}`
  const at = (/** @type {number} */ ms) => `${weekday(ms, view.zone)} ${clock(ms, view.zone)}`
  const happened = [
    count(unit.excursions.nodes, 'excursion'),
    count(unit.doorOpenings.nodes, 'door opening'),
    count(unit.silences.nodes, 'silence'),
  ]
  return `Temperature from ${at(view.fromMs)} to ${at(view.toMs)}: ${between}; ${happened.join(', ')}.`
}
