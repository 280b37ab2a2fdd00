// What the chart shows of a stretch of time, in the grain that fits: readings, each span's extremes, for up to a
// month; the rollups of hours for up to four; those of days beyond. Two years are 730 rows and not 200,000.
import { ask } from './server.js'
import { EPISODES_QUERY, READINGS_QUERY, RULE_QUERY, WINDOWS_QUERY } from './unit-query.js'

/**
 * @typedef {import('./range.js').Window} Window
 * @typedef {import('./unit-query.js').Excursion} Excursion
 * @typedef {import('./unit-query.js').DoorOpening} DoorOpening
 * @typedef {import('./unit-query.js').Silence} Silence
 * @typedef {import('./unit-query.js').Alert} Alert
 * @typedef {'readings' | 'hours' | 'days'} Grain
 * @typedef {{ atMs: number, min: number, max: number, mean: number }} Span
 * @typedef {{ fromMs: number, toMs: number, share: number }} DoorShare
 * @typedef {{ validFromMs: number, rule: Record<string, any> | null }} RuleVersion
 * @typedef {{ fromMs: number, toMs: number, rule: Record<string, any> | null }} RuleStretch
 * @typedef {{ grain: Grain, spans: Span[], gapMs: number, excursions: Excursion[], silences: Silence[],
 *   alerts: Alert[], doorOpenings: DoorOpening[], doorShares: DoorShare[], cut: string[],
 *   rules: RuleStretch[] }} ChartData `cut`: the lists of which there is more than was asked for
 * @typedef {{ id: string, unit: 'C' | 'F', window: Window, points: number }} Asked
 */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const READINGS_MS = 31 * DAY_MS
const HOURS_MS = 125 * DAY_MS
const DOORS_MAX = 1_000
/** The lists show a few; a bar for each would be a blot. */
const DOORS_LISTED = 12

/** @param {number} spanMs @returns {Grain} */
export const grainOf = (spanMs) =>
  spanMs <= READINGS_MS ? 'readings' : spanMs <= HOURS_MS ? 'hours' : 'days'

const iso = (/** @type {number} */ ms) => new Date(ms).toISOString()

/** @param {Asked} asked @param {AbortSignal} signal @returns {Promise<Omit<ChartData, 'rules'> | null>} null: no such unit */
export async function chartData(asked, signal) {
  const { id, unit, window, points } = asked
  const grain = grainOf(window.toMs - window.fromMs)
  const range = { id, unit, from: iso(window.fromMs), to: iso(window.toMs) }
  if (grain === 'readings') {
    const { unit: found } = await ask(READINGS_QUERY, { ...range, points, doors: DOORS_MAX }, signal)
    if (found === null) return null
    const spans = found.series.map((/** @type {any} */ { at, ...span }) => ({
      ...span,
      atMs: Date.parse(at),
    }))
    return {
      grain,
      spans,
      gapMs: (3 * (window.toMs - window.fromMs)) / points,
      doorShares: [],
      ...episodesIn(found),
    }
  }
  const [{ unit: found }, windows] = await Promise.all([
    ask(EPISODES_QUERY, { ...range, doors: DOORS_LISTED }, signal),
    windowsOf(range, grain, signal),
  ])
  if (found === null) return null
  const gapMs = 1.6 * (grain === 'hours' ? HOUR_MS : DAY_MS)
  const episodes = episodesIn(found)
  return {
    grain,
    gapMs,
    ...spansOf(windows),
    ...episodes,
    cut: episodes.cut.filter((name) => name !== 'doorOpenings'),
  }
}

/** @param {any} unit */
function episodesIn({ excursions, silences, alerts, doorOpenings }) {
  const lists = { excursions, silences, alerts, doorOpenings }
  const cut = Object.entries(lists).flatMap(([name, { pageInfo }]) =>
    pageInfo.hasPreviousPage ? [name] : [],
  )
  return {
    excursions: excursions.nodes,
    silences: silences.nodes,
    alerts: alerts.nodes,
    doorOpenings: doorOpenings.nodes,
    cut,
  }
}

