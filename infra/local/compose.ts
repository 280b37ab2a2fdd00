// The engines of docker-compose.yml, for machines where a Docker daemon runs.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { EngineName, EngineOptions, StartedEngines } from './engines.ts'
import { requireBackwardCompatibility } from './registry.ts'
import { SetupError } from './setup-error.ts'

const run = promisify(execFile)
const composeFile = resolve(import.meta.dirname, '../../docker-compose.yml')

export async function dockerRuns(): Promise<boolean> {
  try {
    await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 })
    return true
  } catch {
    return false // no command, no daemon, or no permission to speak to it
  }
}

/** The addresses under which docker-compose.yml publishes its engines on this machine. */
export const published = () => ({
  kafka: { kafkaBrokers: '127.0.0.1:29092' },
  registry: { schemaRegistryUrl: 'http://127.0.0.1:28081/apis/ccompat/v7' },
  postgres: {
    databaseUrl: `postgres://postgres:${process.env.POSTGRES_PASSWORD || 'coldstream'}@127.0.0.1:25432/coldstream`,
  },
})

export async function composeEngines(
  wanted: EngineName[],
  { report }: EngineOptions,
): Promise<StartedEngines> {
  report(`docker compose up ${wanted.join(' ')} (the first time fetches the images) …`)
  await compose('up', '--detach', '--wait', ...wanted)
  if (wanted.includes('registry')) await requireBackwardCompatibility(28081)
  return {
    ...Object.assign({}, ...wanted.map((name) => published()[name])),
    stop: () => compose('stop', ...wanted),
  }
}

async function compose(...args: string[]): Promise<void> {
  try {
    await run('docker', ['compose', '--file', composeFile, ...args], { maxBuffer: 64 << 20 })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(
      `\`docker compose ${args.join(' ')}\` failed:\n${(stderr || message).trimEnd()}\n` +
        'Set COLDSTREAM_ENGINES=local to run the engines without Docker (Java 17 and Maven needed).',
    )
  }
}
