// A database of a test's own with readings in it, and what works on its partitions.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openObjectStore } from '../../../infra/object-store.ts'
import { openPostgres, type Postgres } from '../../../infra/postgres.ts'
import { freshDatabase } from '../../../infra/testing/engines.ts'
import { ensurePartition } from '../../../sinks/partition-tables.ts'
import { readingsByMonth } from '../../../sinks/partitions.ts'
import type { Retention } from '../retention.ts'
import type { Work } from '../work.ts'

export type PartitionWorld = { url: string; db: Postgres; work: Work; lines: string[]; folder: string }

export const nowMs = Date.UTC(2026, 10, 21, 12)

export async function openPartitionWorld(): Promise<PartitionWorld> {
  const url = await freshDatabase()
  const db = openPostgres(url, { connectionsMax: 8 })
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  onTestFinished(async () => {
    await db.end()
    rmSync(folder, { recursive: true })
  })
  const lines: string[] = []
  const work: Work = {
    ...{ db, directUrl: url, nowMs: () => nowMs, runId: null, signal: new AbortController().signal },
    report: (line) => void lines.push(line),
    guard: async () => {},
  }
  return { url, db, work, lines, folder }
}

/** As if the backup were good: the test's server archives no WAL. */
export const unverified = { isVerified: false, ageHoursMax: 24 }

export const retentionInto = (folder: string, cutMs: number): Retention => ({
  ...{ cutMs, backup: unverified, store: openObjectStore(folder), withinMs: 1_000 },
})

/** `count` readings of ten units, spread over the month that `fromMs` lies in. */
export async function fillMonth(db: Postgres, fromMs: number, count: number, table = 'sensor_readings') {
  const month = readingsByMonth.periodOf(fromMs)
  if (table === 'sensor_readings') await ensurePartition(db, readingsByMonth, month)
  const [from, to] = [readingsByMonth.startMs(month), readingsByMonth.startMs(month + 1)]
  await db.query(
    `insert into ${table} (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, humidity_percent,
       door_open, rssi_dbm, gateway_id, fault, history, simulated, decoder, decoder_version)
     select md5('unit' || i % 10)::uuid, t, md5('device' || i % 10)::uuid, md5('organization')::uuid, t, sin(i) * 8,
       case when i % 3 = 0 then 40 + i % 50 end, case when i % 5 = 0 then i % 2 = 0 end, -60 - i % 60, 'gateway-' || i % 7,
       false, false, i % 97 = 0, 'lht65', 1
     from (select i, to_timestamp($1::float8 + i * ($2::float8 - $1::float8) / $3::float8)::timestamptz(3) as t
           from generate_series(0, $3::int - 1) i) series`,
    [from / 1000, to / 1000, count],
  )
}

export async function count(db: Postgres, table: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*) as n from ${table}`)
  return rows[0]?.n ?? 0
}
