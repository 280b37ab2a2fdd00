// Manual logs: where the rule asks for one every so often, a log that is overdue is a cause of its own. Where it asks for
// them only while the unit is silent, a silence starts the interval and its end ends it.
//
//                   required                 due + grace passed
//   (not required) ──────────▶ logged ─────────────────────────▶ overdue
//         ▲                      ▲  │                               │
//         │                      └──┴──────────── log ──────────────┤
//         └──────────────── not required any more ──────────────────┘
import { acknowledge, endAlert } from './alert.ts'
import { type FoldContext, openCondition } from './fold-context.ts'
import type { UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'

/** Manual logs up to the fold's position. A log at exactly the instant at which it would be overdue wins. */
export function takeLogs(fold: UnitFold, context: FoldContext): void {
  for (const { atMs, alertId } of context.entries) {
    if (atMs > fold.positionMs) return
    if (alertId !== null || (fold.loggedMs !== null && atMs <= fold.loggedMs)) continue
    fold.loggedMs = atMs
    endMissed(fold, context)
  }
}

/** Alerts that somebody has seen, up to the fold's position. */
export function takeAcknowledgements(fold: UnitFold, context: FoldContext): void {
  for (const { atMs, alertId } of context.entries) {
    if (atMs > fold.positionMs) return
    if (alertId !== null) acknowledge(fold, context, { alertId, atMs })
  }
}

export function fireManualTimer(fold: UnitFold, context: FoldContext): void {
  const limits = fold.limits
  if (!isRequired(fold, limits)) {
    fold.manualSinceMs = null
    endMissed(fold, context)
    return
  }
  fold.manualSinceMs ??= fold.positionMs
  if (manualDueMs(fold, limits) > fold.positionMs) return
  const atMs = lastMs(fold) + limits.manualIntervalMs
  fold.missedLog = openCondition(fold, context, 'manual-log', { atMs, tag: '' })
}

const isRequired = ({ silence }: UnitFold, limits: Limits): boolean =>
  limits.manualIntervalMs !== Number.POSITIVE_INFINITY && (!limits.manualOnlyWhenSilent || silence !== null)

const lastMs = ({ manualSinceMs, loggedMs }: UnitFold): number =>
  Math.max(manualSinceMs ?? Number.NEGATIVE_INFINITY, loggedMs ?? Number.NEGATIVE_INFINITY)

function endMissed(fold: UnitFold, context: FoldContext): void {
  if (fold.missedLog !== null) endAlert(context, fold.missedLog, fold.positionMs)
  fold.missedLog = null
}

/** When the next log is overdue; Infinity: never, or it is already. */
export function manualDueMs(fold: UnitFold, { manualIntervalMs, manualGraceMs }: Limits): number {
  if (fold.manualSinceMs === null || fold.missedLog !== null) return Number.POSITIVE_INFINITY
  return lastMs(fold) + manualIntervalMs + manualGraceMs
}

/** The next instant at which somebody said something. */
export function entryDueMs({ entries }: FoldContext, positionMs: number): number {
  for (const { atMs } of entries) if (atMs > positionMs) return atMs
  return Number.POSITIVE_INFINITY
}
