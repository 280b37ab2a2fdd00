/** Temperature excursions: where they start and end by walking the readings, then each timer by its definition. */
import type { Day } from './local-time.ts'
import { budgetInstants, type DoorChange, isMaskedAt, type Opening } from './model-door.ts'
import { firstInstant, limitInstants, type Rule, type Rules, ruleAt, validFroms } from './model-rules.ts'
import { heldAt, isKnownAt, knownPieces } from './model-series.ts'
import { isoOf, isoOrNull, type Output, type Reading } from './model-types.ts'

export type Direction = 'high' | 'low'
type Stay = { direction: Direction; startedMs: number; endedMs: number | null; values: number[] }
export type Excursion = Stay & { confirmedMs: number | null; criticalMs: number | null }

export type ExcursionWorld = {
  readings: Reading[]
  rules: Rules
  changes: DoorChange[]
  openings: Opening[]
  days: Day[]
  clockMs: number
}

export function sideOf(value: number, rule: Rule): Direction | null {
  if (value > rule.tempMax) return 'high'
  return value < rule.tempMin ? 'low' : null
}

/** The held value judged again at a `validFrom`: it may end the open excursion, and never starts one. */
function judgeAgain(world: ExcursionWorld, open: Stay, atMs: number): void {
  const held = heldAt(world.readings, atMs)
  if (!held || held.atMs === atMs || !isKnownAt(world.readings, world.rules, atMs)) return
  if (sideOf(held.value, ruleAt(world.rules, atMs)) !== open.direction) open.endedMs = atMs
}

function stays(world: ExcursionWorld): Stay[] {
  const found: Stay[] = []
  const openOne = () => found.findLast((stay) => stay.endedMs === null)
  const starts = validFroms(world.rules).filter((at) => at <= world.clockMs)
  const instants = [...new Set([...starts, ...world.readings.map((reading) => reading.atMs)])]
  for (const atMs of instants.sort((a, b) => a - b)) {
    const open = openOne()
    if (open) judgeAgain(world, open, atMs)
    for (const { value } of world.readings.filter((reading) => reading.atMs === atMs)) {
      const side = sideOf(value, ruleAt(world.rules, atMs))
      const current = openOne()
      if (current && current.direction === side) current.values.push(value)
      else {
        if (current) current.endedMs = atMs
        if (side) found.push({ direction: side, startedMs: atMs, endedMs: null, values: [value] })
      }
    }
  }
  return found
}

/** C(t). */
function confirmMsAt(world: ExcursionWorld, atMs: number): number {
  const rule = ruleAt(world.rules, atMs)
  const masked = isMaskedAt(world.changes, world.openings, world.days, rule, atMs)
  return masked ? rule.confirmOpenMs : rule.confirmClosedMs
}

function withTimers(world: ExcursionWorld, stay: Stay): Excursion {
  const { rules, readings, clockMs } = world
  const { startedMs } = stay
  const beforeMs = stay.endedMs ?? Number.POSITIVE_INFINITY
  const confirmedMs = firstInstant({
    candidates: [
      ...limitInstants(rules, startedMs, (rule) => rule.confirmClosedMs),
      ...limitInstants(rules, startedMs, (rule) => rule.confirmOpenMs),
      ...readings.map((reading) => reading.atMs),
      ...world.changes.map((change) => change.atMs),
      ...world.days.map((day) => day.startMs),
      ...budgetInstants(world.openings, world.days, rules),
    ],
    fromMs: startedMs,
    beforeMs,
    clockMs,
    holds: (at) => at - startedMs >= confirmMsAt(world, at) && isKnownAt(readings, rules, at),
  })
  if (confirmedMs === null) return { ...stay, confirmedMs, criticalMs: null }
  const criticalMs = firstInstant({
    candidates: [confirmedMs, ...limitInstants(rules, startedMs, (rule) => rule.maxExcursionMs)],
    fromMs: confirmedMs,
    beforeMs,
    clockMs,
    holds: (at) => at - startedMs >= ruleAt(rules, at).maxExcursionMs,
  })
  return { ...stay, confirmedMs, criticalMs }
}

export function excursions(world: ExcursionWorld): Excursion[] {
  return stays(world).map((stay) => withTimers(world, stay))
}

export function excursionOutput(unitId: string, world: ExcursionWorld, excursion: Excursion): Output {
  const { direction, startedMs, endedMs, confirmedMs, criticalMs, values } = excursion
  const span = { startMs: startedMs, endMs: endedMs ?? world.clockMs }
  const pieces = knownPieces(world.readings, world.rules, span)
  const knownMs = pieces.reduce((sum, piece) => sum + (piece.endMs - piece.startMs), 0)
  const degreeMs = pieces.reduce((sum, { startMs, endMs, value, rule }) => {
    const beyond = direction === 'high' ? value - rule.tempMax : rule.tempMin - value
    return sum + beyond * (endMs - startMs)
  }, 0)
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return {
    topic: 'excursions',
    key: unitId,
    value: {
      startedAt: isoOf(startedMs),
      confirmedAt: isoOrNull(confirmedMs),
      criticalAt: isoOrNull(criticalMs),
      endedAt: isoOrNull(endedMs),
      direction,
      peak: direction === 'high' ? max : min,
      min,
      max,
      count: values.length,
      durationSeconds: (span.endMs - span.startMs) / 1000,
      knownSeconds: knownMs / 1000,
      hasUnknown: knownMs < span.endMs - span.startMs,
      degreeMinutes: degreeMs / 60_000,
    },
  }
}
