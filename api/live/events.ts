// A record of a topic → the event that subscribers get: as the fields of its type in live.graphql are named.
import type { Alert, Reading, TopicValues, UnitStatusChange } from '../../schemas/generated/types.ts'

/** The topics whose records are told to subscribers, and the field of Subscription that tells them. */
export const liveFields = { readings: 'readings', 'unit-status': 'unitStatus', alerts: 'alerts' } as const

export type LiveTopic = keyof typeof liveFields
export type LiveField = (typeof liveFields)[LiveTopic]

export const liveTopics = Object.keys(liveFields) as LiveTopic[]

export type LiveEvent = {
  partition: number
  offset: number
  /** When it was written to its topic, UTC ms. */
  writtenMs: number
  unitId: string
  organizationId: string
  isSimulated: boolean
  /** The fields of its type, without the cursor. */
  row: Readonly<Record<string, unknown>>
}

export type Place = { partition: number; offset: number; writtenMs: number }

export function eventOf<T extends LiveTopic>(topic: T, value: TopicValues[T], place: Place): LiveEvent {
  const { unitId, organizationId } = value
  const row: Record<string, unknown> = rows[topic](value as never)
  return { ...place, unitId, organizationId, isSimulated: row.simulated === true, row }
}

const rows = {
  readings: ({ temperature, recordedAt, receivedAt, ...rest }: Reading) => ({
    ...rest,
    temperatureC: temperature,
    recordedAt: new Date(recordedAt),
    receivedAt: new Date(receivedAt),
  }),

  'unit-status': ({ at, status, ...rest }: UnitStatusChange) => ({
    ...rest,
    since: new Date(at),
    status: status.toUpperCase(),
  }),

  alerts: ({ alertType, severity, status, reason, escalatedAt, ...rest }: Alert) => ({
    ...rest,
    type: alertType.toUpperCase(),
    severity: severity.toUpperCase(),
    // Where its cause never was, it is over: the API has no word of its own for that.
    status: status === 'retracted' ? 'RESOLVED' : status.toUpperCase(),
    retracted: status === 'retracted',
    reason: reason?.toUpperCase() ?? null,
    causeStartedAt: new Date(rest.causeStartedAt),
    triggeredAt: new Date(rest.triggeredAt),
    escalatedAt: escalatedAt.map((ms) => new Date(ms)),
    acknowledgedAt: instant(rest.acknowledgedAt),
    resolvedAt: instant(rest.resolvedAt),
  }),
} satisfies { [T in LiveTopic]: (value: TopicValues[T]) => Record<string, unknown> }

const instant = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))
