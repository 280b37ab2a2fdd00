// A fleet of years for the API's benchmark, made inside Postgres: the registry, readings of two years (sparse; a month of
// some units and the last days of all as dense as sensors send), rollups, episodes.
import { type Postgres, withSession } from '../infra/postgres.ts'
import {
  deviceOf,
  fillYears,
  organizationId,
  planYears,
  tableOf,
  unitId,
  unitOf,
  type Years,
} from './years-data.ts'

export type Fleet = {
  years: Years
  units: number
  sites: number
  /** Units whose last month is as dense as their sensors send, and that have rollups of hours. */
  denseUnits: number
  untilMs: number
}

const DAY_MS = 86_400_000
const EVERY_SECONDS = 300
const UNITS_OF_A_SITE = 50

export function planFleet(units: number, rows: number): Fleet {
  const untilMs = Date.UTC(2026, 10, 1)
  const denseUnits = Math.min(100, units)
  const years = planYears({ units, rows, months: 24, untilMs, rollupUnits: denseUnits })
  return { years, units, denseUnits, untilMs, sites: Math.ceil(units / UNITS_OF_A_SITE) }
}

export const siteId = (index: number) => `00000000-0000-4000-a000-${String(index).padStart(12, '0')}`
const siteOf = (index: string) => `('00000000-0000-4000-a000-' || lpad((${index})::text, 12, '0'))::uuid`
const text = (ms: number) => new Date(ms).toISOString()

export async function fillFleet(db: Postgres, fleet: Fleet, report: (line: string) => void): Promise<void> {
  await run(db, registry(fleet))
  await fillYears(db, fleet.years, () => {})
  report('two years of readings and rollups')
  await fillDense(db, fleet)
  report('a dense month')
  await run(db, [...dayRollups(fleet), ...episodes(fleet)])
  report('rollups and episodes')
}

/** What autovacuum does in production, before anybody asks; it stands outside of transactions. */
export const vacuumFleet = (databaseUrl: string) =>
  withSession(databaseUrl, async (sql) => void (await sql.query('vacuum analyze')))

async function run(db: Postgres, statements: readonly string[]): Promise<void> {
  for (const statement of statements)
    await db.query(statement, [], { statementTimeoutMs: 0, settings: { timezone: 'UTC' } })
}

function registry({ units, sites }: Fleet): string[] {
  const of = `'${organizationId}'::uuid`
  return [
    `insert into organizations (id, slug, name) values (${of}, 'bench', 'Bench')`,
    `insert into sites (id, organization_id, slug, name, time_zone)
     select ${siteOf('i')}, ${of}, 's' || i, 'Site ' || i, 'UTC' from generate_series(0, ${sites} - 1) i`,
    `insert into areas (id, organization_id, site_id, slug, name)
     select id, organization_id, id, 'a', 'Area' from sites`,
    `insert into units (id, organization_id, site_id, area_id, slug, name, unit_type)
     select ${unitOf('u')}, ${of}, ${siteOf(`u % ${sites}`)}, ${siteOf(`u % ${sites}`)}, 'u' || u, 'Unit ' || u,
       (enum_range(null::unit_type))[1 + u % 6] from generate_series(0, ${units} - 1) u`,
    `insert into devices (id, organization_id, dev_eui, name, vendor, model)
     select ${deviceOf('u')}, ${of}, lpad(upper(to_hex(u)), 16, '0'), 'Probe ' || u, 'Dragino', 'LHT65'
     from generate_series(0, ${units} - 1) u`,
    `insert into device_assignments (device_id, valid_from, organization_id, unit_id, kind)
     select ${deviceOf('u')}, '2024-01-01', ${of}, ${unitOf('u')}, 'temperature' from generate_series(0, ${units} - 1) u`,
    `insert into alert_rules (id, organization_id, site_id, valid_from, temp_min_c, temp_max_c, expected_reading_interval_seconds,
       excursion_confirm_minutes_door_closed)
     select gen_random_uuid(), ${of}, null::uuid, '2024-01-01'::timestamptz, 0, 8, 600, 15
     union all select gen_random_uuid(), ${of}, id, '2025-01-01', null, 7, null, null from sites`,
  ]
}

