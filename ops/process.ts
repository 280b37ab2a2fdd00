// `coldstream process`: the stages alone, configured by the environment, until it is told to end. Start several: they
// share the partitions.
import type { Command } from 'commander'
import { keysOf, readConfig } from '../infra/config.ts'
import { runProcess } from '../topology/main.ts'
import { topologyDefaults, topologyOf } from '../topology/topology.ts'
import { endSignal } from './end-signal.ts'

export function processCommand(program: Command): void {
  program
    .command('process')
    .description(
      'run the stages: uplinks to readings, readings to episodes and rollups (settings: see README)',
    )
    .action(async () => {
      const config = readConfig(keysOf('process'))
      const topology = topologyOf({
        ...topologyDefaults,
        graceMs: config.GRACE,
        clockAheadMs: config.CLOCK_AHEAD,
        retentionMonths: config.RETENTION_MONTHS,
      })
      const running = await runProcess(config, topology)
      process.stderr.write(
        `The process serves /health, /health/ready and /metrics on port ${running.port}.\n`,
      )
      await Promise.race([endSignal(), running.finished])
      await running.close()
    })
}
