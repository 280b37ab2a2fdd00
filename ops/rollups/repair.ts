// Repairs the rollups of hours in which readings came later than the grace: made anew from all stored readings, in pages
// of units, each page one transaction. Safe to run at any time and as often as one likes, beside a running sink.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import type { Granularity, UnitConfig } from '../../schemas/generated/types.ts'
import { type DirtyWindow, type LateReading, type LimitSpan, limitSpans, windowsOf } from './dirty.ts'
import { showRepair, writeRepair } from './repair-sql.ts'

export type RepairOptions = {
  graceMs: number
  /** Only tell what would be written. */
  isDryRun?: boolean
  /** Units in one transaction. */
  pageUnits?: number
}

export type Repaired = {
  /** With readings that are not settled. */
  units: number
  lateReadings: number
  /** Those whose windows can no longer be changed by anything else: they are not looked at again. */
  settled: number
  windows: Record<Granularity, number>
}

const STATEMENT_TIMEOUT_MS = 120_000

export async function repairRollups(db: Postgres, options: RepairOptions): Promise<Repaired> {
  const total: Repaired = {
    ...{ units: 0, lateReadings: 0, settled: 0 },
    windows: { hour: 0, day: 0, week: 0, month: 0 },
  }
  for (let after: string | null = null; ; ) {
    const last: string | null = await db.transaction((sql) => repairPage(sql, options, after, total), {
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      readOnly: options.isDryRun === true,
    })
    if (last === null) return total
    after = last
  }
}

/**
 * 1. Find the page's units and their late readings whose row is stored.
 * 2. Find the windows that each has made wrong, in the unit's zone.
 * 3. Make them anew, by one statement.
 * 4. Remember which late readings need no other look.
 */
async function repairPage(
  sql: Sql,
  options: RepairOptions,
  after: string | null,
  total: Repaired,
): Promise<string | null> {
  const unitIds = await dirtyUnits(sql, after, options.pageUnits ?? 200)
  const lastUnit = unitIds.at(-1)
  if (lastUnit === undefined) return null
  const late = await lateReadings(sql, unitIds)
  const configs = await configsOf(sql, unitIds)
  const windows = new Map<string, DirtyWindow>()
  const settled: LateReading[] = []
  for (const reading of late) {
    const own = windowsOf(reading, configs.get(reading.unitId) ?? null, options.graceMs)
    for (const window of own) windows.set(`${window.unitId} ${window.granularity} ${window.startMs}`, window)
    if (own.every(({ isSettled }) => isSettled)) settled.push(reading)
  }
  const spans = unitIds.flatMap((unitId) =>
    limitSpans(configs.get(unitId) ?? null).map((span) => limitRow(unitId, span)),
  )
  const { rows } = await sql.query<{ granularity: Granularity; windows: number }>(
    options.isDryRun ? showRepair : writeRepair,
    [JSON.stringify(spans), JSON.stringify([...windows.values()].map(windowRow))],
  )
  if (!options.isDryRun) await rememberSettled(sql, settled)
  total.units += unitIds.length
  total.lateReadings += late.length
  total.settled += settled.length
  for (const { granularity, windows: count } of rows) total.windows[granularity] += count
  return lastUnit
}

const isUnsettled = `not exists (select from rollup_repairs d
  where (d.unit_id, d.recorded_at, d.device_id) = (l.unit_id, l.recorded_at, l.device_id))`

async function dirtyUnits(sql: Sql, after: string | null, unitsMax: number): Promise<string[]> {
  const { rows } = await sql.query<{ unitId: string }>(
    `select distinct l.unit_id as "unitId" from late_readings l
     where ($1::uuid is null or l.unit_id > $1) and ${isUnsettled} order by 1 limit $2`,
    [after, unitsMax],
  )
  return rows.map(({ unitId }) => unitId)
}

/** Only of readings that are stored: the sink may have written the mark before the reading. */
async function lateReadings(sql: Sql, unitIds: readonly string[]): Promise<LateReading[]> {
  const { rows } = await sql.query<LateReading>(
    `select l.unit_id as "unitId", l.organization_id as "organizationId", l.device_id as "deviceId",
       l.recorded_at as "recordedAt", newest.at as "newestAt", runs.at as "runsTo",
       (select s.recorded_at from sensor_readings s where s.unit_id = l.unit_id
          and s.recorded_at > l.recorded_at and s.temperature_c is not null and not s.simulated
        order by s.recorded_at limit 1) as "nextAt"
     from late_readings l
       cross join lateral (select s.recorded_at as at from sensor_readings s where s.unit_id = l.unit_id
         and not s.simulated order by s.recorded_at desc limit 1) newest
       left join lateral (select max(r.as_of) as at from rollups r where r.unit_id = l.unit_id
         and r.granularity = 'hour') runs on true
     where l.unit_id = any($1) and ${isUnsettled}
       and exists (select from sensor_readings s where (s.unit_id, s.recorded_at, s.device_id, s.simulated)
         = (l.unit_id, l.recorded_at, l.device_id, false))
     order by l.unit_id, l.recorded_at, l.device_id`,
    [unitIds],
  )
  return rows
}

/** As the registry last told them to the unit stage. */
async function configsOf(sql: Sql, unitIds: readonly string[]): Promise<Map<string, UnitConfig>> {
  const { rows } = await sql.query<{ key: string; value: UnitConfig }>(
    `select distinct on (key) key, value from outbox where topic = 'unit-configs' and key = any($1)
     order by key, id desc`,
    [unitIds],
  )
  return new Map(rows.map(({ key, value }) => [key, value]))
}

async function rememberSettled(sql: Sql, settled: readonly LateReading[]): Promise<void> {
  if (settled.length === 0) return
  await sql.query(
    `insert into rollup_repairs (unit_id, recorded_at, device_id)
     select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) on conflict do nothing`,
    [
      settled.map(({ unitId }) => unitId),
      settled.map(({ recordedAt }) => recordedAt),
      settled.map(({ deviceId }) => deviceId),
    ],
  )
}

const instant = (ms: number): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString() : ms < 0 ? '-infinity' : 'infinity'

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

const limitRow = (unitId: string, { fromMs, untilMs, tempMinC, tempMaxC, holdMs }: LimitSpan) => ({
  unit_id: unitId,
  valid_from: instant(fromMs),
  valid_until: instant(untilMs),
  temp_min: finite(tempMinC),
  temp_max: finite(tempMaxC),
  hold_seconds: finite(holdMs / 1000),
})

const windowRow = (window: DirtyWindow) => ({
  unit_id: window.unitId,
  organization_id: window.organizationId,
  granularity: window.granularity,
  window_start: instant(window.startMs),
  window_end: instant(window.endMs),
  newest: instant(window.newestMs),
  is_settled: window.isSettled,
})
