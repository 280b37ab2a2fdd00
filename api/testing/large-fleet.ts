// A large fleet: a thousand units at twenty sites, most of them well; and one unit whose figures reach back two years.
import { derivedId } from '../../schemas/identity.ts'
import { idOf, NOW, type Sql } from './rows.ts'

export const LARGE_UNITS = 1_000
const SITES = 20
const DAYS = 730

/** The unit with a past, by its index. */
export const veteranId = (): string => largeUnitId(7)
export const largeUnitId = (index: number): string => derivedId('test', 'large-unit', String(index))
const siteId = (index: number) => derivedId('test', 'large-site', String(index))
const areaId = (index: number) => derivedId('test', 'large-area', String(index))

/** One in a hundred is in alarm, and so on: what a bad night looks like. */
const statusOf = (index: number): string => {
  if (index % 100 === 7) return 'alarm_active'
  if (index % 100 === 23) return 'offline'
  if (index % 50 === 11) return 'excursion'
  if (index % 100 === 31) return 'monitoring_interrupted'
  return 'ok'
}

export async function fillLargeFleet(sql: Sql): Promise<void> {
  await fillPlaces(sql)
  await fillReadings(sql)
  await fillYears(sql)
}

async function fillPlaces(sql: Sql): Promise<void> {
  const sites = Array.from({ length: SITES }, (_, index) => index)
  const units = Array.from({ length: LARGE_UNITS }, (_, index) => index)
  const values = [idOf('zeta'), NOW]
  await sql.query(
    `insert into sites (id, organization_id, slug, name, time_zone, created_at, updated_at)
     select id, $1, 'large-' || n, 'Market ' || lpad(n::text, 2, '0'), 'Europe/Berlin', $2, $2
     from unnest($3::uuid[]) with ordinality s (id, n)`,
    [...values, sites.map(siteId)],
  )
  await sql.query(
    `insert into areas (id, organization_id, slug, name, site_id, sort_order, created_at, updated_at)
     select area, $1, 'floor', 'Sales floor', site, 0, $2, $2 from unnest($3::uuid[], $4::uuid[]) a (area, site)`,
    [...values, sites.map(areaId), sites.map(siteId)],
  )
  await sql.query(
    `insert into units (id, organization_id, slug, name, site_id, area_id, unit_type, temperature_unit, sort_order,
       created_at, updated_at)
     select id, $1, 'unit-' || n, 'Cabinet ' || lpad(n::text, 4, '0'), site, area, 'display_case', 'C', n, $2, $2
     from unnest($3::uuid[], $4::uuid[], $5::uuid[]) with ordinality u (id, site, area, n)`,
    [
      ...values,
      units.map(largeUnitId),
      units.map((index) => siteId(index % SITES)),
      units.map((index) => areaId(index % SITES)),
    ],
  )
  await sql.query(
    `insert into alert_rules (id, organization_id, valid_from, temp_min_c, temp_max_c,
       expected_reading_interval_seconds, offline_trigger_multiplier, severity, created_at)
     values ($1, $2, '2020-01-01', 0, 7, 600, 3, 'warning', '2020-01-01'),
       ($3, $2, '2025-02-01', 0, 8, 600, 3, 'warning', '2025-02-01')`,
    [idOf('large-rule', '1'), idOf('zeta'), idOf('large-rule', '2')],
  )
}

async function fillReadings(sql: Sql): Promise<void> {
  const units = Array.from({ length: LARGE_UNITS }, (_, index) => index)
  await sql.query(
    `insert into unit_status_changes (id, unit_id, organization_id, revision, retracted, changed_at, status)
     select gen_random_uuid(), id, $1, 1, false, $2::timestamptz - n * interval '1 minute', status::unit_status
     from unnest($3::uuid[], $4::text[]) with ordinality u (id, status, n)`,
    [idOf('zeta'), NOW, units.map(largeUnitId), units.map(statusOf)],
  )
  await sql.query(
    `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c,
       fault, history, simulated, decoder, decoder_version)
     select id, at, $1, $2, at, 4 + sin(extract(epoch from at) / 3600 + n) + case when n % 100 = 8 then 5 else 0 end,
       false, false, false, 'test', 1
     from unnest($3::uuid[]) with ordinality u (id, n),
       generate_series($4::timestamptz - interval '12 hours', $4, interval '10 minutes') at`,
    [idOf('large-probe'), idOf('zeta'), units.map(largeUnitId), NOW],
  )
}

/** Two years of one unit: its hours and days, an excursion a day, doors, and a month of readings. */
async function fillYears(sql: Sql): Promise<void> {
  const values = [veteranId(), idOf('zeta'), NOW]
  const figures = (granularity: string, width: string) => `
    select $1::uuid, '${granularity}'::rollup_granularity, at, at + interval '${width}', $2::uuid, 1, false, true,
      at + interval '${width}', 6, 3 - season, 5 - season, 24 - 6 * season, 96, extract(epoch from interval '${width}'),
      (4 - season) * extract(epoch from interval '${width}'), exp(-10000 / (277.15 - season)), 1, 0, 0, 0, 0, 0,
      3, extract(epoch from interval '${width}') * 0.04 * (1 + sin(extract(doy from at) / 58)), 0, 0
    from generate_series(date_trunc('day', $3::timestamptz) - interval '${DAYS} days', $3::timestamptz - interval '${width}',
      interval '${width}') at, lateral (select cos(extract(doy from at) / 58)) s (season)`
  for (const [granularity, width] of [
    ['hour', '1 hour'],
    ['day', '1 day'],
  ] as const)
    await sql.query(
      `insert into rollups (unit_id, granularity, window_start, window_end, organization_id, revision, retracted,
         is_final, as_of, reading_count, min_c, max_c, sum_c, sum_squares_c2, known_seconds, weighted_sum_c_seconds,
         mkt_numerator, mkt_denominator, seconds_above, seconds_below, degree_minutes_above, degree_minutes_below,
         readings_out_of_range, door_openings, door_open_seconds, humidity_count, humidity_sum)
       ${figures(granularity, width)}`,
      values,
    )
  await sql.query(
    `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c,
       fault, history, simulated, decoder, decoder_version)
     select $1, at, $4, $2, at, 4 + sin(extract(epoch from at) / 7000), false, false, false, 'test', 1
     from generate_series($3::timestamptz - interval '40 days', $3::timestamptz - interval '13 hours',
       interval '5 minutes') at`,
    [...values, idOf('large-probe')],
  )
  await sql.query(
    `insert into excursions (id, unit_id, organization_id, revision, state, direction, started_at, confirmed_at, ended_at,
       peak_c, min_c, max_c, reading_count, duration_seconds, known_seconds, has_unknown, degree_minutes)
     select gen_random_uuid(), $1, $2, 1, 'closed', 'high', at, at + interval '20 minutes', at + interval '9 hours',
       11, 8, 11, 20, 32400, 32400, false, 300
     from generate_series($3::timestamptz - interval '${DAYS - 20} days', $3::timestamptz, interval '1 day') at`,
    values,
  )
}
