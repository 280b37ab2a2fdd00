// Alerts: one for each cause, `delayMinutes` after the cause is confirmed and inside the rule's schedule. A cause that
// ends first gives none; the end of the cause resolves it; a cause that is retracted takes it along.
//
//   cause confirmed ──delay, schedule──▶ active ──time──▶ escalated, level by level
//                                          │  │              │  │
//                                          │  └──somebody────┼──┴──▶ acknowledged: no further level
//                                          └────cause ends───┴─────────▶ resolved
import type { Alert, AlertReason, AlertType, Severity } from '../schemas/generated/types.ts'
import { type FoldContext, touch } from './fold-context.ts'
import {
  type AlertFact,
  type Cause,
  type Condition,
  type ConditionKind,
  type FactKey,
  idOf,
  keyOf,
  type Owner,
  type Sensor,
  type UnitFold,
} from './fold-state.ts'
import type { Limits } from './limits.ts'

const typeOfCause = {
  excursion: 'alarm_active',
  silence: 'monitoring_interrupted',
  'door-opening': 'door_open',
  battery: 'low_battery',
  'sensor-fault': 'sensor_fault',
  calibration: 'calibration_due',
  'device-silence': 'sensor_fault',
  'manual-log': 'missed_manual_entry',
  budget: 'budget_exceeded',
} satisfies Partial<Record<Cause['kind'], AlertType>>

type CauseKind = keyof typeof typeOfCause

/** Causes that are facts of their own. */
export const openEpisodes = ({ excursion, silence, door, budgets }: UnitFold): Cause[] => [
  ...[excursion, silence, door === null ? null : door.opening].filter((cause) => cause !== null),
  ...budgets.filter(({ exceededMs }) => exceededMs !== null),
]

/** Causes that only their alerts tell. */
export const openConditions = ({ missedLog, sensors }: UnitFold): Condition[] =>
  [missedLog, ...sensors.flatMap(causesOf)].filter((cause) => cause !== null)

export const causesOf = ({ battery, fault, calibration, silence }: Sensor): (Condition | null)[] => [
  battery,
  fault,
  calibration,
  silence,
]

const openCauses = (fold: UnitFold): Cause[] => [...openEpisodes(fold), ...openConditions(fold)]

export function fireAlerts(fold: UnitFold, context: FoldContext): void {
  for (const cause of openCauses(fold)) {
    if (cause.alert !== null || cause.alertDueMs > fold.positionMs) continue
    cause.alert = alertOn(cause, fold.limits.severity, fold.positionMs)
    touch(context, cause.alert)
  }
}

/** Every level that is due. An acknowledgement at exactly the instant wins: it has been taken before. */
export function fireEscalations(fold: UnitFold, context: FoldContext): void {
  const limits = fold.limits
  for (const { alert } of openCauses(fold)) {
    if (alert === null) continue
    while (escalationMs(alert, limits) <= fold.positionMs) {
      alert.escalatedMs.push(fold.positionMs)
      touch(context, alert)
    }
  }
}

/** When its next level is due. An acknowledged one has none. */
function escalationMs({ triggeredMs, escalatedMs, acknowledgedMs }: AlertFact, limits: Limits): number {
  if (acknowledgedMs !== null) return Number.POSITIVE_INFINITY
  return triggeredMs + (limits.escalationMs[escalatedMs.length] ?? Number.POSITIVE_INFINITY)
}

/** Somebody has seen an alert that was open then. */
export function acknowledge(
  fold: UnitFold,
  context: FoldContext,
  { alertId, atMs }: { alertId: string; atMs: number },
): void {
  for (const { alert } of openCauses(fold)) {
    if (alert === null || alert.acknowledgedMs !== null || alert.triggeredMs > atMs) continue
    if (idOf(context.unitId, alert) !== alertId) continue
    alert.acknowledgedMs = atMs
    touch(context, alert)
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
    escalatedMs: [],
    acknowledgedMs: null,
    resolvedMs: null,
  }
}

/** The next instant at which an alert opens or is escalated. */
export function alertDueMs(fold: UnitFold, limits: Limits): number {
  const { excursion, silence, door, sensors, missedLog } = fold
  let dueMs = Number.POSITIVE_INFINITY
  if (excursion !== null) dueMs = dueMsOf(excursion, limits)
  if (silence !== null) dueMs = Math.min(dueMs, dueMsOf(silence, limits))
  if (door !== null && door.opening !== null) dueMs = Math.min(dueMs, dueMsOf(door.opening, limits))
  if (missedLog !== null) dueMs = Math.min(dueMs, dueMsOf(missedLog, limits))
  for (const use of fold.budgets) dueMs = Math.min(dueMs, dueMsOf(use, limits))
  for (const sensor of sensors)
    for (const cause of causesOf(sensor)) if (cause !== null) dueMs = Math.min(dueMs, dueMsOf(cause, limits))
  return dueMs
}

const dueMsOf = ({ alert, alertDueMs: dueMs }: Cause, limits: Limits): number =>
  alert === null ? dueMs : escalationMs(alert, limits)

/** The cause has ended and is forgotten, so an alert that is still due never opens. */
export function endAlert(context: FoldContext, cause: Cause, atMs: number): void {
  if (cause.alert === null) return
  cause.alert.resolvedMs = atMs
  touch(context, cause.alert)
}

function statusOf({ resolvedMs, acknowledgedMs, escalatedMs }: AlertFact): Alert['status'] {
  if (resolvedMs !== null) return 'resolved'
  if (acknowledgedMs !== null) return 'acknowledged'
  return escalatedMs.length > 0 ? 'escalated' : 'active'
}

const reasons: ReadonlySet<string> = new Set<AlertReason>([
  ...(['percent', 'volts', 'no_probe', 'stuck', 'jump', 'silent'] as const),
])
const isReason = (text: string): text is AlertReason => reasons.has(text)

const ofDevices: ReadonlySet<string> = new Set<ConditionKind>([
  ...(['battery', 'sensor-fault', 'calibration', 'device-silence'] as const),
])

/** Whom it is about, as its cause's tag says. */
export function subjectOf({ kind, tag }: FactKey): Pick<Alert, 'deviceId' | 'reason'> {
  if (!ofDevices.has(kind)) return { deviceId: null, reason: null }
  const [reason = '', deviceId = null] = tag.split('|')
  return { deviceId, reason: isReason(reason) ? reason : null }
}

export function alertRecord(fact: AlertFact, { unitId, organizationId }: Owner, revision: number): Alert {
  return {
    id: idOf(unitId, fact),
    unitId,
    organizationId,
    revision,
    status: statusOf(fact),
    alertType: fact.alertType,
    severity: fact.severity,
    causeId: idOf(unitId, fact.cause),
    causeStartedAt: fact.atMs,
    ...subjectOf(fact.cause),
    triggeredAt: fact.triggeredMs,
    escalatedAt: [...fact.escalatedMs],
    acknowledgedAt: fact.acknowledgedMs,
    resolvedAt: fact.resolvedMs,
  }
}
