// The lines on the cards: asked for the cards that are on the screen, a handful in one question, and asked anew
// when they have aged.
import { LINES_QUERY } from './fleet-query.js'
import { ask, nowMs } from './server.js'
import { sparkline } from './sparkline.js'

/**
 * @typedef {import('./fleet-query.js').FleetUnit} FleetUnit
 * @typedef {import('./fleet-query.js').Line} Line
 * @typedef {{ line: Line, unit: 'C' | 'F', askedAtMs: number }} Known
 */

const SPAN_MS = 12 * 3_600_000
const AGED_MS = 120_000
const ASKED_AT_ONCE = 24
/** Cards that scroll into view together are asked for together. */
const GATHER_MS = 30

/** @param {{ unit: () => 'C' | 'F' }} settings */
export function cardLines(settings) {
  /** @type {Map<string, Known>} */
  const known = new Map()
  /** @type {WeakMap<Element, FleetUnit>} */
  const places = new WeakMap()
  /** @type {Set<Element>} */
  const seen = new Set()
  const leaving = new AbortController()
  let gathering = 0
  let isAsking = false

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries)
        if (isIntersecting) seen.add(target)
        else seen.delete(target)
      gather()
    },
    { rootMargin: '400px' },
  )

  const gather = () => {
    gathering ||= setTimeout(() => void run(), GATHER_MS)
  }

  const isWanted = (/** @type {Element} */ place) => {
    const of = known.get(places.get(place)?.id ?? '')
    return !of || of.unit !== settings.unit() || performance.now() - of.askedAtMs > AGED_MS
  }

  async function run() {
    gathering = 0
    if (isAsking) return
    isAsking = true
    try {
      for (let wanted = nextWanted(); wanted.length > 0; wanted = nextWanted()) await askFor(wanted)
    } catch {
      // The page's own question says that the server is away; these come with its next success.
    } finally {
      isAsking = false
    }
  }

  function nextWanted() {
    for (const place of seen) if (!place.isConnected) seen.delete(place)
    return [...seen].filter(isWanted).slice(0, ASKED_AT_ONCE)
  }

  /** @param {Element[]} wanted */
  async function askFor(wanted) {
    const [unit, toMs] = [settings.unit(), nowMs()]
    const ids = wanted.map((place) => places.get(place)?.id ?? '')
    const range = { from: new Date(toMs - SPAN_MS).toISOString(), to: new Date(toMs).toISOString() }
    const { nodes } = await ask(LINES_QUERY, { ids, unit, ...range }, leaving.signal)
    for (const [index, id] of ids.entries())
      known.set(id, { line: nodes[index]?.series ?? [], unit, askedAtMs: performance.now() })
    for (const place of wanted) draw(place)
  }

  /** @param {Element} place */
  function draw(place) {
    const unit = places.get(place)
    const of = known.get(unit?.id ?? '')
    if (!unit || of?.unit !== settings.unit()) return
    const toMs = nowMs()
    const holdSeconds = unit.rule?.holdLimitSeconds ?? null
    place.replaceChildren(
      sparkline(withLatest(of.line, unit), unit.rule, { fromMs: toMs - SPAN_MS, toMs, holdSeconds }),
    )
  }

  return {
    /** A place for a unit's line, drawn at once where it is known. @param {HTMLElement} place @param {FleetUnit} unit */
    add(place, unit) {
      places.set(place, unit)
      watcher.observe(place)
      draw(place)
      return place
    },
    gather,
    stop() {
      leaving.abort()
      clearTimeout(gathering)
      watcher.disconnect()
    },
  }
}

/** What came since the line was asked for. @param {Line} line @param {FleetUnit} unit @returns {Line} */
function withLatest(line, { latest }) {
  if (latest?.temperatureAt == null || latest.temperature == null) return line
  const last = line.at(-1)
  if (last && Date.parse(last.at) >= Date.parse(latest.temperatureAt)) return line
  return [...line, { at: latest.temperatureAt, mean: latest.temperature }]
}
