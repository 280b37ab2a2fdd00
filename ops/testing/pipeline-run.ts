// One whole pipeline for a test: bridge, process and sink as processes of their own over fresh topics and a fresh
// database, fed by the simulator, and killed on request.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { digest, type TableDigest } from '../digest.ts'
import { runCommand } from '../run-command.ts'

const coldstream = join(import.meta.dirname, '../coldstream.ts')
const apiKey = 'a-key-for-this-test-only'

export type Part = 'bridge' | 'process' | 'sink'
const allParts: readonly Part[] = ['bridge', 'process', 'sink']

export type Addresses = {
  kafkaBrokers: string
  schemaRegistryUrl: string
  databaseUrl: string
  prefix: string
}

export type RunOptions = {
  /** Which processes run; all of them, if not given. */
  parts?: readonly Part[]
  /** More of the environment, for all of them. */
  env?: NodeJS.ProcessEnv
  /** A fleet file instead of the demo's. */
  fleet?: string
}

export type PipelineRun = {
  /** What its processes get. */
  readonly env: NodeJS.ProcessEnv
  readonly db: Postgres
  /** Runs the simulator over the span, at so many simulated seconds a second; resolves when all is posted. */
  simulate(options: { from: string; to: string; speed: string }): Promise<unknown>
  /** kill -9, and at once another one. */
  killAndRestart(part: Part): Promise<void>
  /** Sends a signal to the part's process. */
  signal(part: Part, signal: NodeJS.Signals): void
  /** One more process of the kind, beside the run's own. */
  startAnother(part: Part, env: NodeJS.ProcessEnv): ChildProcess
  /** Runs a command of ours in the run's environment: what it printed. Rejects where it fails. */
  command(...args: string[]): Promise<string>
  digest(): Promise<TableDigest[]>
  /** Until there is something, and nothing changes any more for `quietMs`. */
  settled(quietMs: number): Promise<TableDigest[]>
  stop(): Promise<void>
}

export async function startPipelineRun(addresses: Addresses, options: RunOptions = {}): Promise<PipelineRun> {
  const { parts = allParts, fleet = join(import.meta.dirname, '../fleet/demo-fleet.yaml') } = options
  const port = await freePort()
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    KAFKA_BROKERS: addresses.kafkaBrokers,
    SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
    DATABASE_URL: addresses.databaseUrl,
    TOPIC_PREFIX: addresses.prefix,
    TOPIC_PARTITIONS: '3',
    BRIDGE_HOST: '127.0.0.1',
    BRIDGE_PORT: String(port),
    // Any free port, whatever the shell of the person who tests has set.
    PROCESS_PORT: '0',
    SINK_PORT: '0',
    BRIDGE_CONNECTIONS: `demo=${apiKey}`,
    SIMULATE_API_KEY: apiKey,
    // The test's uplinks lie in the past; only they move the clock, so two runs end at the same instant.
    CLOCK: 'events',
    // A member of the same name takes its partitions back at once.
    INSTANCE: 'only',
    LOG_LEVEL: 'warn',
    ...options.env,
  }
  const children = new Map<Part, ChildProcess>()
  const others: ChildProcess[] = []
  const launch = (part: Part, more: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [coldstream, part], {
      env: { ...env, ...more },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const start = (part: Part) => children.set(part, launch(part))
  await runCommand([coldstream, 'topics', 'create'], env)
  await runCommand([coldstream, 'fleet', 'apply', '--yes', fleet], env)
  for (const part of parts) start(part)
  // A test may end the database under it.
  const db = openPostgres(addresses.databaseUrl, { connectionsMax: 1 })
  const end = async (part: Part, signal: NodeJS.Signals) => endChild(children.get(part), signal)
  const run: PipelineRun = {
    env,
    db,
    simulate: ({ from, to, speed }) => {
      const span = ['--from', from, '--to', to, '--anchor', to, '--speed', speed]
      return runCommand([coldstream, 'simulate', '--url', `http://127.0.0.1:${port}`, ...span], env)
    },
    async killAndRestart(part) {
      await end(part, 'SIGKILL')
      start(part)
    },
    signal: (part, signal) => void children.get(part)?.kill(signal),
    startAnother(part, more) {
      const child = launch(part, more)
      others.push(child)
      return child
    },
    command: (...args) => runCommand([coldstream, ...args], env),
    digest: () => digest(db, { without: ['received_at'] }),
    async settled(quietMs) {
      let last = await run.digest()
      for (let quietSinceMs = performance.now(); performance.now() - quietSinceMs < quietMs; ) {
        await sleep(250)
        const now = await run.digest()
        // Before the first row it is still on its way up.
        const isEmpty = now.every(({ rows }) => rows === 0)
        if (isEmpty || JSON.stringify(now) !== JSON.stringify(last)) quietSinceMs = performance.now()
        last = now
      }
      return last
    },
    async stop() {
      await Promise.all([...children.values(), ...others].map((child) => endChild(child, 'SIGTERM')))
      await db.end()
    },
  }
  return run
}

const END_WITHIN_MS = 20_000

/** A child that is frozen is woken, so that it can end. One that does not end must not outlive the test. */
async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  child.kill('SIGCONT')
  const killing = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
  await exited
  clearTimeout(killing)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
