// The three engines, wherever they come from. What the environment names is used; the rest comes from Docker where its
// daemon runs, else from this machine (Java with Maven, and Postgres from npm). The way taken is always said.
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { composeEngines, dockerRuns } from './compose.ts'
import { localEngines } from './local-engines.ts'
import { SetupError } from './setup-error.ts'

export type Engines = {
  kafkaBrokers: string
  schemaRegistryUrl: string
  /** A role that owns its database and may create roles. */
  databaseUrl: string
  stop(): Promise<void>
}

export type EngineName = 'kafka' | 'registry' | 'postgres'

export type StartedEngines = Partial<Omit<Engines, 'stop'>> & { stop(): Promise<void> }

export type EngineOptions = {
  dataDir: string
  report: (line: string) => void
  /** `fixed` keeps ports in the data folder; `any` is for throw-away data, as in tests. */
  ports?: 'fixed' | 'any'
  /** Throw-away data that is written as durably as in production: for benchmarks. */
  isDurable?: boolean
  /** Start an engine of this machine again when it ends by itself. */
  keepAlive?: boolean
}

export async function startEngines(options: EngineOptions): Promise<Engines> {
  const given = givenEngines()
  const wanted = missing(given)
  for (const [name, url] of Object.entries(given))
    options.report(`${name}: given by the environment, ${host(url)}.`)
  const started =
    wanted.length === 0 ? { stop: () => Promise.resolve() } : await startMissing(wanted, options)
  const { kafkaBrokers, schemaRegistryUrl, databaseUrl, stop } = { ...started, ...given }
  if (!kafkaBrokers || !schemaRegistryUrl || !databaseUrl)
    throw new Error('an engine was started without its address')
  return { kafkaBrokers, schemaRegistryUrl, databaseUrl, stop }
}

function givenEngines(): Partial<Omit<Engines, 'stop'>> {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = process.env
  return {
    ...(KAFKA_BROKERS ? { kafkaBrokers: KAFKA_BROKERS } : {}),
    ...(SCHEMA_REGISTRY_URL ? { schemaRegistryUrl: SCHEMA_REGISTRY_URL } : {}),
    ...(DATABASE_URL ? { databaseUrl: DATABASE_URL } : {}),
  }
}

function missing(given: Partial<Engines>): EngineName[] {
  const names: EngineName[] = []
  if (given.kafkaBrokers === undefined) names.push('kafka')
  if (given.schemaRegistryUrl === undefined) names.push('registry')
  if (given.databaseUrl === undefined) names.push('postgres')
  return names
}

/** Without what may be a secret in it. */
function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}

async function startMissing(wanted: EngineName[], options: EngineOptions): Promise<StartedEngines> {
  const way = await chooseWay()
  options.report(
    `${wanted.join(', ')}: ${way === 'compose' ? 'from docker-compose.yml' : 'run on this machine'}.`,
  )
  if (way === 'compose') return composeEngines(wanted, options)
  const dataDir = resolve(options.dataDir)
  mkdirSync(dataDir, { recursive: true })
  return localEngines(wanted, { ...options, dataDir })
}

async function chooseWay(): Promise<'compose' | 'local'> {
  const forced = process.env.COLDSTREAM_ENGINES
  if (forced === 'compose' || forced === 'local') return forced
  if (forced) throw new SetupError('COLDSTREAM_ENGINES is either `compose` or `local`.')
  return (await dockerRuns()) ? 'compose' : 'local'
}
