// Hand-made rows for the API's tests: a small fleet whose every unit is in another state at `NOW`.
import { derivedId } from '../../schemas/identity.ts'

/** What fills the tables: a transaction of infra's Postgres fits. */
export type Sql = { query(text: string, values?: readonly unknown[]): Promise<unknown> }

export const NOW = new Date('2026-02-03T12:00:00.000Z')
export const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000)

export const idOf = (...names: string[]): string => derivedId('test', ...names)

/** Inserts objects as rows; the columns are those of the first. */
export async function insert(
  sql: Sql,
  table: string,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  const [head] = rows
  if (head === undefined) return
  const columns = Object.keys(head)
  await sql.query(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.join(', ')} from jsonb_populate_recordset(null::${table}, $1)`,
    [JSON.stringify(rows)],
  )
}

type Reading = {
  unit: string
  device: string
  at: Date
  temperatureC?: number | null
  humidity?: number | null
  door?: boolean | null
  simulated?: boolean
}

export const reading = (row: Reading) => ({
  unit_id: idOf(row.unit),
  recorded_at: row.at,
  device_id: idOf(row.device),
  organization_id: idOf('acme'),
  received_at: new Date(row.at.getTime() + 400),
  temperature_c: row.temperatureC ?? null,
  humidity_percent: row.humidity ?? null,
  door_open: row.door ?? null,
  battery_percent: 88,
  battery_volts: 3.02,
  rssi_dbm: -97,
  snr_db: 7.5,
  gateway_id: 'roof-east',
  fault: false,
  history: false,
  simulated: row.simulated ?? false,
  decoder: 'test',
  decoder_version: 1,
})

export const excursion = (unit: string, startedAt: Date, more: Record<string, unknown> = {}) => ({
  id: idOf('excursion', unit, startedAt.toISOString()),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  state: 'closed',
  direction: 'high',
  started_at: startedAt,
  confirmed_at: null,
  critical_at: null,
  ended_at: null,
  peak_c: 10,
  min_c: 8.5,
  max_c: 10,
  reading_count: 3,
  duration_seconds: null,
  known_seconds: 600,
  has_unknown: false,
  degree_minutes: 20,
  as_of: null,
  ...more,
})

export const doorOpening = (unit: string, openedAt: Date, more: Record<string, unknown> = {}) => ({
  id: idOf('opening', unit, openedAt.toISOString()),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  state: 'closed',
  inferred: false,
  opened_at: openedAt,
  closed_at: null,
  duration_seconds: null,
  warning_at: null,
  critical_at: null,
  ...more,
})

export const doorEvent = (unit: string, at: Date, open: boolean) => ({
  id: idOf('door-event', unit, at.toISOString()),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  retracted: false,
  device_id: idOf(`${unit}-door`),
  recorded_at: at,
  door_open: open,
  duration_seconds: null,
})

export const silence = (unit: string, startedAt: Date, more: Record<string, unknown> = {}) => ({
  id: idOf('silence', unit, startedAt.toISOString()),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  state: 'open',
  started_at: startedAt,
  detected_at: new Date(startedAt.getTime() + 30 * 60_000),
  warning_at: null,
  critical_at: null,
  ended_at: null,
  duration_seconds: null,
  missed_checkins: null,
  ...more,
})

export const statusChange = (unit: string, at: Date, status: string, more: Record<string, unknown> = {}) => ({
  id: idOf('status', unit, at.toISOString(), status),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  retracted: false,
  changed_at: at,
  status,
  cause_id: null,
  ...more,
})

export const alert = (unit: string, at: Date, more: Record<string, unknown> = {}) => ({
  id: idOf('alert', unit, at.toISOString()),
  unit_id: idOf(unit),
  organization_id: idOf('acme'),
  revision: 1,
  status: 'active',
  alert_type: 'alarm_active',
  severity: 'critical',
  cause_id: idOf('excursion', unit, at.toISOString()),
  cause_started_at: at,
  triggered_at: at,
  resolved_at: null,
  ...more,
})

export const rollup = (
  unit: string,
  granularity: string,
  start: Date,
  end: Date,
  more: Record<string, unknown> = {},
) => ({
  unit_id: idOf(unit),
  granularity,
  window_start: start,
  window_end: end,
  organization_id: idOf('acme'),
  revision: 1,
  retracted: false,
  is_final: true,
  as_of: end,
  reading_count: 0,
  min_c: null,
  max_c: null,
  sum_c: 0,
  sum_squares_c2: 0,
  known_seconds: 0,
  weighted_sum_c_seconds: 0,
  mkt_numerator: 0,
  mkt_denominator: 0,
  seconds_above: 0,
  seconds_below: 0,
  degree_minutes_above: 0,
  degree_minutes_below: 0,
  readings_out_of_range: 0,
  door_openings: 0,
  door_open_seconds: 0,
  humidity_count: 0,
  humidity_sum: 0,
  humidity_min: null,
  humidity_max: null,
  ...more,
})
