// A backup becomes a database again: beside the one that is there, compared table by table with what was backed up, and
// only then put in its place. So a backup that is no good costs nothing but time.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { PipelineError } from '../../schemas/failure.ts'
import type { ObjectStore } from '../object-store.ts'
import { type Sql, withSession } from '../postgres.ts'
import { type BackupManifest, readManifest } from './catalog.ts'
import { differencesOf, fingerprint } from './fingerprint.ts'
import {
  connectionOf,
  databaseOf,
  findProgram,
  type ProgramOptions,
  serverMajor,
  withDatabase,
} from './programs.ts'
import { type BackupKey, opening } from './sealing.ts'

export type RestoreOptions = ProgramOptions & {
  databaseUrl: string
  store: ObjectStore
  keys: readonly BackupKey[]
  /** The newest, if none is named. */
  name?: string
}

export type Seconds = { download: number; restore: number; compare: number }
export type Restored = { manifest: BackupManifest; entries: number; rows: number; seconds: Seconds }

const JOBS = '2'
/** What the schema grants rights to. Roles are the server's, so on a new server they are not there. */
const ROLES = ['coldstream_api', 'coldstream_analyst']
const SCRATCH = 'coldstream_restore_test_'

/** Restores into a scratch database, compares, and drops it, whatever comes of it. */
export async function testRestore(options: RestoreOptions): Promise<Restored> {
  const { databaseUrl } = options
  const scratch = `${SCRATCH}${Date.now()}_${randomBytes(3).toString('hex')}`
  return withSession(withDatabase(databaseUrl, 'postgres'), async (admin) => {
    try {
      return await restoreInto(admin, scratch, options)
    } finally {
      await admin.query(`drop database if exists ${scratch} with (force)`)
    }
  })
}

export type Replaced = Restored & { previous: string | undefined }

/**
 * 1. Refuse while somebody is in the database, unless they are to be thrown out.
 * 2. Restore into a database of another name, and compare it with what was backed up.
 * 3. Rename: what is there goes aside under a name with the date, what was restored takes its name.
 */
export async function restore(options: RestoreOptions & { endSessions: boolean }): Promise<Replaced> {
  const { databaseUrl, endSessions } = options
  const database = databaseOf(databaseUrl)
  const stamp = new Date().toISOString().replaceAll(/[^0-9]/g, '')
  const [fresh, previous] = [`${database}_restoring_${stamp}`, `${database}_before_restore_${stamp}`]
  return withSession(withDatabase(databaseUrl, 'postgres'), async (admin) => {
    if (!endSessions) await refuseWhileInUse(admin, database)
    const restored = await restoreInto(admin, fresh, options).catch(async (error: unknown) => {
      await admin.query(`drop database if exists "${fresh}" with (force)`)
      throw error
    })
    const there = await exists(admin, database)
    if (there) await moveAside(admin, database, previous, endSessions)
    await admin.query(`alter database "${fresh}" rename to "${database}"`)
    return { ...restored, previous: there ? previous : undefined }
  })
}

async function exists(admin: Sql, database: string): Promise<boolean> {
  return (await admin.query('select 1 from pg_database where datname = $1', [database])).rowCount > 0
}

async function refuseWhileInUse(admin: Sql, database: string): Promise<void> {
  const { rows } = await admin.query<{ names: string[] }>(
    `select coalesce(array_agg(distinct coalesce(nullif(application_name, ''), 'an unnamed client')), '{}') as names
     from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
    [database],
  )
  const names = rows[0]?.names ?? []
  if (names.length === 0) return
  throw new PipelineError('RESTORE_REFUSED', {
    reason: `${names.join(', ')} still use ${database}. Stop them, the sink first of all, or say --end-sessions`,
  })
}

/** A database with sessions cannot be renamed. New ones are kept out while those that are there end. */
async function moveAside(
  admin: Sql,
  database: string,
  previous: string,
  endSessions: boolean,
): Promise<void> {
  if (endSessions) {
    await admin.query(`alter database "${database}" with allow_connections false`)
    await admin.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1`, [
      database,
    ])
  }
  try {
    await admin.query(`alter database "${database}" rename to "${previous}"`)
    await admin.query(`alter database "${previous}" with allow_connections true`)
  } catch (error) {
    await admin.query(`alter database "${database}" with allow_connections true`)
    throw error
  }
}

