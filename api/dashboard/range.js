// Which part of time the chart shows: the last hours, days or years, sliding with the clock, or a stretch that was
// zoomed to. The address carries it, so that a link shows what its sender saw.
import { h } from './element.js'

/** @typedef {{ fromMs: number, toMs: number }} Window */

const HOUR_MS = 3_600_000
/** @type {Record<string, number>} */
const spans = {
  '6h': 6 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '30d': 720 * HOUR_MS,
  '90d': 2_160 * HOUR_MS,
  '1y': 8_760 * HOUR_MS,
  '2y': 17_520 * HOUR_MS,
}
/** @type {Record<string, string>} */
const names = {
  '6h': 'the last 6 hours',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
  '90d': 'the last 90 days',
  '1y': 'the last year',
  '2y': 'the last 2 years',
}
const NARROWEST_MS = 60_000
const WIDEST_MS = 3 * 8_760 * HOUR_MS

/** @param {() => number} nowMs @param {() => void} onChange */
export function chosenRange(nowMs, onChange) {
  const address = new URLSearchParams(location.search)
  let name = Object.hasOwn(spans, address.get('range') ?? '') ? String(address.get('range')) : '24h'
  let zoomed = windowIn(address)

  function changed() {
    const url = new URL(location.href)
    for (const part of ['range', 'from', 'to']) url.searchParams.delete(part)
    const parts = zoomed
      ? { from: new Date(zoomed.fromMs).toISOString(), to: new Date(zoomed.toMs).toISOString() }
      : { range: name }
    for (const [part, value] of Object.entries(parts)) url.searchParams.set(part, value)
    history.replaceState(history.state, '', url)
    onChange()
  }
  const window = () => zoomed ?? { fromMs: nowMs() - (spans[name] ?? 0), toMs: nowMs() }

  /** Within reason, and never beyond now. @param {Window} wanted */
  function zoom({ fromMs, toMs }) {
    const spanMs = Math.min(Math.max(toMs - fromMs, NARROWEST_MS), WIDEST_MS)
    const endMs = Math.min(Math.max(toMs, fromMs + spanMs), nowMs())
    zoomed = { fromMs: Math.round(endMs - spanMs), toMs: Math.round(endMs) }
    changed()
  }
  return {
    name: () => (zoomed ? '' : name),
    window,
    spanMs: () => window().toMs - window().fromMs,
    /** @param {string} chosen */
    choose(chosen) {
      name = chosen
      zoomed = undefined
      changed()
    },
    zoom,
    /** By a part of what is shown: −0.5 is half of it back. @param {number} part */
    pan(part) {
      const { fromMs, toMs } = window()
      const byMs = (toMs - fromMs) * part
      zoom({ fromMs: fromMs + byMs, toMs: toMs + byMs })
    },
    /** About its middle, while that is in the past. @param {number} factor */
    scale(factor) {
      const { fromMs, toMs } = window()
      const [middleMs, halfMs] = [(fromMs + toMs) / 2, ((toMs - fromMs) * factor) / 2]
      zoom({ fromMs: middleMs - halfMs, toMs: middleMs + halfMs })
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
  return toMs - fromMs >= NARROWEST_MS && toMs - fromMs <= WIDEST_MS ? { fromMs, toMs } : undefined
}

/** @param {ReturnType<typeof chosenRange>} range */
export function rangeControls(range) {
  const choice = (/** @type {string} */ name) =>
    h(
      'button',
      {
        type: 'button',
        id: `range-${name}`,
        'aria-pressed': String(range.name() === name),
        'aria-label': `${name}: ${names[name]}`,
        title: names[name],
        onclick: () => range.choose(name),
      },
      name,
    )
  /** @param {string} id @param {string} label @param {string} sign @param {() => void} onclick */
  const move = (id, label, sign, onclick) =>
    h('button', { type: 'button', id, 'aria-label': label, title: label, onclick }, sign)
  return [
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Time range' },
      Object.keys(spans).map(choice),
    ),
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Move through time' },
      move('earlier', 'Earlier', '‹', () => range.pan(-0.5)),
      move('later', 'Later', '›', () => range.pan(0.5)),
      move('zoom-in', 'Zoom in', '+', () => range.scale(0.5)),
      move('zoom-wider', 'Zoom out', '−', () => range.scale(2)),
    ),
    ...(range.name() === ''
      ? [h('button', { type: 'button', class: 'quiet', id: 'zoom-out', onclick: range.reset }, 'Reset zoom')]
      : []),
  ]
}
