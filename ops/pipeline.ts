// The steps of `coldstream start` once the engines run: what prepares them, and the processes of the pipeline.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Engines } from '../infra/local/engines.ts'
import { migrate } from '../infra/migrate.ts'
import { kept } from './kept-text.ts'
import { runCommand } from './run-command.ts'
import type { ProcessSpec } from './supervisor.ts'

export const defaultPorts = { bridge: 8080, api: 3000, process: 29464, sink: 29465, housekeeper: 29466 }

export type PipelinePorts = typeof defaultPorts

export type PipelineContext = {
  dataDir: string
  ports: PipelinePorts
  /** The environment of every step and process. */
  env: NodeJS.ProcessEnv
  report: (line: string) => void
  /** Starts processes beside those that run, and waits until they are ready. */
  startProcesses: (specs: ProcessSpec[]) => Promise<void>
}

export type Step = { title: string; run: (context: PipelineContext) => Promise<unknown> }

export const coldstream = join(import.meta.dirname, 'coldstream.ts')
export const demoConnection = 'demo'

/** A command of ours as a step. */
export const command =
  (...args: string[]) =>
  ({ env }: PipelineContext) =>
    runCommand([coldstream, ...args], env)

type Part = keyof PipelinePorts

const parts =
  (...names: Part[]) =>
  ({ startProcesses, env, ports }: PipelineContext) =>
    startProcesses(
      names.map((name) => ({
        name,
        args: [coldstream, name],
        env,
        isReady: () => answersReady(ports[name]),
      })),
    )

export const prepare: readonly Step[] = [
  { title: 'Topics and schemas', run: command('topics', 'create') },
  { title: 'Migrations', run: ({ env, report }) => migrate(env.DATABASE_URL ?? '', report) },
]

/** Steps that need nothing of each other. */
export const together = (...steps: readonly Step[]): Step => ({
  title: steps.map(({ title }) => title).join('; '),
  run: (context) => Promise.all(steps.map(({ run }) => run(context))),
})

/** What takes uplinks in, what shows the tables, and what works on uplinks: the demo's past is posted before the last. */
export const takeIn: Step = { title: 'Bridge', run: parts('bridge') }
export const show: Step = { title: 'Sink, housekeeper, API', run: parts('sink', 'housekeeper', 'api') }

/** Where the environment names a Storage Integration, what is missing is looked for and asked for. */
const gaps: Step = {
  title: 'Gaps',
  run: ({ startProcesses, env }) =>
    startProcesses([
      {
        name: 'gaps',
        args: [coldstream, 'gaps', '--every', '10', '--fill', '--store'],
        env,
        isReady: async () => true,
      },
    ]),
}

export const workOn: readonly Step[] = [
  { title: 'Processors', run: parts('process') },
  ...(process.env.BRIDGE_STORAGE ? [gaps] : []),
]

export const processNames = ['bridge', 'process', 'sink', 'housekeeper', 'api', 'gaps', 'simulate'] as const

export function pipelineEnv(engines: Engines, ports: PipelinePorts, dataDir: string): NodeJS.ProcessEnv {
  const demoKey = kept(join(dataDir, 'demo-key'), () => randomBytes(24).toString('base64url'))
  const given = process.env.BRIDGE_CONNECTIONS
  return {
    // What the demo listens on is not for the whole network, unless someone says so.
    BRIDGE_HOST: '127.0.0.1',
    API_HOST: '127.0.0.1',
    API_AUTH: 'open',
    ...process.env,
    // One process of each kind: killed and started again, it takes its partitions back at once.
    INSTANCE: process.env.INSTANCE || 'start',
    KAFKA_BROKERS: engines.kafkaBrokers,
    SCHEMA_REGISTRY_URL: engines.schemaRegistryUrl,
    DATABASE_URL: engines.databaseUrl,
    BRIDGE_PORT: String(ports.bridge),
    API_PORT: String(ports.api),
    PROCESS_PORT: String(ports.process),
    SINK_PORT: String(ports.sink),
    HOUSEKEEPER_PORT: String(ports.housekeeper),
    ARCHIVE_URL: process.env.ARCHIVE_URL || join(dataDir, 'archive'),
    BRIDGE_CONNECTIONS: [...(given ? [given] : []), `${demoConnection}=${demoKey}`].join(','),
    SIMULATE_API_KEY: demoKey,
  }
}

/** A port that the environment names is taken as it is. */
export function givenPorts(): Partial<PipelinePorts> {
  const { BRIDGE_PORT, API_PORT, PROCESS_PORT, SINK_PORT, HOUSEKEEPER_PORT } = process.env
  const given = {
    ...{ bridge: BRIDGE_PORT, api: API_PORT, process: PROCESS_PORT, sink: SINK_PORT },
    housekeeper: HOUSEKEEPER_PORT,
  }
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
