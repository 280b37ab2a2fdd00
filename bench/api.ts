// The API under load, beside PostGraphile on the same questions and the same database: two years of a fleet, each server a
// process of its own, driven by autocannon. PostGraphile is fetched into a folder of its own for the run. With `--data FOLDER`
// the filled database is kept there for the next run; `--only TEXT` asks the questions with it in their name; `--profile FOLDER`
// leaves a CPU profile of our server.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon, { type Result } from 'autocannon'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
import { createKey } from '../ops/api-keys.ts'
import { type Fleet, fillFleet, planFleet, vacuumFleet } from './api-data.ts'
import { type ApiQuestion, type Asked, apiQuestions } from './api-questions.ts'

/** Of latency: the slow questions come to hundreds of answers, so that a p99 is none of the first. */
const LATENCY_SECONDS = 10
const SECONDS = 3
const WARM_UP_SECONDS = 3
/** Latency as one reader feels it, or so many as are told; throughput as many do. */
const MANY = 16

const report = (line: string): void => void process.stderr.write(`${line}\n`)
const print = (line = ''): void => void process.stdout.write(`${line}\n`)

export async function run(options: Record<string, string>): Promise<void> {
  if (options.data !== undefined) return measureIn(resolve(options.data), options)
  await removeAbandonedScratches()
  const scratch = openScratch()
  try {
    await measureIn(scratch.dir, options)
  } finally {
    await scratch.remove()
  }
}

async function measureIn(dir: string, options: Record<string, string>): Promise<void> {
  const fleet = planFleet(Number(options.units ?? 1_000), Number(options.rows ?? 2_000_000))
  mkdirSync(dir, { recursive: true })
  const engines = await localEngines(['postgres'], { dataDir: dir, report, ports: 'any' })
  const { databaseUrl = '' } = engines
  try {
    await migrate(databaseUrl)
    const key = await filled(databaseUrl, fleet, join(dir, 'fleet.json'))
    const postgresMs = () => serverMs(join(dir, 'postgres/data/postmaster.pid'))
    const questions = apiQuestions(fleet).filter(({ name }) => name.includes(options.only ?? ''))
    const readers = Number(options.readers ?? 1)
    const shared = { questions, readers, postgresMs }
    const ours = await measured(() => startOurs(databaseUrl, key, options.profile), 'ours', shared)
    const theirs = options.alone
      ? undefined
      : await measured(() => startTheirs(databaseUrl, join(dir, 'postgraphile')), 'theirs', shared)
    print(
      `${readers} at a time for p50 and p99, ${MANY} for queries a second; PostGraphile ${postgraphileVersion} in brackets`,
    )
    tell(questions, ours, theirs)
  } finally {
    await engines.stop()
  }
}

/** A key to ask with. What has been filled once is there: `mark` says with what. */
async function filled(databaseUrl: string, fleet: Fleet, mark: string): Promise<string> {
  const db = openPostgres(databaseUrl, { connectionsMax: 2, statementTimeoutMs: 0 })
  try {
    const plan = JSON.stringify(fleet)
    if (!existsSync(mark)) {
      await fillFleet(db, fleet, report)
      await vacuumFleet(databaseUrl)
      writeFileSync(mark, plan)
    } else if (readFileSync(mark, 'utf8') !== plan)
      throw new Error(`${mark} is of another fleet: give the same --units and --rows, or another folder.`)
    return await createKey(db, { organization: 'bench', name: 'bench', role: 'viewer', days: null })
  } finally {
    await db.end()
  }
}

type Server = { url: string; child: ChildProcess; headers: Record<string, string> }
type Figures = { few: Result; many: Result; bytes: number; cpuMs: number; databaseMs: number }

type Measuring = { questions: readonly ApiQuestion[]; readers: number; postgresMs: () => number }

async function measured(
  start: () => Promise<Server>,
  side: 'ours' | 'theirs',
  { questions, readers, postgresMs }: Measuring,
): Promise<Map<string, Figures>> {
  const server = await start()
  const figures = new Map<string, Figures>()
  try {
    for (const question of questions) {
      const ask = question[side]
      if (ask === null) continue
      const bytes = await answerOf(server, ask(0))
      await load(server, ask, readers, WARM_UP_SECONDS)
      const few = await load(server, ask, readers, LATENCY_SECONDS)
      if (few.non2xx > 0) throw new Error(`${few.non2xx} answers of ${question.name} were refused.`)
      const before = [cpuMs(server.child.pid), postgresMs()] as const
      const many = await load(server, ask, MANY, SECONDS)
      figures.set(question.name, {
        ...{ few, many, bytes },
        cpuMs: (cpuMs(server.child.pid) - before[0]) / many.requests.total,
        databaseMs: (postgresMs() - before[1]) / many.requests.total,
      })
      report(
        `${side}: ${question.name}: p99 ${few.latency.p99} ms, ${Math.round(many.requests.average)} a second`,
      )
    }
  } finally {
    server.child.kill()
    await once(server.child, 'exit')
  }
  return figures
}

/** A question that is answered with an error would be fast. */
async function answerOf({ url, headers }: Server, asked: Asked): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) })
  const text = await response.text()
  if (response.status !== 200 || text.includes('"errors"'))
    throw new Error(`${response.status}: ${text.slice(0, 500)}`)
  return text.length
}

