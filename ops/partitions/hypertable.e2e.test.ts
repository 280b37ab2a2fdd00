// The readings as a hypertable, where TimescaleDB is there: on the server of the test's engines, or in the empty database that
// COLDSTREAM_TEST_TIMESCALE_URL names. Elsewhere these tests are skipped, and say so.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { migrate } from '../../infra/migrate.ts'
import { openPostgres, type Postgres, sqlState } from '../../infra/postgres.ts'
import { freshDatabase, testEngines } from '../../infra/testing/engines.ts'
import { type Codecs, memoryRegistry, openCodecs } from '../../schemas/codec.ts'
import { Batch } from '../../sinks/batch.ts'
import { readingsByMonth } from '../../sinks/partitions.ts'
import { reading } from '../../sinks/testing/load.ts'
import { tablesOf } from '../../sinks/testing/tables.ts'
import { Writer } from '../../sinks/writer.ts'
import { digest } from '../digest.ts'
import { problemsOf } from '../housekeeper/observation.ts'
import { addHold, releaseHold } from './holds.ts'
import { restoreArchive } from './restore-archive.ts'
import { planRetention, retire } from './retention.ts'
import { readState } from './state.ts'
import { moveStrays } from './strays.ts'
import { count, fillMonth, nowMs, retentionInto } from './testing/world.ts'
import type { Work } from './work.ts'

const given = process.env.COLDSTREAM_TEST_TIMESCALE_URL
const migrations = resolve(import.meta.dirname, '../../infra/migrations')
const HYPERTABLE = '0017_hypertable.sql'

async function offersTimescale(url: string): Promise<boolean> {
  const db = openPostgres(url, { connectionsMax: 1 })
  const found = await db.query("select from pg_available_extensions where name = 'timescaledb'")
  await db.end()
  return found.rowCount > 0
}

const isThere = await offersTimescale(given ?? testEngines().databaseUrl)
if (!isThere) process.stdout.write('TimescaleDB is not on this server: its tests are skipped.\n')

const septemberMs = Date.UTC(2024, 8, 1)
const october = Date.UTC(2024, 9, 1)
const september = 'sensor_readings_y2024m09'

let db: Postgres
let work: Work
// Where all tests are skipped, nothing is cleared away after them.
const folder = isThere ? mkdtempSync(join(tmpdir(), 'hypertable-')) : ''
const codecs: Codecs = await openCodecs(memoryRegistry(), '')

/** Migrated, filled as native partitions, given the extension, and migrated on. */
beforeAll(async () => {
  if (!isThere) return
  const url = given ?? (await freshDatabase({ migrate: null }))
  db = openPostgres(url, { connectionsMax: 4 })
  work = {
    ...{ db, directUrl: url, nowMs: () => nowMs, runId: null, signal: new AbortController().signal },
    ...{ report: () => {}, guard: async () => {} },
  }
  const before = join(folder, 'migrations')
  cpSync(migrations, before, { recursive: true })
  for (const file of readdirSync(before)) if (file >= HYPERTABLE) rmSync(join(before, file))
  await migrate(url, undefined, before)
  await fillMonth(db, septemberMs, 3_000)
  await fillMonth(db, october, 500)
  native = await digest(db)
  await db.query('create extension timescaledb')
  await migrate(url)
}, 120_000)
let native: Awaited<ReturnType<typeof digest>>

afterAll(async () => {
  await db?.end()
  rmSync(folder, { recursive: true })
})

const stateOf = () => readState(db, readingsByMonth, nowMs)
const retention = () => retentionInto(join(folder, 'archive'), october)
const ofMonth = (tables: typeof native, name: string) => tables.find(({ table }) => table === name)