/** Hours of so many days are one page. */
const PART_DAYS = 41

/** In parts that are asked side by side: page after page would be as many times to the server and back. */
async function windowsOf(
  /** @type {{ from: string, to: string }} */ range,
  /** @type {Grain} */ grain,
  /** @type {AbortSignal} */ signal,
) {
  const granularity = grain === 'hours' ? 'HOUR' : 'DAY'
  const stepMs = PART_DAYS * (grain === 'hours' ? 1 : 24) * DAY_MS
  const [fromMs, toMs] = [Date.parse(range.from), Date.parse(range.to)]
  const parts = Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, index) => ({
    from: iso(fromMs + index * stepMs),
    to: iso(Math.min(fromMs + (index + 1) * stepMs, toMs)),
  }))
  const windows = await Promise.all(parts.map((part) => pagesOf({ ...range, ...part, granularity }, signal)))
  return windows.flat()
}

/** @param {object} asked @param {AbortSignal} signal */
async function pagesOf(asked, signal) {
  const windows = []
  for (let after = null, hasMore = true; hasMore; ) {
    const { unit } = await ask(WINDOWS_QUERY, { ...asked, after }, signal)
    if (unit === null) return []
    windows.push(...unit.rollups.nodes)
    hasMore = unit.rollups.pageInfo.hasNextPage
    after = unit.rollups.pageInfo.endCursor
  }
  return windows
}

/** @param {readonly any[]} windows @returns {{ spans: Span[], doorShares: DoorShare[] }} */
function spansOf(windows) {
  const spans = []
  const doorShares = []
  for (const { start, end, min, max, timeWeightedMean: mean, doorOpenSeconds } of windows) {
    const [fromMs, toMs] = [Date.parse(start), Date.parse(end)]
    // A window that only held a value has no extremes of its own.
    if (mean !== null) spans.push({ atMs: (fromMs + toMs) / 2, min: min ?? mean, max: max ?? mean, mean })
    if (doorOpenSeconds > 0)
      doorShares.push({ fromMs, toMs, share: Math.min((doorOpenSeconds * 1000) / (toMs - fromMs), 1) })
  }
  return { spans, doorShares }
}

const VERSIONS_MAX = 60

/**
 * The limits over time. Versions are walked back from the one in force, and remembered: the past does not change.
 * @param {string} id
 */
export function ruleVersions(id) {
  /** @type {RuleVersion[]} the newest first */
  let known = []
  let knownFor = ''

  /**
   * @param {{ current: Record<string, any> | null, window: Window, unit: 'C' | 'F', nowMs: number }} asked
   * @param {AbortSignal} signal
   */
  return async ({ current, window, unit, nowMs }, signal) => {
    const version = `${unit} ${JSON.stringify(current)}`
    if (version !== knownFor) known = [versionOf(current)]
    knownFor = version
    for (
      let last = known.at(-1);
      known.length < VERSIONS_MAX && last && last.validFromMs > window.fromMs;
      last = known.at(-1)
    ) {
      const answer = await ask(RULE_QUERY, { id, unit, at: iso(last.validFromMs - 1) }, signal)
      known.push(versionOf(answer.unit?.rule ?? null))
    }
    return stretches(known, window, nowMs)
  }
}

/** Before a unit's first version there are no limits. @param {Record<string, any> | null} rule @returns {RuleVersion} */
const versionOf = (rule) => ({
  validFromMs: rule ? Date.parse(rule.validFrom) : Number.NEGATIVE_INFINITY,
  rule,
})

/** @param {readonly RuleVersion[]} versions @param {Window} window @param {number} nowMs @returns {RuleStretch[]} */
function stretches(versions, window, nowMs) {
  let endMs = Math.max(window.toMs, nowMs)
  const found = []
  for (const { validFromMs, rule } of versions) {
    const [fromMs, toMs] = [Math.max(validFromMs, window.fromMs), Math.min(endMs, window.toMs)]
    if (toMs > fromMs) found.unshift({ fromMs, toMs, rule })
    endMs = validFromMs
  }
  return found
}
