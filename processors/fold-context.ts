// What a fold needs besides its state: the unit's versions of limits, its zone, and where changed facts are noted.
import type { UnitConfig } from '../schemas/generated/types.ts'
import type { Cause, Fact, UnitFold, WindowFact } from './fold-state.ts'
import { type Limits, limitsOfVersions, noLimits } from './limits.ts'
import { type LocalTime, localTime } from './local-time.ts'
import { nextInSchedule } from './schedule.ts'

export type FoldContext = {
  versions: readonly Limits[]
  zone: LocalTime
  /** Facts that changed since they were last sent; null: nobody asks (the fold of the checkpoint). */
  changes: Changes | null
}

export type Changes = {
  touched: Fact[]
  /** Windows that are complete but not yet final. */
  complete: WindowFact[]
}

export function contextOf(config: UnitConfig | null, changes: Changes | null): FoldContext {
  return {
    versions: config === null ? [] : limitsOfVersions(config.versions),
    zone: localTime(config?.timeZone ?? 'UTC'),
    changes,
  }
}

export const limitsNow = (fold: UnitFold, context: FoldContext): Limits =>
  context.versions[fold.versionIndex] ?? noLimits

export function touch(context: FoldContext, fact: Fact): void {
  if (context.changes === null || fact.touched) return
  fact.touched = true
  context.changes.touched.push(fact)
}

/** Sets when the cause's alert is due: `delayMs` after `confirmedMs`, inside the schedule, and not before now. */
export function armAlert(
  fold: UnitFold,
  context: FoldContext,
  cause: Cause,
  confirmedMs: number | null,
): void {
  if (confirmedMs === null || cause.alert !== null) return
  const { delayMs, schedule } = limitsNow(fold, context)
  const earliestMs = Math.max(fold.positionMs, confirmedMs + delayMs)
  cause.alertDueMs = nextInSchedule(schedule, context.zone, earliestMs)
}
