import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openObjectStore } from '../object-store.ts'
import { openPostgres, type Postgres, withSession } from '../postgres.ts'
import { freshDatabase } from '../testing/engines.ts'
import { type S3Server, startS3Server } from '../testing/s3-server.ts'
import { listBackups, pruneBackups, readManifest } from './catalog.ts'
import { registerBackupMetrics } from './metrics.ts'
import { withDatabase } from './programs.ts'
import { type Backups, runBackup, runRestore, runRestoreTest } from './runs.ts'
import { makeKeyFile } from './sealing.ts'

let s3: S3Server
beforeAll(async () => {
  s3 = await startS3Server()
}, 180_000)
afterAll(() => s3.stop())

const unit = '00000000-0000-4000-8000-000000000001'

/** Two months of readings, an organization, and values that a careless copy would change. */
async function seed(db: Postgres): Promise<void> {
  await db.query(
    `insert into organizations (id, slug, name) values (gen_random_uuid(), 'north', E'N\\u00f6rd "1"\\n2')`,
  )
  for (const [name, from, to] of [
    ['sensor_readings_y2026m01', '2026-01-01', '2026-02-01'],
    ['sensor_readings_y2026m02', '2026-02-01', '2026-03-01'],
  ])
    await db.query(
      `create table ${name} partition of sensor_readings for values from ('${from} 00:00+00') to ('${to} 00:00+00')`,
    )
  await db.query(
    `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, fault, history,
       simulated, decoder, decoder_version)
     select '${unit}', '2026-01-20'::timestamptz + i * interval '1 minute', '${unit}', '${unit}', now(), sin(i) * 1e-3 + 4,
       false, false, false, 'test', 1 from generate_series(1, 20000) i`,
  )
  await db.query(
    `insert into dead_letters (topic, topic_partition, topic_offset, source, code, explanation, failed_at, value, headers)
     values ('t', 0, 0, 's', 'C', 'e', now(), '\\x00ff0a', '{"a": "b"}')`,
  )
}

async function backupsOf(
  address: string,
  options: Partial<Backups> = {},
): Promise<Backups & { url: string }> {
  const url = await freshDatabase()
  const db = openPostgres(url, { connectionsMax: 1, idleTimeoutMs: 10 })
  onTestFinished(() => db.end())
  await seed(db)
  const store = openObjectStore(address, s3)
  const standard = { keys: [], keepDays: 30, programsDir: '', nowMs: Date.now, report: () => {} }
  return { db, store, directUrl: url, url, ...standard, ...options }
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'backup-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const runsOf = async (db: Postgres) =>
  (await db.query('select kind, succeeded, explanation, numbers from backup_runs order by id')).rows

test('a sealed backup in a bucket is tested and restored: every table has the rows it had', async () => {
  const key = makeKeyFile(join(folder(), 'key'))
  const backups = await backupsOf(`s3://${s3.bucket}/nightly`, { keys: [key] })
  const { manifest } = await runBackup(backups)
  expect(manifest).toMatchObject({ keyId: key.id, key: expect.stringMatching(/\.dump\.sealed$/) })
  expect(manifest.tables).toContainEqual(
    expect.objectContaining({ table: 'public.sensor_readings_y2026m02', rows: expect.any(Number) }),
  )
  const tested = await runRestoreTest(backups)
  expect(tested.manifest.name).toBe(manifest.name)
  expect(tested.rows).toBe(manifest.tables.reduce((sum, { rows }) => sum + rows, 0))
  expect(tested.entries).toBeGreaterThan(manifest.tables.length)

  await backups.db.query('delete from sensor_readings')
  await backups.db.query('drop table alerts cascade')
  await expect.poll(() => backups.db.usage().idle).toBe(0)
  const replaced = await runRestore(backups, { name: undefined, endSessions: false })
  onTestFinished(() => dropDatabase(backups.url, replaced.previous!))
  const { rows } = await backups.db.query(
    "select count(*) as n, to_regclass('alerts') is not null as alerts from sensor_readings",
  )
  expect(rows).toEqual([{ n: 20_000, alerts: true }])
  expect((await runsOf(backups.db)).map(({ kind }) => kind)).toEqual(['restore'])
  const scratches = await backups.db.query(
    "select 1 from pg_database where datname like 'coldstream_restore_test_%'",
  )
  expect(scratches.rowCount).toBe(0)
})

test('a wrong secret is refused by the bucket, and the failure is recorded and measured', async () => {
  const backups = await backupsOf(`s3://${s3.bucket}`)
  const wrong = openObjectStore(`s3://${s3.bucket}`, { ...s3, secretAccessKey: 'wrong' })
  await expect(runBackup({ ...backups, store: wrong })).rejects.toThrow()
  expect(await runsOf(backups.db)).toMatchObject([{ kind: 'backup', succeeded: false }])
  const registry = new Registry()
  registerBackupMetrics(registry, { db: backups.db, store: backups.store, storageBytesMax: 1 << 30 })
  const text = await registry.metrics()
  expect(text).toContain('coldstream_backup_last_run_failed{kind="backup"} 1')
  expect(text).not.toContain('coldstream_backup_last_success_timestamp_seconds{')
  expect(text).toMatch(/coldstream_backup_storage_used_ratio 0/)
})

test('a dump that fails half-way leaves no backup behind', async () => {
  const dir = folder()
  const backups = await backupsOf(dir)
  const programsDir = folder()
  const broken = `#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) $(cat ${programsDir}/major)" && exit\n`
  writeFileSync(join(programsDir, 'pg_dump'), `${broken}echo half of it; echo "disk on fire" >&2; exit 1\n`, {
    mode: 0o755,
  })
  const { rows } = await backups.db.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  )
  writeFileSync(join(programsDir, 'major'), String(rows[0]!.major))
  await expect(runBackup({ ...backups, programsDir })).rejects.toThrow('disk on fire')
  expect(await listBackups(backups.store)).toEqual([])
  expect(
    readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
  ).toEqual([])
  writeFileSync(join(programsDir, 'major'), '9')
  await expect(runBackup({ ...backups, programsDir })).rejects.toThrow(
    `set BACKUP_PROGRAMS_DIR to the folder that holds it`,
  )
})