function load(
  { url, headers }: Server,
  ask: (index: number) => Asked,
  connections: number,
  duration: number,
): Promise<Result> {
  let index = 0
  const setupRequest = (request: object) => ({ ...request, body: JSON.stringify(ask(index++)) })
  return autocannon({ url, connections, duration, method: 'POST', headers, requests: [{ setupRequest }] })
}

function tell(
  questions: readonly ApiQuestion[],
  ours: ReadonlyMap<string, Figures>,
  theirs: ReadonlyMap<string, Figures> | undefined,
): void {
  print()
  for (const { name, p99MsMax } of questions) {
    const [us, them] = [ours.get(name), theirs?.get(name)]
    if (us === undefined) continue
    const shown = (value: number, digits: number) =>
      Number.isFinite(value) ? value.toFixed(digits) : 'none in time'
    const beside = (of: (figures: Figures) => number, digits = 0) =>
      `${shown(of(us), digits)}${them ? ` (${shown(of(them), digits)})` : ''}`
    const latency = (result: Result, of: 'p50' | 'p99') =>
      result.requests.total === 0 ? Number.NaN : result.latency[of]
    const verdict =
      p99MsMax === null
        ? ''
        : us.few.latency.p99 <= p99MsMax
          ? `, under ${p99MsMax}`
          : `, NOT under ${p99MsMax}`
    print(name)
    print(
      `  p50 ${beside(({ few }) => latency(few, 'p50'))} ms, p99 ${beside(({ few }) => latency(few, 'p99'))} ms${verdict}; ` +
        `${beside(({ many }) => many.requests.average)} a second; CPU ${beside((figures) => figures.cpuMs, 2)} ms of the server, ` +
        `${beside((figures) => figures.databaseMs, 2)} ms of Postgres each; ${beside(({ bytes }) => bytes / 1_024)} kB`,
    )
  }
}

async function startOurs(databaseUrl: string, key: string, profile: string | undefined): Promise<Server> {
  const port = await freePort()
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`]
  const program = resolve(import.meta.dirname, '../ops/coldstream.ts')
  const child = spawn(process.execPath, [...profiling, program, 'api'], {
    env: {
      PATH: dirname(process.execPath),
      DATABASE_URL: databaseUrl,
      DATABASE_PREPARED_STATEMENTS: 'true',
      API_HOST: '127.0.0.1',
      API_PORT: String(port),
      API_AUTH: 'required',
      API_RATE_MAX: '0',
      LOG_LEVEL: 'error',
      NODE_ENV: 'production',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await ready(`http://127.0.0.1:${port}/health/ready`)
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  return { url: `http://127.0.0.1:${port}/graphql`, child, headers }
}

const postgraphileVersion = '5.1.5'

async function startTheirs(databaseUrl: string, folder: string): Promise<Server> {
  fetchTheirs(folder)
  const port = await freePort()
  writeFileSync(join(folder, 'graphile.config.mjs'), presetOf(databaseUrl, port))
  const child = spawn(process.execPath, [join(folder, 'node_modules/postgraphile/dist/cli-run.js')], {
    cwd: folder,
    env: { PATH: dirname(process.execPath), NODE_ENV: 'production', GRAPHILE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await ready(`http://127.0.0.1:${port}/graphql`)
  return { url: `http://127.0.0.1:${port}/graphql`, child, headers: { 'content-type': 'application/json' } }
}

function fetchTheirs(folder: string): void {
  if (existsSync(join(folder, 'node_modules/postgraphile/dist/cli-run.js'))) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  report('fetching PostGraphile')
  execFileSync(
    'npm',
    [
      ...['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder],
      ...[`postgraphile@${postgraphileVersion}`, 'postgraphile-plugin-connection-filter@4.0.1'],
    ],
    { stdio: 'ignore' },
  )
}

/** As its manual says for production, with the plugin without which it has no ranges; as the owner of the tables. */
const presetOf = (databaseUrl: string, port: number) => `
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makeV4Preset } from 'postgraphile/presets/v4'
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter'
export default {
  extends: [PostGraphileAmberPreset, makeV4Preset({ simpleCollections: 'omit' }), PostGraphileConnectionFilterPreset],
  pgServices: [makePgService({ connectionString: ${JSON.stringify(databaseUrl)}, schemas: ['public'] })],
  grafserv: { port: ${port}, host: '127.0.0.1', graphqlPath: '/graphql', graphiql: false, watch: false },
  grafast: { explain: false },
}
`

async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(url).catch(() => null)
    if (answer !== null) return
    if (tries > 600) throw new Error(`${url} does not answer.`)
    await sleep(100)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

/** User and system time so far, threads included, in ticks of 10 ms. */
const spentMs = (stat: readonly string[]): number => (Number(stat[11]) + Number(stat[12])) * 10
const cpuMs = (pid: number | undefined): number => spentMs(statOf(pid))

/** From its state on, what the kernel says of a process; nothing of one that has gone. */
function statOf(pid: number | string | undefined): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** The same of all processes of a Postgres that there are. */
function serverMs(pidFile: string): number {
  const [parent] = readFileSync(pidFile, 'utf8').split('\n')
  return readdirSync('/proc')
    .map(statOf)
    .filter((stat) => stat[1] === parent)
    .reduce((sum, stat) => sum + spentMs(stat), 0)
}
