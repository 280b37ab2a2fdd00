// `coldstream sink`: the sink alone, configured by the environment, until it is told to end.
import type { Command } from 'commander'
import { keysOf, readConfig } from '../infra/config.ts'
import { runSink } from '../sinks/main.ts'

export function sinkCommand(program: Command): void {
  program
    .command('sink')
    .description('write the topics into Postgres, exactly once (settings: SINK_*, see README)')
    .action(async () => {
      const sink = await runSink(readConfig(keysOf('sink')))
      process.stderr.write(`The sink runs; /health and /metrics are on port ${sink.port}.\n`)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sink.close())
      await sink.ended
    })
}
