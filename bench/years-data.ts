// Two years of readings and rollups, made inside Postgres: months are filled without indexes in the order of time, as the sink
// writes them, and get the indexes of the table when they are attached.
import type { Postgres } from '../infra/postgres.ts'
import { readingsByMonth } from '../sinks/partitions.ts'

export type YearsOptions = {
  units: number
  /** Readings in all; each unit has one device. */
  rows: number
  months: number
  /** The end of the last month. */
  untilMs: number
  rollupUnits: number
}

export type Years = YearsOptions & { fromMs: number; everySeconds: number; monthStartsMs: number[] }

export const unitId = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
export const organizationId = '00000000-0000-4000-9000-000000000000'
const organization = `'${organizationId}'::uuid`
/** Devices have ids of their own, as everything has. */
export const deviceOf = (index: string) =>
  `('00000000-0000-4000-b000-' || lpad((${index})::text, 12, '0'))::uuid`
export const deviceId = (index: number) => `00000000-0000-4000-b000-${String(index).padStart(12, '0')}`
export const unitOf = (index: string) =>
  `('00000000-0000-4000-8000-' || lpad((${index})::text, 12, '0'))::uuid`

export function planYears(options: YearsOptions): Years {
  const end = new Date(options.untilMs)
  const monthStartsMs = Array.from({ length: options.months }, (_, i) =>
    Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - options.months + i, 1),
  )
  const [fromMs = 0] = monthStartsMs
  const seconds = (options.untilMs - fromMs) / 1000
  return { ...options, monthStartsMs, fromMs, everySeconds: (seconds * options.units) / options.rows }
}

export const tableOf = (startMs: number) => readingsByMonth.nameOf(readingsByMonth.periodOf(startMs))

const nextMonthMs = (ms: number) => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1, 1)
const text = (ms: number) => new Date(ms).toISOString()

/** `onMonth` after each month, before the next is begun. */
export async function fillYears(
  db: Postgres,
  years: Years,
  onMonth: (table: string, rows: number) => unknown,
): Promise<void> {
  for (const startMs of years.monthStartsMs)
    await onMonth(tableOf(startMs), await fillMonth(db, years, startMs))
  await fillRollups(db, years)
  // What autovacuum does in production, before anybody asks.
  for (const table of [...years.monthStartsMs.map(tableOf), 'rollups'])
    await db.query(`analyze ${table}`, [], { statementTimeoutMs: 0 })
}

async function fillMonth(db: Postgres, { units, everySeconds }: Years, startMs: number): Promise<number> {
  const table = tableOf(startMs)
  const [from, to] = [text(startMs), text(nextMonthMs(startMs))]
  return db.transaction(
    async (sql) => {
      // Without indexes: the key is built when the month is attached.
      await sql.query(`create table ${table} (like sensor_readings including defaults,
        check (recorded_at >= '${from}' and recorded_at < '${to}'))`)
      const { rowCount } = await sql.query(
        `insert into ${table} (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, humidity_percent,
           battery_percent, rssi_dbm, snr_db, gateway_id, fault, history, simulated, decoder, decoder_version)
         select ${unitOf('u')}, at + u * interval '7 ms', ${deviceOf('u')}, ${organization}, at + interval '2 s',
           4 + 2 * sin(extract(epoch from at) / 3600 + u), 60, 90, -70, 8, 'gateway-1', false, false, false, 'elsys', 1
         from generate_series('${from}'::timestamptz, '${to}'::timestamptz - interval '1 minute', $1 * interval '1 second') at,
           lateral generate_series(0, $2 - 1 + 0 * date_part('day', at)::integer) u -- the order of time, whatever the planner likes`,
        [everySeconds, units],
      )
      await sql.query(
        `alter table sensor_readings attach partition ${table} for values from ('${from}') to ('${to}')`,
      )
      return rowCount
    },
    { statementTimeoutMs: 0, settings: { maintenance_work_mem: '512MB' } },
  )
}

async function fillRollups(db: Postgres, { rollupUnits, fromMs, untilMs }: Years): Promise<void> {
  for (const granularity of ['hour', 'day', 'week', 'month'])
    await db.query(
      `insert into rollups (unit_id, granularity, window_start, window_end, organization_id, revision, retracted, is_final, as_of,
         reading_count, min_c, max_c, sum_c, sum_squares_c2, known_seconds, weighted_sum_c_seconds, mkt_numerator,
         mkt_denominator, seconds_above, seconds_below, degree_minutes_above, degree_minutes_below, readings_out_of_range,
         door_openings, door_open_seconds, humidity_count, humidity_sum)
       select ${unitOf('u')}, '${granularity}', at, at + interval '1 ${granularity}', ${organization}, 1, false, true,
         at + interval '1 ${granularity}', 12, 3, 5, 48, 200, 3600, 14400, 3600 * exp(-10000 / 277.15), 3600, 0, 0, 0, 0, 0, 1, 30, 12, 700
       from generate_series(date_trunc('${granularity}', $1::timestamptz), $2::timestamptz, interval '1 ${granularity}') at,
         generate_series(0, $3 - 1) u`,
      [new Date(fromMs), new Date(untilMs - 1), rollupUnits],
      { statementTimeoutMs: 0, settings: { timezone: 'UTC' } },
    )
}
