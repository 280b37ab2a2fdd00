// The unit's status: of everything that is true of a unit at the end of an instant, the most urgent. It is what holds
// after all observations and timers of the instant, so two changes at one instant are one event.
import type { UnitStatus, UnitStatusChange } from '../schemas/generated/types.ts'
import { type FoldContext, touch } from './fold-context.ts'
import { type FactKey, idOf, keyOf, type Owner, type StatusFact, type UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'

export function statusOf({ excursion, silence, restoring, missedLog }: UnitFold): UnitStatus {
  if (excursion !== null && excursion.confirmedMs !== null) return 'alarm_active'
  if (silence !== null) return silence.criticalMs === null ? 'monitoring_interrupted' : 'offline'
  if (excursion !== null) return 'excursion'
  if (restoring !== null) return 'restoring'
  return missedLog === null ? 'ok' : 'manual_required'
}

const causeOf: Record<UnitStatus, (fold: UnitFold) => FactKey | null> = {
  alarm_active: ({ excursion }) => excursion,
  offline: ({ silence }) => silence,
  monitoring_interrupted: ({ silence }) => silence,
  excursion: ({ excursion }) => excursion,
  restoring: ({ restoring }) => restoring?.cause ?? null,
  manual_required: ({ missedLog }) => missedLog,
  ok: () => null,
}

/** Ends `restoring` once the delay has passed, also where another status stands above it. */
export function fireRestoring(fold: UnitFold): void {
  if (fold.restoring === null) return
  if (fold.positionMs - fold.restoring.sinceMs >= fold.limits.delayMs) fold.restoring = null
}

export const restoringDueMs = ({ restoring }: UnitFold, limits: Limits): number =>
  restoring === null ? Number.POSITIVE_INFINITY : restoring.sinceMs + limits.delayMs

/** Status begins with the first observation; another cause under the same status is no event. */
export function settleStatus(fold: UnitFold, context: FoldContext): void {
  if (!fold.hasStarted) return
  const status = statusOf(fold)
  if (status === fold.status) return
  fold.status = status
  if (context.changes === null) return
  const cause = causeOf[status](fold)
  const fact: StatusFact = {
    kind: 'status',
    atMs: fold.positionMs,
    tag: '',
    touched: false,
    sent: null,
    status,
    cause: cause && keyOf(cause),
  }
  touch(context, fact)
}

export const statusRecord = (
  fact: StatusFact,
  { unitId, organizationId }: Owner,
  revision: number,
): UnitStatusChange => ({
  id: idOf(unitId, fact),
  unitId,
  organizationId,
  revision,
  retracted: false,
  at: fact.atMs,
  status: fact.status,
  causeId: fact.cause && idOf(unitId, fact.cause),
})
