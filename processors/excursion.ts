// Temperature excursions: from the first reading out of range to the first in range, confirmed by a timer.
//
//              out of range              C(t) passed, value known            maximum passed
//   (none) ──────────────────▶ unconfirmed ─────────────────▶ confirmed ──────────────────▶ critical
//      ▲                            │                             │                             │
//      └────── in range, or out on the other side (which starts the next at the same instant) ──┘
import type { Direction, Excursion } from '../schemas/generated/types.ts'
import { endAlert } from './alert.ts'
import { endStretches } from './budget.ts'
import { armAlert, type FoldContext, touch } from './fold-context.ts'
import { type ExcursionFact, idOf, keyOf, type Owner, type UnitFold } from './fold-state.ts'
import { countHeld, degreeMinutesBeyond, isKnown } from './hold.ts'
import type { Limits } from './limits.ts'
import { doorOpenMsToday } from './rollup.ts'
import { addTemperature } from './sums.ts'

export function judge(valueC: number, limits: Limits): Direction | null {
  if (valueC > limits.tempMaxC) return 'high'
  return valueC < limits.tempMinC ? 'low' : null
}

/** A temperature reading at the fold's position. */
export function takeTemperature(fold: UnitFold, context: FoldContext, valueC: number): void {
  const limits = fold.limits
  const atMs = fold.positionMs
  countHeld(fold, limits, atMs)
  if (fold.windows !== null) addTemperature(fold.windows.hour.sums, valueC, limits)
  const direction = judge(valueC, limits)
  if (fold.excursion !== null && fold.excursion.direction !== direction) endExcursion(fold, context)
  if (direction !== null) countReading(fold, context, direction, valueC)
  if (fold.budgets.length > 0) endStretches(fold, context, valueC)
  if (fold.held === null) {
    fold.held = { valueC, recordedMs: atMs, countedMs: atMs, lapsed: false }
  } else {
    fold.held.valueC = valueC
    fold.held.recordedMs = atMs
    fold.held.countedMs = atMs
    fold.held.lapsed = false
  }
}

function countReading(fold: UnitFold, context: FoldContext, direction: Direction, valueC: number): void {
  fold.excursion ??= startExcursion(fold, direction)
  const { excursion } = fold
  excursion.count++
  if (valueC < excursion.minC) excursion.minC = valueC
  if (valueC > excursion.maxC) excursion.maxC = valueC
  touch(context, excursion)
}

function startExcursion(fold: UnitFold, direction: Direction): ExcursionFact {
  const atMs = fold.positionMs
  const ordinal = fold.lastExcursionMs === atMs ? fold.lastExcursionOrdinal + 1 : 0
  fold.lastExcursionMs = atMs
  fold.lastExcursionOrdinal = ordinal
  return newExcursion(atMs, direction, ordinal)
}

export function newExcursion(atMs: number, direction: Direction, ordinal: number): ExcursionFact {
  return {
    kind: 'excursion',
    atMs,
    tag: ordinal === 0 ? direction : `${direction}${ordinal}`,
    touched: false,
    sent: null,
    direction,
    ordinal,
    confirmedMs: null,
    criticalMs: null,
    endedMs: null,
    minC: Number.POSITIVE_INFINITY,
    maxC: Number.NEGATIVE_INFINITY,
    count: 0,
    knownMs: 0,
    degreeMinutes: 0,
    alert: null,
    alertDueMs: Number.POSITIVE_INFINITY,
  }
}

function endExcursion(fold: UnitFold, context: FoldContext): void {
  const { excursion } = fold
  if (excursion === null) return
  excursion.endedMs = fold.positionMs
  if (excursion.confirmedMs !== null) fold.restoring = { sinceMs: fold.positionMs, cause: keyOf(excursion) }
  endAlert(context, excursion, fold.positionMs)
  touch(context, excursion)
  fold.excursion = null
}

