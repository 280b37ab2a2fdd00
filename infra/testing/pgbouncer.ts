// PgBouncer in transaction mode in front of the tests' Postgres, as production has it.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { anyPorts } from '../local/ports.ts'
import { unprivilegedUser } from '../local/unprivileged.ts'
import { canHave, debianProgram } from './debian-program.ts'

const names = ['pgbouncer']
const missing =
  'The tests through PgBouncer need it: Debian/Ubuntu `apt-get install pgbouncer`, macOS `brew install pgbouncer`.'

export const hasPgBouncer = canHave(names)
if (!hasPgBouncer) process.stderr.write(`${missing}\n`)

export type PgBouncer = {
  /** Of 1.18 the settings for named statements are not known. */
  version: [major: number, minor: number]
  /** The same database, by way of it. */
  urlOf: (databaseUrl: string) => string
  /** One of its own statistics, such as `SHOW POOLS`. */
  show: (what: string) => Promise<Record<string, unknown>[]>
  stop: () => Promise<void>
}

/** The figures of reference: 20 server connections, 100 clients, statements of 30 s. */
const settings = {
  listen_addr: '127.0.0.1',
  unix_socket_dir: '',
  pool_mode: 'transaction',
  default_pool_size: 20,
  max_client_conn: 100,
  query_timeout: 30,
  query_wait_timeout: 120,
  server_idle_timeout: 5,
  auth_type: 'plain',
  admin_users: 'postgres',
  // A refused parameter would be noticed here; nothing is ignored.
  ignore_startup_parameters: '',
}

export async function startPgBouncer(
  postgresUrl: string,
  options: { poolSize?: number } = {},
): Promise<PgBouncer> {
  const program = await debianProgram(names, 'pgbouncer', missing)
  const version = await versionOf(program)
  const { hostname, port: postgresPort, username, password } = new URL(postgresUrl)
  const { postgres: port } = await anyPorts()
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-pgbouncer-'))
  chmodSync(dir, 0o755)
  const named = version[0] > 1 || version[1] >= 21 ? { max_prepared_statements: 200 } : {}
  const files = { auth_file: join(dir, 'users'), logfile: join(dir, 'log'), listen_port: port }
  const all = { ...settings, ...named, ...files, default_pool_size: options.poolSize ?? 20 }
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`)
  writeFileSync(
    join(dir, 'ini'),
    `[databases]\n* = host=${hostname} port=${postgresPort}\n[pgbouncer]\n${lines.join('\n')}\n`,
  )
  writeFileSync(join(dir, 'users'), `"${username}" "${decodeURIComponent(password)}"\n`, { mode: 0o644 })
  writeFileSync(join(dir, 'log'), '', { mode: 0o666 })
  chmodSync(join(dir, 'log'), 0o666)
  const user = unprivilegedUser() // it refuses to run as root, as Postgres does
  const as = user === undefined ? {} : { uid: user.uid, gid: user.gid }
  const child = spawn(program, ['-q', join(dir, 'ini')], { stdio: 'ignore', cwd: '/', ...as })
  const urlOf = (url: string) => {
    const through = new URL(url)
    through.host = `127.0.0.1:${port}`
    return through.href
  }
  const stop = () => end(child).finally(() => rmSync(dir, { recursive: true, force: true }))
  const show = (what: string) => ask(urlOf(postgresUrl), what)
  await untilItAnswers(() => show('SHOW VERSION'), child, join(dir, 'log')).catch(async (error) => {
    await stop()
    throw error
  })
  return { version, urlOf, show, stop }
}

async function versionOf(program: string): Promise<[number, number]> {
  const { stdout } = await promisify(execFile)(program, ['--version'])
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? []
  return [Number(major), Number(minor)]
}

async function ask(url: string, what: string): Promise<Record<string, unknown>[]> {
  const admin = new URL(url)
  admin.pathname = '/pgbouncer'
  const client = new pg.Client({ connectionString: admin.href, connectionTimeoutMillis: 2_000 })
  await client.connect()
  try {
    return (await client.query(what)).rows
  } finally {
    await client.end()
  }
}

async function untilItAnswers(
  question: () => Promise<unknown>,
  child: ChildProcess,
  log: string,
): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  for (;;) {
    try {
      await question()
      return
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadlineMs)
        throw new Error(`PgBouncer did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`, {
          cause: error,
        })
      await sleep(50)
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  await ended
}