/** The last month of some, the last two days of all: what a page shows of now, and what a chart shows of a month. */
async function fillDense(db: Postgres, { units, denseUnits, untilMs }: Fleet): Promise<void> {
  const month = tableOf(Date.UTC(2026, 9, 1))
  const insert = (from: number, to: number, first: number, last: number) =>
    `insert into ${month} (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, humidity_percent,
       battery_percent, rssi_dbm, snr_db, gateway_id, fault, history, simulated, decoder, decoder_version)
     select ${unitOf('u')}, at + u * interval '11 ms', ${deviceOf('u')}, '${organizationId}', at + interval '2 s',
       4 + 2 * sin(extract(epoch from at) / 3600 + u) + random(), 60, 90, -70, 8, 'gateway-1', false, false, false, 'elsys', 1
     from generate_series('${text(from)}'::timestamptz, '${text(to - 1)}', interval '${EVERY_SECONDS} s') at,
       generate_series(${first}, ${last}) u
     on conflict do nothing`
  const twoDaysMs = untilMs - 2 * DAY_MS
  await run(db, [
    insert(Date.UTC(2026, 9, 1), untilMs, 0, denseUnits - 1),
    ...(units > denseUnits ? [insert(twoDaysMs, untilMs, denseUnits, units - 1)] : []),
  ])
}

/** Days, weeks and months of the units that fillYears left out. */
const dayRollups = ({ years, units, denseUnits, untilMs }: Fleet) =>
  ['day', 'week', 'month'].map(
    (
      granularity,
    ) => `insert into rollups select ${unitOf('u')}, granularity, window_start, window_end, organization_id, revision,
       retracted, is_final, as_of, reading_count, min_c, max_c, sum_c, sum_squares_c2, known_seconds, weighted_sum_c_seconds,
       mkt_numerator, mkt_denominator, seconds_above + u % 977, seconds_below, degree_minutes_above, degree_minutes_below,
       readings_out_of_range, door_openings, door_open_seconds + u % 331, humidity_count, humidity_sum
     from rollups, generate_series(${denseUnits}, ${units - 1}) u
     where unit_id = '${unitId(0)}' and granularity = '${granularity}'
       and window_start >= '${text(years.fromMs)}' and window_start < '${text(untilMs)}'`,
  )

/** Of each unit: an excursion every five days, a silence a fortnight, a door opening a day, status changes of them. */
function episodes({ units, untilMs, years }: Fleet): string[] {
  const every = (interval: string) =>
    `from generate_series(0, ${units - 1}) u, generate_series('${text(years.fromMs)}'::timestamptz,
       '${text(untilMs - DAY_MS)}', interval '${interval}') day, lateral (select day + u * interval '13 s' as at) t`
  const common = `gen_random_uuid(), ${unitOf('u')}, '${organizationId}', 1`
  return [
    `insert into excursions (id, unit_id, organization_id, revision, state, direction, started_at, confirmed_at, ended_at, peak_c,
       min_c, max_c, reading_count, duration_seconds, known_seconds, has_unknown, degree_minutes)
     select ${common}, 'closed', 'high', at, at + interval '15 min', at + interval '50 min', 11, 8.5, 11, 10, 3000, 3000, false, 90
     ${every('5 days')}`,
    `insert into door_events (id, unit_id, organization_id, revision, retracted, device_id, recorded_at, door_open)
     select ${common}, false, ${deviceOf('u')}, at, true ${every('1 day')}`,
    `insert into door_openings (id, unit_id, organization_id, revision, state, inferred, opened_at, closed_at, duration_seconds)
     select ${common}, 'closed', false, at, at + interval '2 min', 120 ${every('1 day')}`,
    `insert into silences (id, unit_id, organization_id, revision, state, started_at, detected_at, ended_at, duration_seconds,
       missed_checkins)
     select ${common}, 'closed', at, at + interval '20 min', at + interval '1 hour', 3600, 6 ${every('14 days')}`,
    `insert into unit_status_changes (id, unit_id, organization_id, revision, retracted, changed_at, status)
     select ${common}, false, at, (enum_range(null::unit_status))[1 + u % 7] ${every('5 days')}`,
    `insert into alerts (id, unit_id, organization_id, revision, status, alert_type, severity, cause_id, cause_started_at,
       triggered_at, resolved_at)
     select ${common}, 'resolved', 'alarm_active', 'critical', gen_random_uuid(), at, at, at + interval '1 hour' ${every('5 days')}`,
  ]
}
