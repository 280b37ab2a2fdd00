// Which part of time the chart shows: the last hours or days, sliding with the clock, or a stretch that was
// zoomed to. The address carries it, so that a link shows what its sender saw.
import { h } from './element.js'

/** @typedef {{ fromMs: number, toMs: number }} Window */

const HOUR_MS = 3_600_000
/** @type {Record<string, number>} */
const spans = { '6h': 6 * HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, '30d': 720 * HOUR_MS }
const NARROWEST_MS = 60_000

/** @param {() => void} onChange */
export function chosenRange(onChange) {
  const address = new URLSearchParams(location.search)
  let name = Object.hasOwn(spans, address.get('range') ?? '') ? String(address.get('range')) : '24h'
  let zoomed = windowIn(address)

  function changed() {
    const search = zoomed
      ? `from=${new Date(zoomed.fromMs).toISOString()}&to=${new Date(zoomed.toMs).toISOString()}`
      : `range=${name}`
    history.replaceState(null, '', `${location.pathname}?${search}`)
    onChange()
  }
  return {
    name: () => (zoomed ? '' : name),
    spanMs: () => (zoomed ? zoomed.toMs - zoomed.fromMs : (spans[name] ?? 0)),
    /** @param {number} nowMs @returns {Window} */
    window: (nowMs) => zoomed ?? { fromMs: nowMs - (spans[name] ?? 0), toMs: nowMs },
    /** @param {string} chosen */
    choose(chosen) {
      name = chosen
      zoomed = undefined
      changed()
    },
    /** @param {Window} window */
    zoom(window) {
      if (window.toMs - window.fromMs < NARROWEST_MS) return
      zoomed = window
      changed()
    },
    reset() {
      zoomed = undefined
      changed()
    },
  }
}

/** @param {URLSearchParams} address @returns {Window | undefined} */
function windowIn(address) {
  const [fromMs, toMs] = [Date.parse(address.get('from') ?? ''), Date.parse(address.get('to') ?? '')]
  return toMs - fromMs >= NARROWEST_MS ? { fromMs, toMs } : undefined
}

/** @param {ReturnType<typeof chosenRange>} range */
export function rangeControls(range) {
  const button = (/** @type {string} */ name) =>
    h(
      'button',
      {
        type: 'button',
        id: `range-${name}`,
        'aria-pressed': String(range.name() === name),
        onclick: () => range.choose(name),
      },
      name,
    )
  return [
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Time range' },
      Object.keys(spans).map(button),
    ),
    ...(range.name() === ''
      ? [h('button', { type: 'button', class: 'quiet', id: 'zoom-out', onclick: range.reset }, 'Reset zoom')]
      : []),
  ]
}
