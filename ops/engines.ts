// `coldstream engines start|stop`: engines that outlive the command, for developing. Their addresses are written to
// `engines.json` in the data folder; COLDSTREAM_TEST_ENGINES=<that file> lets the tests use them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { startEngines } from '../infra/local/engines.ts'
import { stopLeftEngines } from '../infra/local/local-engines.ts'

type Options = { dataDir: string; report: (line: string) => void }

export async function startKeptEngines({ dataDir, report }: Options): Promise<void> {
  const { kafkaBrokers, schemaRegistryUrl, databaseUrl } = await startEngines({ dataDir, report })
  const path = join(resolve(dataDir), 'engines.json')
  mkdirSync(resolve(dataDir), { recursive: true })
  const addresses = JSON.stringify({ kafkaBrokers, schemaRegistryUrl, databaseUrl }, null, 2)
  writeFileSync(path, `${addresses}\n`, { mode: 0o600 })
  report(`Their addresses are in ${path}.`)
}

export async function stopKeptEngines({ dataDir, report }: Options): Promise<void> {
  const stopped = await stopLeftEngines(resolve(dataDir))
  rmSync(join(resolve(dataDir), 'engines.json'), { force: true })
  report(stopped.length === 0 ? `Nothing runs in ${resolve(dataDir)}.` : `Stopped ${stopped.join(', ')}.`)
}

export function enginesCommand(program: Command): void {
  const engines = program
    .command('engines')
    .description('Kafka, registry and Postgres that outlive the command')
  const report = (line: string) => process.stderr.write(`${line}\n`)
  for (const [name, run] of [
    ['start', startKeptEngines],
    ['stop', stopKeptEngines],
  ] as const) {
    engines
      .command(name)
      .option('--data-dir <folder>', 'where their data is', '.coldstream')
      .action(async ({ dataDir }: { dataDir: string }) => {
        await run({ dataDir, report })
        process.exit(0) // the engines go on by themselves
      })
  }
}
