/** The one temperature series of a unit: which value holds, until when it is known, and the known time in pieces. */

import { type Rule, type Rules, ruleAt, validFroms } from './model-rules.ts'
import type { Reading, Sample, Span } from './model-types.ts'

export type Piece = Span & { value: number; rule: Rule }

export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function inOrder<T extends { atMs: number; deviceId: string }>(samples: T[]): T[] {
  return [...samples].sort((a, b) => a.atMs - b.atMs || compareStrings(a.deviceId, b.deviceId))
}

export function readingsOf(samples: Sample[]): Reading[] {
  return samples.flatMap(({ deviceId, atMs, temperature }) =>
    temperature === null ? [] : [{ deviceId, atMs, value: temperature }],
  )
}

/** The last reading at or before an instant. */
export function heldAt(readings: Reading[], atMs: number): Reading | undefined {
  let [low, high] = [0, readings.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((readings[middle]?.atMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return readings[low - 1]
}

/**
 * Known at t: at every instant since the reading, t included, the age was at most the hold limit of the version valid
 * then. Inside one version the age only grows, so its last instant speaks for all of them.
 */
export function isKnownAt(readings: Reading[], rules: Rules, atMs: number): boolean {
  const held = heldAt(readings, atMs)
  if (!held) return false
  return rules.every((rule) => {
    if (rule.endMs <= held.atMs || rule.startMs > atMs) return true
    return Math.min(rule.endMs, atMs) - held.atMs <= rule.holdMs
  })
}

/** The known time of a span, cut at every reading, version and further border, so that one value and rule fill a piece. */
export function knownPieces(readings: Reading[], rules: Rules, span: Span, borders: number[] = []): Piece[] {
  const lapses = readings.flatMap(({ atMs }) => [atMs, ...rules.map((rule) => atMs + rule.holdMs)])
  const cuts = [span.startMs, span.endMs, ...borders, ...validFroms(rules), ...lapses]
    .filter((at) => at >= span.startMs && at <= span.endMs)
    .sort((a, b) => a - b)
  return cuts.flatMap((startMs, i) => {
    const endMs = cuts[i + 1] ?? startMs
    const middleMs = (startMs + endMs) / 2
    const held = heldAt(readings, middleMs)
    if (endMs === startMs || !held || !isKnownAt(readings, rules, middleMs)) return []
    return [{ startMs, endMs, value: held.value, rule: ruleAt(rules, middleMs) }]
  })
}
