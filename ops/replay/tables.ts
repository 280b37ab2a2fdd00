// What of each table belongs to a span of time, how its rows are compared, and how one that is no longer right is taken
// back. A row belongs to the span in which it starts; a window of sums to the one in which it ends.
import { isRetracted, leftOut } from '../digest.ts'

export type ReplayTable = {
  table: string
  key: readonly string[]
  /** SQL over a row: whether it belongs to the span from $1 to $2. */
  isIn: string
  /** For order. */
  at: string
  /** SQL over a row: whether it may still change. $3: what ended before it can no longer. Null: never. */
  isOpen: string | null
  /** SQL that takes a row back, in the words of its table; null: rows without revisions are deleted. */
  retract: string | null
  /** SQL over a row: whether it was taken back. */
  isRetracted: string
  /** SQL over a row: whether it is of one of the units of a parameter. */
  isOfUnits: (parameter: string) => string
  /** What does not count in a comparison, as in the digest. */
  ignored: readonly string[]
  /** Episodes may be moved: one that goes and one that comes instead. `end` is null while open. */
  episode: { start: string; end: string; same: readonly string[] } | null
}

const spanned = (column: string) => `${column} >= $1 and ${column} < $2`

function table(name: string, at: string, more: Partial<ReplayTable>): ReplayTable {
  return {
    isOfUnits: (parameter) => `coalesce(unit_id = any(${parameter}::uuid[]), false)`,
    ...{ table: name, at, key: ['id'], isIn: spanned(at), isOpen: null, retract: null, episode: null },
    ...{ isRetracted: isRetracted[name] ?? 'false', ignored: leftOut[name] ?? ['revision'] },
    ...more,
  }
}

const openUntil = (isOpen: string, end: string) => `(${isOpen} or coalesce(${end} > $3, false))`
const alertIsOpen = "status in ('active', 'acknowledged', 'escalated')"
const eventIsOpen = `event_type in ('alert.active', 'alert.acknowledged', 'alert.escalated')
  or coalesce((details->>'resolvedAt')::timestamptz > $3, false)`

export const replayTables: readonly ReplayTable[] = [
  table('sensor_readings', 'recorded_at', { key: ['unit_id', 'recorded_at', 'device_id', 'simulated'] }),
  table('excursions', 'started_at', {
    isOpen: openUntil("state = 'open'", 'ended_at'),
    retract: "state = 'retracted'",
    episode: { start: 'started_at', end: 'ended_at', same: ['unit_id', 'direction'] },
  }),
  table('silences', 'started_at', {
    isOpen: openUntil("state = 'open'", 'ended_at'),
    retract: "state = 'retracted'",
    episode: { start: 'started_at', end: 'ended_at', same: ['unit_id'] },
  }),
  table('door_openings', 'opened_at', {
    isOpen: openUntil("state = 'open'", 'closed_at'),
    retract: "state = 'retracted'",
    episode: { start: 'opened_at', end: 'closed_at', same: ['unit_id'] },
  }),
  table('gateway_incidents', 'started_at', {
    isOpen: openUntil("state = 'open'", 'ended_at'),
    retract: "state = 'retracted'",
    isOfUnits: (parameter) => `unit_ids && ${parameter}::uuid[]`,
  }),
  table('alerts', 'cause_started_at', {
    isOpen: openUntil(alertIsOpen, 'resolved_at'),
    retract: "status = 'retracted'",
    episode: { start: 'triggered_at', end: 'resolved_at', same: ['unit_id', 'alert_type'] },
  }),
  table('door_events', 'recorded_at', { retract: 'retracted = true' }),
  table('unit_status_changes', 'changed_at', { retract: 'retracted = true' }),
  table('rollups', 'window_end', {
    key: ['unit_id', 'granularity', 'window_start'],
    isIn: 'window_end > $1 and window_end <= $2',
    isOpen: 'not is_final',
    retract: 'retracted = true',
  }),
  table('events', 'occurred_at', {
    key: ['occurred_at', 'id'],
    isOpen: `(${eventIsOpen})`,
    retract: 'retracted = true',
    isRetracted: 'retracted',
  }),
  table('late_readings', 'recorded_at', { key: ['unit_id', 'recorded_at', 'device_id'] }),
  table('quarantine', 'recorded_at', {}),
]
