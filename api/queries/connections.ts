// Every connection of the telemetry, as data: its table, its columns, its sort key and what "in the range" means.
// pages.ts reads them.
import type { CursorKey } from '../page.ts'
import { incidentColumns } from './gateway-incidents.ts'

/** Whose rows are asked for. */
export type ParentKind = 'unit' | 'site' | 'organization'

export type Source = {
  columns: string
  table: string
  /** Conditions that always hold, such as leaving out what was retracted. */
  where: string
  at: string
  /** What tells rows of one instant apart, with its type. */
  rest: readonly (readonly [column: string, type: string])[]
  /** An episode is in a range that it touches; its end column, null while it is open. */
  end?: string
  /** Its column that says whether it goes on, and the value for which it does. */
  open?: string
  /** How a row belongs to what was asked, where that is not its unit_id and organization_id. */
  belongs?: Readonly<Record<ParentKind, string>>
  /** The row's sort key, as the cursor holds it. */
  keyOf: (row: never) => CursorKey
}

const episode = `id, unit_id as "unitId", upper(state::text) as state, revision`
const byId = [['id', 'uuid']] as const
// Not `<>`: behind row-level security Postgres guesses at an enum by the number of its values that occur, and where all episodes
// are closed it takes nothing to be anything else. It would then read all of a unit's and sort them.
const notRetracted = `state in ('open', 'closed')`

