// What `coldstream start` does once the engines run, in order: the steps that prepare them, the processes of the pipeline,
// and the demo. Add a step or a process here; start.ts and supervisor.ts do not change for it.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engines } from '../infra/local/engines.ts'
import { migrate } from '../infra/migrate.ts'
import { runCommand } from './run-command.ts'
import type { ProcessSpec } from './supervisor.ts'

export const defaultPorts = { bridge: 8080, api: 3000, process: 29464, sink: 29465 }

export type PipelinePorts = typeof defaultPorts

export type PipelineContext = {
  dataDir: string
  ports: PipelinePorts
  /** The environment of every step and process. */
  env: NodeJS.ProcessEnv
  report: (line: string) => void
}

export type Step = { title: string; run: (context: PipelineContext) => Promise<unknown> }

export const coldstream = join(import.meta.dirname, 'coldstream.ts')
const demoFleet = join(import.meta.dirname, 'fleet/demo-fleet.yaml')
const demoConnection = 'demo'
const demoPastMs = 48 * 3_600_000

const command =
  (...args: string[]) =>
  ({ env }: PipelineContext) =>
    runCommand([coldstream, ...args], env)

export const preparations: readonly Step[] = [
  { title: 'Topics and schemas', run: command('topics', 'create') },
  { title: 'Migrations', run: ({ env, report }) => migrate(env.DATABASE_URL ?? '', report) },
]

export const demoPreparations: readonly Step[] = [
  { title: 'Demo fleet', run: command('fleet', 'apply', demoFleet) },
]

export const processNames = ['bridge', 'process', 'sink', 'api', 'simulate'] as const

export function pipelineProcesses({ env, ports }: PipelineContext): ProcessSpec[] {
  return (['bridge', 'process', 'sink', 'api'] as const).map((name) => ({
    name,
    args: [coldstream, name],
    env,
    isReady: () => answersReady(ports[name]),
  }))
}

/**
 * Posts to the bridge like a network server: from two days before the first start up to now, and then live. A later start
 * posts the same again, since it begins at the same instant with the same seed: copies change nothing.
 */
export function demoProcesses({ env, ports, dataDir }: PipelineContext): ProcessSpec[] {
  const anchor = kept(join(dataDir, 'demo-anchor'), () => new Date().toISOString())
  const from = new Date(Date.parse(anchor) - demoPastMs).toISOString()
  const url = `http://127.0.0.1:${ports.bridge}`
  return [
    {
      name: 'simulate',
      args: [
        ...[coldstream, 'simulate', '--url', url, '--connection', demoConnection],
        ...['--from', from, '--anchor', anchor, '--live'],
      ],
      env,
      isReady: () => Promise.resolve(true),
    },
  ]
}

export function pipelineEnv(engines: Engines, ports: PipelinePorts, dataDir: string): NodeJS.ProcessEnv {
  const demoKey = kept(join(dataDir, 'demo-key'), () => randomBytes(24).toString('base64url'))
  const given = process.env.BRIDGE_CONNECTIONS
  return {
    // What the demo listens on is not for the whole network, unless someone says so.
    BRIDGE_HOST: '127.0.0.1',
    API_HOST: '127.0.0.1',
    ...process.env,
    KAFKA_BROKERS: engines.kafkaBrokers,
    SCHEMA_REGISTRY_URL: engines.schemaRegistryUrl,
    DATABASE_URL: engines.databaseUrl,
    BRIDGE_PORT: String(ports.bridge),
    API_PORT: String(ports.api),
    PROCESS_PORT: String(ports.process),
    SINK_PORT: String(ports.sink),
    BRIDGE_CONNECTIONS: [...(given ? [given] : []), `${demoConnection}=${demoKey}`].join(','),
    SIMULATE_API_KEY: demoKey,
  }
}

/** A port that the environment names is taken as it is. */
export function givenPorts(): Partial<PipelinePorts> {
  const { BRIDGE_PORT, API_PORT, PROCESS_PORT, SINK_PORT } = process.env
  const given = { bridge: BRIDGE_PORT, api: API_PORT, process: PROCESS_PORT, sink: SINK_PORT }
  const set = Object.entries(given).filter(([, port]) => port)
  return Object.fromEntries(set.map(([name, port]) => [name, Number(port)]))
}

export function addresses({ ports, dataDir }: PipelineContext): string[] {
  return [
    `Dashboard  http://localhost:${ports.api}/`,
    `GraphiQL   http://localhost:${ports.api}/graphiql`,
    `Bridge     http://localhost:${ports.bridge}/things-stack/<connection>`,
    `Data       ${dataDir} (logs in ${join(dataDir, 'logs')})`,
  ]
}

/** The text of a file, made at the first start and the same ever after. */
function kept(path: string, make: () => string): string {
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, make(), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return readFileSync(path, 'utf8').trim()
}

async function answersReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`, {
      signal: AbortSignal.timeout(2_000),
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false // not listening yet
  }
}
