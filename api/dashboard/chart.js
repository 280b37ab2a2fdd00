// The temperature chart: uPlot with the mean as a line, the extremes of each span as a veil, and what happened behind.
// Drag to zoom, double-click to go back; with the keyboard the arrows read it out, + and − zoom.
import uPlot from '/vendor/uplot/uPlot.esm.js'
import { bandsOf, drawBands, drawLimits } from './bands.js'
import { chartKeys } from './chart-keys.js'
import { chartOptions } from './chart-options.js'
import { describe, point } from './chart-words.js'
import { colors } from './colors.js'
import { h } from './element.js'

/**
 * @typedef {import('./chart-data.js').ChartData} ChartData
 * @typedef {import('./range.js').Window} Window
 * @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string } & Window} ChartView
 * @typedef {{ bands: import('./bands.js').Band[], data: ChartData, view: ChartView,
 *   values: (number | null)[][] }} Drawn
 * @typedef {{ zoom: (window: Window) => void, reset: () => void, pan: (part: number) => void,
 *   scale: (factor: number) => void }} Range
 */

const SMALLEST_DRAG_PX = 6
const canDrag = matchMedia('(pointer: fine)').matches
const hint = canDrag ? 'Drag across the chart to zoom, double-click to go back.' : ''

/** @param {Range} range */
export function temperatureChart(range) {
  const { box, readout, keys, element } = frame()
  const palette = colors(box)
  /** @type {any} */
  let plot
  /** @type {Drawn | undefined} */
  let drawn

  const size = () => ({ width: Math.max(box.clientWidth, 200), height: box.clientHeight || 340 })
  const resized = new ResizeObserver(() => plot?.setSize(size()))
  resized.observe(box)
  // uPlot keeps the colours that it was made with.
  const stopColors = palette.onChange(() => {
    plot?.destroy()
    plot = undefined
    draw()
  })
  const tell = (/** @type {number | null | undefined} */ index) => {
    readout.replaceChildren(...(drawn && index != null ? (point(drawn, index) ?? [hint]) : [hint]))
  }
  const hooks = {
    drawClear: [(/** @type {any} */ self) => drawn && drawBands(self, drawn.bands, palette.color)],
    draw: [(/** @type {any} */ self) => drawn && drawLimits(self, drawn.data.rules, palette.color)],
    setCursor: [(/** @type {any} */ self) => tell(self.cursor.idx)],
    setSelect: [
      (/** @type {any} */ self) => {
        const { left, width } = self.select
        if (width < SMALLEST_DRAG_PX) return
        const at = (/** @type {number} */ px) => Math.round(self.posToVal(px, 'x') * 1000)
        range.zoom({ fromMs: at(left), toMs: at(left + width) })
        self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      },
    ],
  }

  function draw() {
    if (drawn === undefined) return
    const { values, view } = drawn
    const zone = () => drawn?.view.zone ?? 'UTC'
    if (plot) plot.setData(values, false)
    else
      plot = new uPlot(
        { ...chartOptions(zone, palette.color, range.reset), ...size(), hooks },
        /** @type {any} */ (values),
        box,
      )
    plot.batch(() => {
      plot.setScale('x', { min: view.fromMs / 1000, max: view.toMs / 1000 })
      plot.setScale('y', heights(drawn))
    })
  }

  readByKeyboard(
    box,
    range,
    () => plot,
    (isReading) => readout.setAttribute('aria-live', isReading ? 'polite' : 'off'),
  )
  tell(null)
  return {
    element,
    width: () => box.clientWidth,
    /** What is known already, over another window, until what belongs there has come. @param {Window} window */
    preview({ fromMs, toMs }) {
      box.setAttribute('aria-busy', 'true')
      if (drawn === undefined) return
      drawn = { ...drawn, view: { ...drawn.view, fromMs, toMs } }
      draw()
    },
    /** @param {ChartData} data @param {ChartView} view */
    update(data, view) {
      const bands = bandsOf(data, view.nowMs)
      drawn = { bands, data, view, values: valuesOf(data) }
      draw()
      if (plot.cursor.idx == null) tell(null)
      keys.replaceChildren(...chartKeys(bands, data))
      box.dataset.bands = bands.map(({ kind }) => kind).join(' ')
      box.dataset.points = String(data.spans.length)
      box.dataset.grain = data.grain
      box.removeAttribute('aria-busy')
      box.setAttribute('aria-label', describe(data, view))
      box.querySelector('.chart-none')?.remove()
      if (data.spans.length === 0) box.append(h('p', { class: 'chart-none' }, 'No temperature in this time'))
    },
    stop() {
      resized.disconnect()
      stopColors()
      plot?.destroy()
    },
  }
}