export const sources = {
  readings: {
    columns: `unit_id as "unitId", recorded_at as "recordedAt", received_at as "receivedAt",
      device_id as "deviceId",
      temperature_c as "temperatureC", humidity_percent as humidity, door_open as "doorOpen",
      battery_percent as "batteryPercent", battery_volts as "batteryVolts", rssi_dbm as rssi, snr_db as snr,
      gateway_id as "gatewayId", fault, history, simulated`,
    table: 'sensor_readings',
    where: 'true',
    at: 'recorded_at',
    rest: [
      ['device_id', 'uuid'],
      ['simulated', 'boolean'],
    ],
    keyOf: (r: { recordedAt: Date; deviceId: string; simulated: boolean }) => [
      r.recordedAt.getTime(),
      r.deviceId,
      r.simulated,
    ],
  },
  excursions: {
    columns: `${episode}, upper(direction::text) as direction, started_at as "startedAt",
      confirmed_at as "confirmedAt", critical_at as "criticalAt", ended_at as "endedAt", peak_c as "peakC",
      min_c as "minC", max_c as "maxC", reading_count as count, duration_seconds as "durationSeconds",
      known_seconds as "knownSeconds", has_unknown as "hasUnknown", degree_minutes as "degreeMinutesC",
      as_of as "asOf"`,
    table: 'excursions',
    where: notRetracted,
    at: 'started_at',
    rest: byId,
    end: 'ended_at',
    open: `state = 'open'`,
    keyOf: (r: { startedAt: Date; id: string }) => [r.startedAt.getTime(), r.id],
  },
  doorOpenings: {
    columns: `${episode}, opened_at as "openedAt", closed_at as "closedAt",
      duration_seconds as "durationSeconds",
      warning_at as "warningAt", critical_at as "criticalAt", inferred`,
    table: 'door_openings',
    where: notRetracted,
    at: 'opened_at',
    rest: byId,
    end: 'closed_at',
    open: `state = 'open'`,
    keyOf: (r: { openedAt: Date; id: string }) => [r.openedAt.getTime(), r.id],
  },
  doorEvents: {
    columns: `id, unit_id as "unitId", recorded_at as "recordedAt", door_open as "doorOpen",
      duration_seconds as "durationSeconds", device_id as "deviceId"`,
    table: 'door_events',
    where: 'not retracted',
    at: 'recorded_at',
    rest: byId,
    keyOf: (r: { recordedAt: Date; id: string }) => [r.recordedAt.getTime(), r.id],
  },
  silences: {
    columns: `${episode}, started_at as "startedAt", detected_at as "detectedAt", warning_at as "warningAt",
      critical_at as "criticalAt", ended_at as "endedAt", duration_seconds as "durationSeconds",
      missed_checkins as "missedCheckins"`,
    table: 'silences',
    where: notRetracted,
    at: 'started_at',
    rest: byId,
    end: 'ended_at',
    open: `state = 'open'`,
    keyOf: (r: { startedAt: Date; id: string }) => [r.startedAt.getTime(), r.id],
  },
  statusHistory: {
    columns: `id, unit_id as "unitId", upper(status::text) as status, changed_at as since,
      cause_id as "causeId"`,
    table: 'unit_status_changes',
    where: 'not retracted',
    at: 'changed_at',
    rest: byId,
    keyOf: (r: { since: Date; id: string }) => [r.since.getTime(), r.id],
  },
  alerts: {
    columns: `id, unit_id as "unitId", upper(alert_type::text) as type, upper(severity::text) as severity,
      upper(status::text) as status, cause_id as "causeId", cause_started_at as "causeStartedAt",
      device_id as "deviceId", upper(reason::text) as reason, triggered_at as "triggeredAt",
      escalated_at as "escalatedAt", acknowledged_at as "acknowledgedAt", resolved_at as "resolvedAt",
      revision`,
    table: 'alerts',
    where: `status in ('active', 'acknowledged', 'escalated', 'resolved')`,
    at: 'triggered_at',
    rest: byId,
    end: 'resolved_at',
    open: `status <> 'resolved'`,
    keyOf: (r: { triggeredAt: Date; id: string }) => [r.triggeredAt.getTime(), r.id],
  },
  manualLogs: {
    columns: `id, unit_id as "unitId", recorded_at as "recordedAt", temperature_c as "temperatureC", note,
      recorded_by as "recordedBy"`,
    table: 'manual_logs',
    where: 'true',
    at: 'recorded_at',
    rest: byId,
    keyOf: (r: { recordedAt: Date; id: string }) => [r.recordedAt.getTime(), r.id],
  },
  correctiveActions: {
    columns: `id, unit_id as "unitId", organization_id as "organizationId", alert_id as "alertId",
      actor_id as "actorId", description,
      action_taken as "actionTaken", evidence_url as "evidenceUrl", resolved_alert as "resolvedAlert",
      acted_at as "actedAt"`,
    table: 'corrective_actions',
    where: 'true',
    at: 'acted_at',
    rest: byId,
    keyOf: (r: { actedAt: Date; id: string }) => [r.actedAt.getTime(), r.id],
  },
  budgets: {
    columns: `${episode}, name, upper(side::text) as side, limit_c as "limitC", upper(span::text) as span, lot,
      budget_seconds as "budgetSeconds", started_at as "startedAt", exceeded_at as "exceededAt",
      ended_at as "endedAt", used_seconds as "usedSeconds"`,
    table: 'budgets',
    where: notRetracted,
    at: 'exceeded_at',
    rest: byId,
    end: 'ended_at',
    open: `state = 'open'`,
    keyOf: (r: { exceededAt: Date; id: string }) => [r.exceededAt.getTime(), r.id],
  },
  gatewayIncidents: {
    columns: incidentColumns,
    table: 'gateway_incidents',
    where: notRetracted,
    at: 'started_at',
    rest: byId,
    end: 'ended_at',
    open: `state = 'open'`,
    belongs: {
      unit: 'unit_ids @> array[asked.id]',
      site: 'unit_ids && array(select u.id from units u where u.site_id = asked.id)',
      organization: 'organization_id = asked.id',
    },
    keyOf: (r: { startedAt: Date; id: string }) => [r.startedAt.getTime(), r.id],
  },
  rollups: {
    columns: `unit_id as "unitId", upper(granularity::text) as granularity, window_start as "start",
      window_end as "end",
      is_final as "isFinal", revision, as_of as "asOf", reading_count as count, min_c as "minC",
      max_c as "maxC",
      sum_c as sum, sum_squares_c2 as "sumSquares", known_seconds as "knownSeconds",
      weighted_sum_c_seconds as "weightedSum", mkt_numerator as "mktNumerator",
      mkt_denominator as "mktDenominator",
      seconds_above as "secondsAbove", seconds_below as "secondsBelow",
      degree_minutes_above as "degreeMinutesAboveC",
      degree_minutes_below as "degreeMinutesBelowC", readings_out_of_range as "readingsOutOfRange",
      door_openings as "doorOpenings", door_open_seconds as "doorOpenSeconds",
      humidity_count as "humidityCount",
      humidity_sum as "humiditySum", humidity_min as "humidityMin", humidity_max as "humidityMax"`,
    table: 'rollups',
    where: 'not retracted',
    at: 'window_start',
    rest: [],
    keyOf: (r: { start: Date }) => [r.start.getTime()],
  },
} satisfies Record<string, Source>

export type ConnectionName = keyof typeof sources
