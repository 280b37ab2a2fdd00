// What an e2e test asks for: the engines of this run, names of its own on Kafka, and databases of its own in Postgres.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import type { EngineAddresses } from './global-setup.ts'

/** Starts with the prefix that no other file has: `t3f9a.`; so topics and groups of two files never meet. */
export function freshPrefix(): string {
  return `t${randomBytes(3).toString('hex')}.`
}

export function testEngines(): EngineAddresses {
  return { ...inject('engines') }
}

/** The same database without PgBouncer, where the tests run through it. */
export function directUrlOf(databaseUrl: string): string {
  const { databaseDirectUrl } = inject('engines')
  if (databaseDirectUrl === undefined) return databaseUrl
  return onServerOf(databaseDirectUrl, new URL(databaseUrl).pathname)
}

export type Migrate = (databaseUrl: string) => Promise<unknown>

const migrationsDir = resolve(import.meta.dirname, '../migrations')
const created: string[] = []

/**
 * A database of this test's own with all migrations applied; its URL. It is dropped after the file's last test, which
 * fails if a session is still open by then. Another `migrate` than the project's (or none: `null`) may be given.
 */
export async function freshDatabase(options: { migrate?: Migrate | null } = {}): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await withAdmin(async (admin) => {
    const template = await templateFor(admin, options.migrate)
    await admin.query(`create database ${name} template ${template}`)
  })
  created.push(name)
  return urlOf(name)
}

/** Named after what it holds, so that a changed migration makes a new one even where engines outlive the run. */
async function templateFor(admin: pg.Client, migrate: Migrate | null | undefined): Promise<string> {
  if (migrate === null) return 'template0'
  const name = `template_${createHash('sha256')
    .update(migrate?.toString() ?? migrationTexts())
    .digest('hex')
    .slice(0, 12)}`
  // Two files may want it at the same moment; cloning one that is being filled fails.
  await admin.query('select pg_advisory_lock(20260301)')
  try {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 0) await makeTemplate(admin, name, migrate ?? (await projectMigrate()))
  } finally {
    await admin.query('select pg_advisory_unlock(20260301)')
  }
  return name
}

async function makeTemplate(admin: pg.Client, name: string, migrate: Migrate): Promise<void> {
  const unfinished = `${name}_unfinished`
  await admin.query(`drop database if exists ${unfinished} with (force)`)
  await admin.query(`create database ${unfinished} template template0`)
  await migrate(directUrlOf(urlOf(unfinished)))
  await endSessions(admin, unfinished)
  await admin.query(`alter database ${unfinished} rename to ${name}`)
}

/** Named at run time: the file is the same for all, but a test of an early slice may run without it. */
async function projectMigrate(): Promise<Migrate> {
  const { migrate }: { migrate: Migrate } = await import(resolve(import.meta.dirname, '../migrate.ts'))
  return migrate
}

function migrationTexts(): string {
  if (!existsSync(migrationsDir)) return ''
  const files = readdirSync(migrationsDir, { recursive: true, encoding: 'utf8' }).sort()
  return files
    .filter((file) => file.endsWith('.sql') || file.endsWith('.ts'))
    .map((file) => `${file}\n${readFileSync(join(migrationsDir, file), 'utf8')}`)
    .join('\n')
}

afterAll(async () => {
  const names = created.splice(0)
  if (names.length === 0) return
  await withAdmin(async (admin) => {
    for (const name of names) await drop(admin, name)
  })
})

async function drop(admin: pg.Client, name: string): Promise<void> {
  // PgBouncer keeps its own sessions; whose they were is not known.
  const isPooled = inject('engines').databaseDirectUrl !== undefined
  const open = isPooled ? 0 : await sessionsLeft(admin, name)
  await admin.query(`drop database ${name} with (force)`)
  if (open > 0)
    throw new Error(`${open} database sessions are still open after the last test: end pools and clients.`)
}

/** A session that was ended a moment ago may still be there. */
async function sessionsLeft(admin: pg.Client, name: string, waitMs = 3_000): Promise<number> {
  const deadlineMs = performance.now() + waitMs
  for (;;) {
    const { rows } = await admin.query(
      "select count(*)::int as open from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
      [name],
    )
    if (rows[0].open === 0 || performance.now() > deadlineMs) return rows[0].open
    await sleep(50)
  }
}

async function endSessions(admin: pg.Client, name: string): Promise<void> {
  const open = await sessionsLeft(admin, name)
  if (open > 0)
    throw new Error(`migrate() left ${open} sessions open: a database in use cannot be a template.`)
}

function urlOf(database: string): string {
  return onServerOf(inject('engines').databaseUrl, `/${database}`)
}

function onServerOf(serverUrl: string, pathname: string): string {
  const url = new URL(serverUrl)
  url.pathname = pathname
  return url.href
}

async function withAdmin<T>(use: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: directUrlOf(urlOf('postgres')) })
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.end()
  }
}
