// What a fold needs besides its state: the unit's versions of limits, its zone, and where changed facts are noted.
import type { UnitConfig, UnitDevice } from '../schemas/generated/types.ts'
import type { Cause, Condition, ConditionKind, Fact, UnitFold, WindowFact } from './fold-state.ts'
import { type Limits, limitsOfVersions } from './limits.ts'
import { type LocalTime, localTime } from './local-time.ts'
import { nextInSchedule } from './schedule.ts'

export type FoldContext = {
  unitId: string
  versions: readonly Limits[]
  zone: LocalTime
  /** Which devices are in the unit when; empty: not known. */
  devices: readonly UnitDevice[]
  /** A version of the rule, or a device, sets a limit for the silence of one device. */
  watchesSilence: boolean
  /** What people said of the unit, ascending; the checkpoint has passed what was before. */
  entries: readonly Entry[]
  /** Facts that changed since they were last sent; null: nobody asks (the fold of the checkpoint). */
  changes: Changes | null
}

/** A manual log, or that an alert was seen. */
export type Entry = { atMs: number; alertId: string | null }

export type Changes = {
  touched: Fact[]
  /** Windows that are complete but not yet final. */
  complete: WindowFact[]
}

type Known = { unitId: string; config: UnitConfig | null; entries: readonly Entry[] }

export function contextOf({ unitId, config, entries }: Known, changes: Changes | null): FoldContext {
  const versions = config === null ? [] : limitsOfVersions(config.versions)
  const devices = config?.devices ?? []
  return {
    unitId,
    versions,
    zone: localTime(config?.timeZone ?? 'UTC'),
    devices,
    watchesSilence:
      versions.some(({ deviceSilentMs }) => deviceSilentMs !== Number.POSITIVE_INFINITY) ||
      devices.some(({ silentMinutes }) => silentMinutes !== null),
    entries,
    changes,
  }
}

export const isValidAt = ({ validFrom, validUntil }: UnitDevice, ms: number): boolean =>
  validFrom <= ms && (validUntil === null || ms < validUntil)

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
  const { delayMs, schedule } = fold.limits
  const earliestMs = Math.max(fold.positionMs, confirmedMs + delayMs)
  cause.alertDueMs = nextInSchedule(schedule, context.zone, earliestMs)
}

/** Opens a cause that no topic of its own tells. It is confirmed now, also where it started earlier. */
export function openCondition(
  fold: UnitFold,
  context: FoldContext,
  kind: ConditionKind,
  { atMs = fold.positionMs, tag, level = null }: { atMs?: number; tag: string; level?: number | null },
): Condition {
  const condition = newCondition(kind, { atMs, tag, confirmedMs: fold.positionMs, level })
  armAlert(fold, context, condition, condition.confirmedMs)
  return condition
}

export const newCondition = (
  kind: ConditionKind,
  own: Pick<Condition, 'atMs' | 'tag' | 'confirmedMs' | 'level'>,
): Condition => ({
  kind,
  atMs: own.atMs,
  tag: own.tag,
  touched: false,
  sent: null,
  confirmedMs: own.confirmedMs,
  level: own.level,
  alert: null,
  alertDueMs: Number.POSITIVE_INFINITY,
})
