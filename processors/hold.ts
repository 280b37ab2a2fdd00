// Holding a value: a temperature stands until the next reading, but no longer than the hold limit. Past that it is
// unknown, and unknown counts in no integral.
//
//            reading                     reading
//   (none) ──────────▶ known ◀──────────────────── unknown
//                        │      hold limit passed     ▲
//                        └────────────────────────────┘
import { countBudgets } from './budget.ts'
import type { Held, UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'
import { addHeld } from './sums.ts'

export const isKnown = (held: Held | null): held is Held => held !== null && !held.lapsed

/** Completes every integral of the held value up to `toMs`, under the limits valid until then. */
export function countHeld(fold: UnitFold, limits: Limits, toMs: number): void {
  const { held, excursion, windows } = fold
  if (held === null || held.lapsed || toMs <= held.countedMs) return
  const durationMs = toMs - held.countedMs
  if (limits.budgets.length > 0) countBudgets(fold, limits, held.countedMs, durationMs)
  held.countedMs = toMs
  if (windows !== null) addHeld(windows.hour.sums, held.valueC, durationMs, limits)
  if (excursion === null) return
  excursion.knownMs += durationMs
  excursion.degreeMinutes += degreeMinutesBeyond(fold, limits, durationMs)
}

export function degreeMinutesBeyond(
  { held, excursion }: UnitFold,
  limits: Limits,
  durationMs: number,
): number {
  if (held === null || excursion === null) return 0
  const beyondC =
    excursion.direction === 'high' ? held.valueC - limits.tempMaxC : limits.tempMinC - held.valueC
  return beyondC > 0 ? (beyondC * durationMs) / 60_000 : 0
}

/** The value is still known at exactly the hold limit, so timers of that instant come before its lapse. */
export function lapse(fold: UnitFold, when: 'past the limit' | 'at the limit'): void {
  const { held } = fold
  if (held === null || held.lapsed) return
  const limits = fold.limits
  const overMs = fold.positionMs - held.recordedMs - limits.holdMs
  if (when === 'past the limit' ? overMs <= 0 : overMs < 0) return
  countHeld(fold, limits, fold.positionMs)
  held.lapsed = true
}

export const lapseDueMs = ({ held }: UnitFold, limits: Limits): number =>
  isKnown(held) ? held.recordedMs + limits.holdMs : Number.POSITIVE_INFINITY