async function restoreInto(admin: Sql, database: string, options: RestoreOptions): Promise<Restored> {
  const { databaseUrl, store, keys, name } = options
  const manifest = await readManifest(store, name)
  const program = await findProgram('pg_restore', await serverMajor(admin), options)
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-restore-'))
  const file = join(dir, 'dump')
  const lap = stopwatch()
  try {
    await download(store, manifest, keys, file)
    const entries = await listEntries(program, file)
    const target = withDatabase(databaseUrl, database)
    const hasTimescale = entries.some((entry) => / EXTENSION - timescaledb\b/.test(entry))
    const seconds = { download: lap(), restore: 0, compare: 0 }
    // template0: whatever somebody put into template1 is not part of the backup.
    await admin.query(`create database "${database}" template template0`)
    await makeRoles(admin)
    if (hasTimescale)
      await inSession(target, ['create extension timescaledb', 'select timescaledb_pre_restore()'])
    await runRestore(program, target, file, hasTimescale ? '1' : JOBS)
    seconds.restore = lap()
    const tables = await withSession(target, inReadOnly(fingerprint))
    const differences = differencesOf(manifest.tables, tables)
    if (differences.length > 0)
      throw new PipelineError('RESTORE_DIFFERS', { name: manifest.name, differences })
    seconds.compare = lap()
    // Only now: its jobs would compress what is still to be compared.
    if (hasTimescale) await inSession(target, ['select timescaledb_post_restore()'])
    return {
      manifest,
      entries: entries.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      seconds,
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The catalog of TimescaleDB is restored in a mode of its own, which ends when it is told to. */
async function inSession(databaseUrl: string, statements: readonly string[]): Promise<void> {
  await withSession(databaseUrl, async (sql) => {
    for (const statement of statements) await sql.query(statement)
  })
}

const inReadOnly =
  <T>(work: (sql: Sql) => Promise<T>) =>
  async (sql: Sql): Promise<T> => {
    await sql.query('begin isolation level repeatable read read only')
    return work(sql)
  }

/** Seconds since it was last asked. */
function stopwatch(): () => number {
  let sinceMs = performance.now()
  return () => {
    const [fromMs, nowMs] = [sinceMs, performance.now()]
    sinceMs = nowMs
    return (nowMs - fromMs) / 1000
  }
}

async function download(
  store: ObjectStore,
  manifest: BackupManifest,
  keys: readonly BackupKey[],
  file: string,
): Promise<void> {
  const key = keyOf(manifest, keys)
  const hash = createHash('sha256')
  const body = (await store.get(manifest.key)).on('data', (chunk: Buffer) => hash.update(chunk))
  const dump = key === undefined ? body : (body.compose(opening(key)) as Readable)
  await pipeline(dump, createWriteStream(file, { mode: 0o600 }))
  if (hash.digest('hex') === manifest.sha256) return
  throw new PipelineError('BACKUP_DAMAGED', { reason: `${manifest.key} is not the object that was written` })
}

function keyOf({ name, keyId }: BackupManifest, keys: readonly BackupKey[]): BackupKey | undefined {
  if (keyId === null) return undefined
  const key = keys.find(({ id }) => id === keyId)
  if (key !== undefined) return key
  const reason = `${name} was sealed with key ${keyId}, which is not in BACKUP_KEY_FILE`
  throw new PipelineError('RESTORE_REFUSED', { reason })
}

async function listEntries(program: string, file: string): Promise<string[]> {
  const { stdout } = await run(program, ['--list', file])
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
}

async function makeRoles(admin: Sql): Promise<void> {
  for (const role of ROLES) {
    const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role])
    if (rowCount === 0) await admin.query(`create role ${role} nologin`)
  }
}

/** Owners are those of whoever restores: the roles of the other server need not be here. */
async function runRestore(program: string, databaseUrl: string, file: string, jobs: string): Promise<void> {
  const { url, env } = connectionOf(databaseUrl)
  await run(program, ['--exit-on-error', '--no-owner', `--jobs=${jobs}`, `--dbname=${url}`, file], env)
}

async function run(program: string, args: string[], env?: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(program, args, { env, maxBuffer: 64 << 20 })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new PipelineError(
      'BACKUP_DAMAGED',
      { reason: `pg_restore says ${(stderr || message).trim()}` },
      error,
    )
  }
}
