// Alerts: one for each cause, `delayMinutes` after the cause is confirmed and inside the rule's schedule. A cause that
// ends first gives none; the end of the cause resolves it; a cause that is retracted takes it along.
//
//   cause confirmed ──delay, schedule──▶ active ──cause ends──▶ resolved
import type { Alert, AlertType, Severity } from '../schemas/generated/types.ts'
import { type FoldContext, limitsNow, touch } from './fold-context.ts'
import { type AlertFact, type Cause, idOf, keyOf, type UnitFold } from './fold-state.ts'

const typeOfCause = {
  excursion: 'alarm_active',
  silence: 'monitoring_interrupted',
  'door-opening': 'door_open',
} satisfies Partial<Record<Cause['kind'], AlertType>>

type CauseKind = keyof typeof typeOfCause

const openCauses = (fold: UnitFold): readonly (Cause | null)[] => [
  fold.excursion,
  fold.silence,
  fold.door === null ? null : fold.door.opening,
]

export function fireAlerts(fold: UnitFold, context: FoldContext): void {
  for (const cause of openCauses(fold)) {
    if (cause === null || cause.alert !== null || cause.alertDueMs > fold.positionMs) continue
    cause.alert = alertOn(cause, limitsNow(fold, context).severity, fold.positionMs)
    cause.alertDueMs = Number.POSITIVE_INFINITY
    touch(context, cause.alert)
  }
}

export function alertOn(cause: Cause, severity: Severity, triggeredMs: number): AlertFact {
  const alertType = typeOfCause[cause.kind as CauseKind]
  return {
    kind: 'alert',
    atMs: cause.atMs,
    tag: `${alertType}|${cause.kind}|${cause.tag}`,
    touched: false,
    sent: null,
    alertType,
    severity,
    cause: keyOf(cause),
    triggeredMs,
    resolvedMs: null,
  }
}

export function alertDueMs(fold: UnitFold): number {
  const { excursion, silence, door } = fold
  let dueMs = Number.POSITIVE_INFINITY
  if (excursion !== null) dueMs = excursion.alertDueMs
  if (silence !== null && silence.alertDueMs < dueMs) dueMs = silence.alertDueMs
  if (door !== null && door.opening !== null && door.opening.alertDueMs < dueMs)
    dueMs = door.opening.alertDueMs
  return dueMs
}

export function endAlert(context: FoldContext, cause: Cause, atMs: number): void {
  cause.alertDueMs = Number.POSITIVE_INFINITY
  if (cause.alert === null) return
  cause.alert.resolvedMs = atMs
  touch(context, cause.alert)
}

export function alertRecord(
  fact: AlertFact,
  { unitId, organizationId }: { unitId: string; organizationId: string },
  revision: number,
): Alert {
  return {
    id: idOf(unitId, fact),
    unitId,
    organizationId,
    revision,
    status: fact.resolvedMs === null ? 'active' : 'resolved',
    alertType: fact.alertType,
    severity: fact.severity,
    causeId: idOf(unitId, fact.cause),
    causeStartedAt: fact.atMs,
    triggeredAt: fact.triggeredMs,
    resolvedAt: fact.resolvedMs,
  }
}