/** At `validFrom` a held value is judged again, unless a reading came at that instant: a version may end, never start. */
export function judgeAgain(fold: UnitFold, context: FoldContext): void {
  const { excursion, held } = fold
  if (excursion === null || !isKnown(held) || held.recordedMs === fold.positionMs) return
  if (judge(held.valueC, fold.limits) !== excursion.direction) endExcursion(fold, context)
}

export function fireExcursionTimers(fold: UnitFold, context: FoldContext): void {
  const { excursion } = fold
  if (excursion === null) return
  const limits = fold.limits
  const lastedMs = fold.positionMs - excursion.atMs
  if (excursion.confirmedMs === null && isKnown(fold.held) && lastedMs >= confirmMs(fold, limits)) {
    excursion.confirmedMs = fold.positionMs
    armAlert(fold, context, excursion, excursion.confirmedMs)
    touch(context, excursion)
  }
  if (excursion.confirmedMs !== null && excursion.criticalMs === null && lastedMs >= limits.excursionMaxMs) {
    excursion.criticalMs = fold.positionMs
    touch(context, excursion)
  }
}

export function excursionDueMs(fold: UnitFold, limits: Limits): number {
  const { excursion } = fold
  if (excursion === null) return Number.POSITIVE_INFINITY
  if (excursion.confirmedMs !== null)
    return excursion.criticalMs === null ? excursion.atMs + limits.excursionMaxMs : Number.POSITIVE_INFINITY
  if (!isKnown(fold.held)) return Number.POSITIVE_INFINITY
  return Math.min(excursion.atMs + confirmMs(fold, limits), maskChangeMs(fold, limits))
}

/** C(t) at the fold's position: a door masks while it is open and its day's budget lasts. */
function confirmMs(fold: UnitFold, limits: Limits): number {
  if (fold.door === null || !fold.door.isOpen) return limits.confirmClosedMs
  return doorOpenMsToday(fold) < limits.maskBudgetMs ? limits.confirmOpenMs : limits.confirmClosedMs
}

/** The next instant at which the mask changes without a door report: the budget is spent, or a new day brings another. */
function maskChangeMs(fold: UnitFold, limits: Limits): number {
  const { door, windows } = fold
  if (door === null || !door.isOpen || windows === null) return Number.POSITIVE_INFINITY
  if (limits.maskBudgetMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  const leftMs = limits.maskBudgetMs - doorOpenMsToday(fold)
  return leftMs > 0 ? Math.min(fold.positionMs + leftMs, windows.day.endMs) : windows.day.endMs
}

/** The contract's record; while open, integrals run to `asOfMs`. */
export function excursionRecord(
  fact: ExcursionFact,
  { unitId, organizationId }: Owner,
  revision: number,
  fold: UnitFold,
  limits: Limits,
): Excursion {
  const asOfMs = fact.endedMs ?? fold.movedToMs
  const runningMs = fact.endedMs === null && isKnown(fold.held) ? asOfMs - fold.held.countedMs : 0
  const knownMs = fact.knownMs + runningMs
  return {
    id: idOf(unitId, fact),
    unitId,
    organizationId,
    revision,
    state: fact.endedMs === null ? 'open' : 'closed',
    direction: fact.direction,
    startedAt: fact.atMs,
    confirmedAt: fact.confirmedMs,
    criticalAt: fact.criticalMs,
    endedAt: fact.endedMs,
    peak: fact.direction === 'high' ? fact.maxC : fact.minC,
    min: fact.minC,
    max: fact.maxC,
    count: fact.count,
    durationSeconds: fact.endedMs === null ? null : (fact.endedMs - fact.atMs) / 1000,
    knownSeconds: knownMs / 1000,
    hasUnknown: knownMs < asOfMs - fact.atMs,
    degreeMinutes: fact.degreeMinutes + degreeMinutesBeyond(fold, limits, runningMs),
    asOf: fact.endedMs === null ? asOfMs : null,
  }
}
