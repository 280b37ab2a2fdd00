// Migrations: numbered SQL files, forward only, each once and in a transaction. Any number of processes may start
// at once: they take turns. Needs the direct URL where PgBouncer is in front.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PipelineError } from '../schemas/failure.ts'
import { type Sql, withSession } from './postgres.ts'

type Migration = { version: number; file: string; sql: string; checksum: string }
type Applied = { version: number; file: string; checksum: string }

const LOCK = 20_260_301_01
const defaultDir = join(import.meta.dirname, 'migrations')

/** Applies what is missing and returns the files it applied, in order. */
export async function migrate(
  databaseUrl: string,
  report: (line: string) => void = () => {},
  dir: string = defaultDir,
): Promise<string[]> {
  const migrations = readMigrations(dir)
  return withSession(databaseUrl, async (sql) => {
    const done: string[] = []
    for (;;) {
      const file = await applyNext(sql, migrations)
      if (file === undefined) return done
      report(`Applied migration ${file}.`)
      done.push(file)
    }
  })
}

/** Files are `0001_name.sql`, without gaps; a checksum does not depend on the line ends of a checkout. */
export function readMigrations(dir: string): Migration[] {
  const files = readdirSync(dir)
    .filter((file) => file.endsWith('.sql'))
    .sort()
  return files.map((file, index) => {
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1])
    if (version !== index + 1)
      throw refused(`${file} should start with ${String(index + 1).padStart(4, '0')}_: one number a file`)
    const sql = readFileSync(join(dir, file), 'utf8').replaceAll('\r\n', '\n')
    return { version, file, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

/**
 * 1. Take the lock: it ends with the transaction, so a killed process holds nobody up.
 * 2. Compare what the database has with the files; another process may just have applied some.
 * 3. Apply the first that is missing, and write down that it was.
 */
async function applyNext(sql: Sql, migrations: readonly Migration[]): Promise<string | undefined> {
  await sql.query('begin')
  try {
    await sql.query('select pg_advisory_xact_lock($1)', [LOCK])
    const applied = await readApplied(sql)
    checkApplied(applied, migrations)
    const next = migrations[applied.length]
    if (next !== undefined) await apply(sql, next)
    await sql.query('commit')
    return next?.file
  } catch (error) {
    await sql.query('rollback').catch(() => {}) // where the connection is lost, so is the transaction
    throw error
  }
}

async function readApplied(sql: Sql): Promise<Applied[]> {
  await sql.query(`create table if not exists schema_migrations (
    version integer primary key,
    file text not null,
    checksum text not null,
    applied_at timestamptz(3) not null default now()
  )`)
  return (await sql.query<Applied>('select version, file, checksum from schema_migrations order by version'))
    .rows
}

function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [index, { version, file, checksum }] of applied.entries()) {
    const known = migrations[index]
    if (known?.version !== version)
      throw refused(
        `the database has ${file}, which this version of coldstream does not know: use a newer one`,
      )
    if (known.checksum !== checksum)
      throw refused(
        `${known.file} was changed after the database had applied it: restore the file, and put the change into a new one`,
      )
  }
}

async function apply(sql: Sql, { version, file, sql: text, checksum }: Migration): Promise<void> {
  try {
    await sql.query(text)
  } catch (error) {
    const { message, position } = error as Error & { position?: string }
    const line = position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`
    throw refused(`${file}${line}: ${message}`, error)
  }
  await sql.query('insert into schema_migrations (version, file, checksum) values ($1, $2, $3)', [
    version,
    file,
    checksum,
  ])
}

const refused = (reason: string, cause?: unknown) => new PipelineError('MIGRATION_REFUSED', { reason }, cause)
