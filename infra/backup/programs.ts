// pg_dump and pg_restore of the server's own major version: an older one refuses the server, and what a newer one writes
// an older server does not take.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../../schemas/failure.ts'
import { clientEnvironment, FETCHED_MAJOR, fetchPostgresTools } from '../local/postgres-tools.ts'
import type { Sql } from '../postgres.ts'

export type ProgramName = 'pg_dump' | 'pg_restore' | 'pg_basebackup'

export type ProgramOptions = {
  /** Where they lie, if somebody said so: then nowhere else. */
  programsDir: string
  report: (line: string) => void
}

export async function serverMajor(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  )
  return Math.floor((rows[0]?.version ?? 0) / 10_000)
}

/** The program's path: from the folder that was named, from PATH, from Debian's own place, or fetched. */
export async function findProgram(
  name: ProgramName,
  major: number,
  { programsDir, report }: ProgramOptions,
): Promise<string> {
  const places = programsDir === '' ? [name, `/usr/lib/postgresql/${major}/bin/${name}`] : []
  const candidates = programsDir === '' ? places : [join(programsDir, name)]
  for (const path of candidates) if ((await majorOf(path)) === major) return path
  if (programsDir === '' && major === FETCHED_MAJOR) {
    const fetched = await fetchPostgresTools(report).catch((error: Error) => error)
    if (typeof fetched === 'string') return join(fetched, name)
    throw notFound(name, major, programsDir, fetched.message)
  }
  throw notFound(name, major, programsDir)
}

async function majorOf(path: string): Promise<number | undefined> {
  if (path.startsWith('/') && !existsSync(path)) return undefined
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'])
    return Number(/PostgreSQL\) (\d+)/.exec(stdout)?.[1])
  } catch {
    return undefined // not there
  }
}

function notFound(name: string, major: number, programsDir: string, tried = ''): PipelineError {
  const where = programsDir === '' ? 'on PATH or under /usr/lib/postgresql' : `in ${programsDir}`
  return new PipelineError('BACKUP_IMPOSSIBLE', {
    reason:
      `the server is Postgres ${major}, and there is no ${name} of that version ${where}. Install postgresql-client-${major}, ` +
      `or set BACKUP_PROGRAMS_DIR to the folder that holds it${tried === '' ? '' : `. ${tried}`}`,
  })
}

/** How a program reaches the database: its password goes by the environment, where `ps` does not show it. */
export function connectionOf(databaseUrl: string): { url: string; env: NodeJS.ProcessEnv } {
  const url = new URL(databaseUrl)
  const password = decodeURIComponent(url.password)
  url.password = ''
  return { url: url.href, env: clientEnvironment(password) }
}

export function withDatabase(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

export function databaseOf(databaseUrl: string): string {
  return decodeURIComponent(new URL(databaseUrl).pathname.slice(1))
}
