// What the command and the housekeeper call: a backup, a test of one, and a restore, each with its record in `backup_runs`.

import { PipelineError } from '../../schemas/failure.ts'
import type { Config } from '../config.ts'
import { type ObjectStore, openObjectStore } from '../object-store.ts'
import type { Postgres } from '../postgres.ts'
import { type BackupManifest, pruneBackups } from './catalog.ts'
import { type Replaced, type Restored, restore, testRestore } from './restore.ts'
import { type BackupKey, readKeyFile } from './sealing.ts'
import { takeBackup } from './take.ts'

export const backupKeys = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'BACKUP_URL',
  'BACKUP_KEY_FILE',
  'BACKUP_RETENTION_DAYS',
  'BACKUP_PROGRAMS_DIR',
  'S3_ENDPOINT',
  'S3_REGION',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const

export type BackupConfig = Pick<Config, (typeof backupKeys)[number]>

export type Backups = {
  db: Postgres
  store: ObjectStore
  keys: readonly BackupKey[]
  /** Without PgBouncer in front. */
  directUrl: string
  keepDays: number
  programsDir: string
  nowMs: () => number
  report: (line: string) => void
}

type Surroundings = Pick<Backups, 'db' | 'nowMs' | 'report'>

/** Where backups are not set up (no BACKUP_URL), it says what to set. */
export function openBackups(config: BackupConfig, surroundings: Surroundings): Backups {
  const { BACKUP_URL, BACKUP_KEY_FILE, DATABASE_URL, DATABASE_DIRECT_URL } = config
  if (BACKUP_URL === '')
    throw new PipelineError('BACKUP_IMPOSSIBLE', {
      reason: 'there is no place for it: set BACKUP_URL to s3://bucket/prefix or to a folder',
    })
  return {
    ...surroundings,
    store: backupStore(config),
    keys: BACKUP_KEY_FILE === '' ? [] : readKeyFile(BACKUP_KEY_FILE),
    directUrl: DATABASE_DIRECT_URL || DATABASE_URL,
    keepDays: config.BACKUP_RETENTION_DAYS,
    programsDir: config.BACKUP_PROGRAMS_DIR,
  }
}

export function backupStore(config: BackupConfig): ObjectStore {
  return openObjectStore(config.BACKUP_URL, {
    ...{ endpoint: config.S3_ENDPOINT, region: config.S3_REGION },
    ...{ accessKeyId: config.S3_ACCESS_KEY_ID, secretAccessKey: config.S3_SECRET_ACCESS_KEY },
  })
}

export type BackupOutcome = { manifest: BackupManifest; removed: string[] }

/** Takes a backup, sealed where there is a key, and removes those that are too old. */
export function runBackup(backups: Backups): Promise<BackupOutcome> {
  const { store, keys, directUrl, keepDays, nowMs } = backups
  return recorded(backups, 'backup', async () => {
    const manifest = await takeBackup({ ...backups, databaseUrl: directUrl, key: keys[0] })
    const removed = await pruneBackups(store, keepDays, nowMs())
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
    const numbers = { rows, tables: manifest.tables.length, removed: removed.length }
    return { result: { manifest, removed }, name: manifest.name, bytes: manifest.bytes, numbers }
  })
}

/** Proves that the newest backup, or the named one, can be restored. */
export function runRestoreTest(backups: Backups, name?: string): Promise<Restored> {
  return recorded(backups, 'restore_test', async () => {
    const restored = await testRestore({ ...optionsOf(backups), ...(name === undefined ? {} : { name }) })
    return { result: restored, ...summaryOf(restored) }
  })
}

/** Its record goes into the database that was restored, which is the one that is there afterwards. */
export async function runRestore(
  backups: Backups,
  { name, endSessions }: { name: string | undefined; endSessions: boolean },
): Promise<Replaced> {
  const startedAt = new Date(backups.nowMs())
  const options = { ...optionsOf(backups), ...(name === undefined ? {} : { name }), endSessions }
  const replaced = await restore(options)
  await record(backups, { kind: 'restore', startedAt, succeeded: true, ...summaryOf(replaced) })
  return replaced
}

const optionsOf = (backups: Backups) => ({ ...backups, databaseUrl: backups.directUrl })

const summaryOf = ({ manifest, entries, rows, seconds }: Restored) => ({
  name: manifest.name,
  bytes: manifest.bytes,
  numbers: { rows, tables: manifest.tables.length, entries, seconds },
})

type Summary = { name?: string; bytes?: number; numbers?: object; explanation?: string }
type Run = Summary & { kind: 'backup' | 'restore_test' | 'restore'; startedAt: Date; succeeded: boolean }

async function recorded<T>(
  backups: Backups,
  kind: Run['kind'],
  work: () => Promise<Summary & { result: T }>,
): Promise<T> {
  const startedAt = new Date(backups.nowMs())
  try {
    const { result, ...summary } = await work()
    await record(backups, { kind, startedAt, succeeded: true, ...summary })
    return result
  } catch (error) {
    const explanation = error instanceof Error ? error.message : String(error)
    // Where the database is away, too, the first failure is the one to tell; the alert goes by the last success.
    await record(backups, { kind, startedAt, succeeded: false, explanation }).catch(() => {})
    throw error
  }
}

async function record({ db, store, nowMs }: Backups, run: Run): Promise<void> {
  await db.query(
    `insert into backup_runs (kind, backup_name, started_at, finished_at, succeeded, backup_bytes, store, explanation,
       numbers) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[run.kind, run.name ?? null, run.startedAt, new Date(nowMs()), run.succeeded, run.bytes ?? null],
      ...[store.name, run.explanation ?? null, JSON.stringify(run.numbers ?? {})],
    ],
  )
}
