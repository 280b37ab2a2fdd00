// One set of engines for all e2e files: in containers where a Docker daemon runs, else on this machine, on ports and data
// of their own that are gone afterwards. COLDSTREAM_TEST_ENGINES=<engines.json> uses engines that run already.
import { readFileSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { dockerRuns } from '../local/compose.ts'
import { type Engines, startEngines } from '../local/engines.ts'
import { startContainers } from './containers.ts'
import { openScratch, removeAbandonedScratches } from './scratch.ts'

/** `databaseDirectUrl`: where `databaseUrl` goes through PgBouncer (infra/pgbouncer.e2e.test.ts runs tests that way). */
export type EngineAddresses = Omit<Engines, 'stop'> & { databaseDirectUrl?: string }

declare module 'vitest' {
  export interface ProvidedContext {
    engines: EngineAddresses
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = process.env.COLDSTREAM_TEST_ENGINES
  if (shared) {
    project.provide('engines', JSON.parse(readFileSync(shared, 'utf8')) as EngineAddresses)
    return () => Promise.resolve()
  }
  const { stop, ...addresses } = await start()
  project.provide('engines', addresses)
  return stop
}

async function start(): Promise<Engines> {
  const report = (line: string) => process.stderr.write(`engines: ${line}\n`)
  if (process.env.COLDSTREAM_ENGINES !== 'local' && (await dockerRuns())) return startContainers(report)
  await removeAbandonedScratches()
  const scratch = openScratch()
  try {
    const engines = await startEngines({ dataDir: scratch.dir, report, ports: 'any' })
    return { ...engines, stop: () => engines.stop().then(scratch.remove) }
  } catch (error) {
    await scratch.remove()
    throw error
  }
}
