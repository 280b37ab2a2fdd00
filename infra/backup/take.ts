// One backup: pg_dump's own format, straight from the database into the store, sealed on the way where there is a key.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { PassThrough, type Readable } from 'node:stream'
import { PipelineError } from '../../schemas/failure.ts'
import type { ObjectStore } from '../object-store.ts'
import { type Sql, withSession } from '../postgres.ts'
import { type BackupManifest, backupName, dumpKey, writeManifest } from './catalog.ts'
import { fingerprint } from './fingerprint.ts'
import { connectionOf, databaseOf, findProgram, type ProgramOptions, serverMajor } from './programs.ts'
import { type BackupKey, sealing } from './sealing.ts'

export type TakeOptions = ProgramOptions & {
  /** Without PgBouncer in front: pg_dump keeps a session. */
  databaseUrl: string
  store: ObjectStore
  /** Seals the dump; undefined: it lies there in the clear. */
  key: BackupKey | undefined
  nowMs: () => number
}

/**
 * 1. Open a snapshot, and keep it: the dump and the fingerprints are of the same instant.
 * 2. Dump into the store, and take the fingerprints meanwhile. A dump that fails leaves no object.
 * 3. Write the manifest. Before this there is no backup.
 */
export async function takeBackup(options: TakeOptions): Promise<BackupManifest> {
  const { databaseUrl, store, key, nowMs } = options
  return withSession(databaseUrl, async (sql) => {
    const program = await findProgram('pg_dump', await serverMajor(sql), options)
    await sql.query('begin isolation level repeatable read read only')
    const takenAtMs = nowMs()
    const name = backupName(databaseOf(databaseUrl), takenAtMs)
    const { snapshot, version } = await snapshotOf(sql)
    const dump = startDump(program, databaseUrl, snapshot)
    const body = key === undefined ? dump : dump.compose(sealing(key))
    const [stored, tables] = await Promise.all([
      store.put(dumpKey(name, key !== undefined), body as Readable),
      fingerprint(sql).catch((error: Error) => {
        dump.destroy(error) // nothing is stored without them
        throw error
      }),
    ])
    const manifest: BackupManifest = {
      ...{ name, key: dumpKey(name, key !== undefined), database: databaseOf(databaseUrl) },
      ...{ takenAt: new Date(takenAtMs).toISOString(), finishedAt: new Date(nowMs()).toISOString() },
      ...{ serverVersion: version, ...stored, keyId: key?.id ?? null, tables },
    }
    await writeManifest(store, manifest)
    return manifest
  })
}

async function snapshotOf(sql: Sql): Promise<{ snapshot: string; version: string }> {
  const { rows } = await sql.query<{ snapshot: string; version: string }>(
    "select pg_export_snapshot() as snapshot, current_setting('server_version') as version",
  )
  const [row] = rows
  if (row === undefined) throw new Error('Postgres gave no snapshot')
  return row
}

/** Ends well only where pg_dump does: a stream into S3 does not know its producer's exit code. */
function startDump(program: string, databaseUrl: string, snapshot: string): PassThrough {
  const { url, env } = connectionOf(databaseUrl)
  const args = ['--format=custom', '--compress=gzip:3', `--snapshot=${snapshot}`, `--dbname=${url}`]
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const dump = new PassThrough()
  child.stdout.pipe(dump, { end: false })
  dump.once('close', () => child.kill()) // the store has failed, or all is read
  endWith(child, dump)
  return dump
}

function endWith(child: ChildProcessByStdio<null, Readable, Readable>, dump: PassThrough): void {
  const said: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  child.once('error', (error) => dump.destroy(error))
  child.once('close', (code, signal) => {
    if (code === 0) dump.end()
    else {
      const reason = Buffer.concat(said).toString().trim() || `it ended with ${signal ?? `code ${code}`}`
      dump.destroy(new PipelineError('BACKUP_FAILED', { program: 'pg_dump', reason }))
    }
  })
}
