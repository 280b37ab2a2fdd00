// The rows of `events`: what happened, for some months, in one table. A door change, a status change and an alert are an
// event each, beside the row in the table of their own. A row stands where its identity puts it: an alert at the start of
// its cause, because when it was triggered may still be revised, and a revision must find its predecessor.
import type { Alert, DoorEvent, UnitStatusChange } from '../schemas/generated/types.ts'
import { type Revised, revised, table } from './rows.ts'

export type PipelineEvent = Revised & {
  occurredAt: number
  retracted: boolean
  eventType: string
  details: Readonly<Record<string, unknown>>
}

export const events = table<PipelineEvent>('events', ['occurred_at', 'id'], 'replace', [
  ...revised,
  ['occurred_at', (row, v) => row.timestampMs(v.occurredAt)],
  ['retracted', (row, v) => row.bool(v.retracted)],
  ['event_type', (row, v) => row.text(v.eventType)],
  ['details', (row, v) => row.jsonb(v.details)],
])

const about = ({ id, unitId, organizationId, revision }: Revised): Revised => ({
  id,
  unitId,
  organizationId,
  revision,
})

const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const makers = {
  'door-events': (v: DoorEvent): PipelineEvent => ({
    ...about(v),
    occurredAt: v.recordedAt,
    retracted: v.retracted,
    eventType: v.doorOpen ? 'door.opened' : 'door.closed',
    details: { deviceId: v.deviceId, durationSeconds: v.durationSeconds },
  }),
  'unit-status': (v: UnitStatusChange): PipelineEvent => ({
    ...about(v),
    occurredAt: v.at,
    retracted: v.retracted,
    eventType: `status.${v.status}`,
    details: { causeId: v.causeId },
  }),
  alerts: (v: Alert): PipelineEvent => ({
    ...about(v),
    occurredAt: v.causeStartedAt,
    retracted: v.status === 'retracted',
    eventType: `alert.${v.status}`,
    details: {
      ...{ alertType: v.alertType, severity: v.severity, causeId: v.causeId },
      ...{ triggeredAt: instant(v.triggeredAt), resolvedAt: instant(v.resolvedAt) },
    },
  }),
}

export type EventTopic = keyof typeof makers

/** Of the topics whose records are events. */
export const eventOf = makers as Partial<Record<string, (value: never) => PipelineEvent>>