function frame() {
  const box = h('div', {
    class: 'chart',
    id: 'chart',
    role: 'group',
    'aria-roledescription': 'chart',
    tabindex: 0,
    'aria-label': 'Temperature chart',
    'aria-busy': 'true',
  })
  const readout = h('p', { class: 'readout' })
  const keys = h('ul', { class: 'keys' })
  return { box, readout, keys, element: h('figure', {}, readout, box, h('figcaption', {}, keys)) }
}

/**
 * @param {HTMLElement} box @param {Range} range @param {() => any} plotOf
 * @param {(isReading: boolean) => void} onReading
 */
function readByKeyboard(box, range, plotOf, onReading) {
  /** @param {number} steps */
  const move = (steps) => {
    const plot = plotOf()
    if (!plot) return
    const [times] = plot.data
    const [first, last] = [
      times.findIndex((/** @type {number} */ at) => at >= plot.scales.x.min),
      times.findLastIndex((/** @type {number} */ at) => at <= plot.scales.x.max),
    ]
    if (first < 0 || last < first) return
    const index = Math.min(Math.max((plot.cursor.idx ?? last + 1) + steps, first), last)
    plot.setCursor({ left: plot.valToPos(times[index], 'x'), top: 0 })
  }
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    PageUp: () => range.pan(-0.5),
    PageDown: () => range.pan(0.5),
    '+': () => range.scale(0.5),
    '-': () => range.scale(2),
    Escape: () => range.reset(),
  }
  box.addEventListener('keydown', (event) => {
    const act = keys[event.key]
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    onReading(event.key.startsWith('Arrow'))
    act()
  })
  box.addEventListener('pointermove', () => onReading(false))
}

/**
 * Times, means, lowest, highest; a null where the value no longer holds, so that no line bridges a gap.
 * @param {ChartData} data
 */
function valuesOf({ spans, gapMs, grain, rules }) {
  const holds = rules
    .map(({ rule }) => rule?.holdLimitSeconds)
    .filter((seconds) => typeof seconds === 'number')
  const holdMs = grain === 'readings' ? Math.max(0, ...holds) * 1000 : 0
  const limitMs = holdMs === 0 && grain === 'readings' ? Number.POSITIVE_INFINITY : Math.max(holdMs, gapMs)
  /** @type {(number | null)[][]} */
  const columns = [[], [], [], []]
  let beforeMs = Number.POSITIVE_INFINITY
  for (const { atMs, mean, min, max } of spans) {
    if (atMs - beforeMs > limitMs) push(columns, (beforeMs + 1) / 1000, null, null, null)
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

/** From the lowest to the highest of readings and limits, with some air. @param {Drawn | undefined} drawn */
function heights(drawn) {
  if (drawn === undefined) return { min: 0, max: 10 }
  const { values, data, view } = drawn
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const take = (/** @type {number | null | undefined} */ value) => {
    if (value == null) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const column of [values[2] ?? [], values[3] ?? []]) column.forEach(take)
  for (const { rule } of data.rules) [rule?.temperatureMin, rule?.temperatureMax].forEach(take)
  if (low > high) return view.unit === 'C' ? { min: 0, max: 10 } : { min: 32, max: 50 }
  const air = Math.max((high - low) * 0.12, 0.5)
  return { min: low - air, max: high + air }
}