describe.skipIf(!isThere)('with TimescaleDB', () => {
  test('the migrations make a hypertable that compresses, of the same rows', async () => {
    const { rows } = await db.query<{ compresses: boolean; jobs: number }>(
      `select compression_enabled as compresses,
         (select count(*) from timescaledb_information.jobs where hypertable_name = 'sensor_readings') as jobs
       from timescaledb_information.hypertables where hypertable_name = 'sensor_readings'`,
    )
    expect(rows).toEqual([{ compresses: true, jobs: 1 }])
    expect(await digest(db)).toEqual(native)
    expect(ofMonth(native, september)?.rows).toBe(3_000)
  })

  test('the sink writes it as it writes partitions, compressed days too, and each reading once', async () => {
    const writer = new Writer({ db, ...tablesOf(db), sink: 'hyper' })
    const place = { name: 'readings' as const, topic: 't.readings', partition: 0, timestampMs: 0, key: null }
    const batchOf = (from: number, to: number, change = {}) => {
      const batch = new Batch(codecs)
      for (let i = from; i < to; i += 1)
        batch.add({ ...place, offset: i, value: codecs.of('readings').encode(reading(i % 300, change)) })
      return batch
    }
    expect(await writer.write(batchOf(0, 200), new Map())).toEqual({ rows: 200, hadDuplicates: false })
    await db.query(
      "select compress_chunk(c) from show_chunks('sensor_readings', newer_than => timestamptz '2026-01-01') c",
    )
    const again = await writer.write(batchOf(200, 600, { temperature: 99 }), new Map([['t.readings/0', 200]]))
    expect(again).toEqual({ rows: 400, hadDuplicates: true })
    expect(await count(db, "sensor_readings where recorded_at >= '2026-01-01'")).toBe(300)
    expect(await count(db, "sensor_readings where recorded_at >= '2026-01-01' and temperature_c = 99")).toBe(
      100,
    )
  })

  test('a question about a day opens that day, inside the wall, too', async () => {
    const explain = async (settings: Record<string, string>) =>
      (
        await db.query<{ 'QUERY PLAN': string }>(
          `explain (costs off) select temperature_c from sensor_readings where unit_id = md5('unit1')::uuid
             and recorded_at >= '2024-09-05' and recorded_at < '2024-09-06'`,
          [],
          { settings },
        )
      ).rows
        .map((row) => row['QUERY PLAN'])
        .join('\n')
    for (const settings of [{}, walled('')]) {
      const plan = await explain(settings)
      expect([...new Set(plan.match(/_hyper_\d+_\d+_chunk/g))]).toHaveLength(1)
      expect(plan).toMatch(/Index/)
    }
  })

  test('the role of the API sees the rows of whom it asks for, and none without the wall', async () => {
    const organization = (await db.query<{ id: string }>("select md5('organization')::uuid::text as id"))
      .rows[0]!.id
    const seen = (id: string) =>
      db.query<{ n: number }>(
        "select count(*) as n from sensor_readings where recorded_at < '2025-01-01'",
        [],
        {
          settings: { ...walled(''), 'coldstream.organization': id },
        },
      )
    expect((await seen(organization)).rows).toEqual([{ n: 3_500 }])
    expect((await seen('00000000-0000-0000-0000-000000000000')).rows).toEqual([{ n: 0 }])
    const past = db.query('select count(*) from public.sensor_readings', [], { settings: walled('') })
    expect(sqlState(await past.catch((error: unknown) => error))).toBe('42501')
  })

  test('its months are told of as partitions that nobody need make', async () => {
    const state = await stateOf()
    expect(state).toMatchObject({ isPartitioned: false, defaultTable: null, missing: [], hasCurrent: true })
    expect(state.partitions.slice(0, 2).map(({ name }) => name)).toEqual([
      september,
      'sensor_readings_y2024m10',
    ])
    expect(state.bytes).toBeGreaterThan(100_000)
    expect(await moveStrays(work, 1_000)).toEqual([])
    const tables = [{ ...state, growthBytesPerDay: null, overdue: [] }]
    const backup = { isProven: true, explanation: '', numbers: {} }
    expect(problemsOf({ atMs: nowMs, tables, tasks: [], backup })).toEqual([])
  })

  test('a month goes when it is proven and nobody holds it, and comes back the same', async () => {
    const hold = await addHold(db, {
      partition: september,
      reason: 'case',
      createdBy: 'Legal',
      expiresAt: null,
    })
    const plan = async () => (await planRetention(work, await stateOf(), retention()))[0]?.outcome
    expect(await plan()).toBe('held')
    await releaseHold(db, hold.id)
    expect(await plan()).toBe('would be dropped')
    const [dropped] = await retire(work, await stateOf(), retention())
    expect(dropped).toMatchObject({ decision: 'dropped', partition: september, numbers: { rows: 3_000 } })
    expect(await count(db, "sensor_readings where recorded_at < '2025-01-01'")).toBe(500)
    expect((await stateOf()).partitions.map(({ name }) => name)).not.toContain(september)

    const period = readingsByMonth.periodOf(septemberMs)
    const { store } = retention()
    const wanted = { store: store!, partitioning: readingsByMonth, period, keepDays: 30, by: 'test' }
    expect(await restoreArchive(work, { ...wanted, withinMs: 1_000 })).toMatchObject({ addedRows: 3_000 })
    expect(ofMonth(await digest(db), september)).toEqual(ofMonth(native, september))
  })

  test('what is written between the archive and the drop keeps the month, and is archived with it', async () => {
    await db.query('update partition_retention_overrides set expires_at = now()')
    const late = (recordedAt: string) =>
      db.query(
        `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, fault, history,
           simulated, decoder, decoder_version)
         values (md5('late')::uuid, $1, md5('late')::uuid, md5('organization')::uuid, now(), false, false, false, 'x', 1)`,
        [recordedAt],
      )
    await late('2024-09-30T23:59:58Z') // other than the archive of the test before: so a new one is made
    const store = retention().store!
    const putText = vi.spyOn(store, 'putText').mockImplementationOnce(async (key, text) => {
      putText.mockRestore()
      const stored = await store.putText(key, text)
      await late('2024-09-30T23:59:59Z')
      return stored
    })
    const [dropped] = await retire(work, await stateOf(), { ...retention(), store, withinMs: 5_000 })
    expect(dropped).toMatchObject({ decision: 'dropped', partition: september, numbers: { rows: 3_002 } })
    const archived = await db.query<{ rows: number }>(
      'select row_count as rows from partition_archives where partition_name = $1 order by id',
      [september],
    )
    expect(archived.rows.map(({ rows }) => rows)).toEqual([3_000, 3_001, 3_002])
  })
})

const walled = (organization: string) => ({
  ...{ role: 'coldstream_api', search_path: 'walls, public', 'coldstream.organization': organization },
})