test('a restore that brings something else than was backed up, or from a damaged dump, changes nothing', async () => {
  const dir = folder()
  const key = makeKeyFile(join(folder(), 'key'))
  const backups = await backupsOf(dir, { keys: [key] })
  const { manifest } = await runBackup(backups)
  const manifestFile = join(dir, 'backups', `${manifest.name}.json`)
  const tables = manifest.tables.map((t) => (t.table === 'public.dead_letters' ? { ...t, digest: '1' } : t))
  writeFileSync(manifestFile, JSON.stringify({ ...manifest, tables }))
  const asked = { name: manifest.name, endSessions: true }
  await expect(runRestore(backups, asked)).rejects.toThrow(
    'dead_letters has 1 rows as it should, but not the same ones',
  )
  await expect(runRestore({ ...backups, keys: [] }, asked)).rejects.toThrow('not in BACKUP_KEY_FILE')

  const dump = join(dir, manifest.key)
  const bytes = readFileSync(dump)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(dump, bytes)
  await expect(runRestoreTest(backups)).rejects.toThrow('does not open')
  expect((await backups.db.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 20_000 }])
  expect(await databasesLike(backups, '%restor%')).toEqual([])
})

test('a restore waits for nobody: it is refused while somebody uses the database, unless they are sent away', async () => {
  const backups = await backupsOf(folder())
  await runBackup(backups)
  const user = openPostgres(backups.url, { name: 'coldstream-sink', connectionsMax: 1 })
  onTestFinished(() => user.end())
  await user.query('select 1')
  await expect(runRestore(backups, { name: undefined, endSessions: false })).rejects.toThrow(
    /coldstream-sink.* still use .*Stop them, the sink first/,
  )
  const { previous } = await runRestore(backups, { name: undefined, endSessions: true })
  onTestFinished(() => dropDatabase(backups.url, previous!))
  expect((await user.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 20_000 }])
})

test('backups are kept for 30 days, the newest one for ever, and what was never finished for a day', async () => {
  const dir = folder()
  const dayMs = 86_400_000
  const startMs = Date.UTC(2026, 0, 1, 2)
  let nowMs = startMs
  const backups = await backupsOf(dir, { nowMs: () => nowMs })
  await runBackup(backups)
  nowMs += 20 * dayMs
  const second = (await runBackup(backups)).manifest.name
  writeFileSync(join(dir, 'backups/coldstream_2026-01-02T02-00-00-000Z.dump'), 'half')
  const removed = await pruneBackups(backups.store, 30, Date.now() + 2 * dayMs)
  expect(removed).toContain('backups/coldstream_2026-01-02T02-00-00-000Z.dump')
  expect((await listBackups(backups.store)).map(({ name }) => name)).toEqual([second])
  expect((await readManifest(backups.store)).name).toBe(second)
  expect(readdirSync(join(dir, 'backups'))).toHaveLength(2)
})

async function databasesLike({ db }: Backups, pattern: string): Promise<unknown[]> {
  const { rows } = await db.query(
    `select datname from pg_database where datname like current_database() || $1 or datname like 'coldstream_restore_test%'`,
    [pattern],
  )
  return rows
}

async function dropDatabase(url: string, name: string): Promise<void> {
  await withSession(withDatabase(url, 'postgres'), (sql) => sql.query(`drop database "${name}" with (force)`))
}
