// `coldstream process`: the stages alone, configured by the environment, until it is told to end. Start several: they
// share the partitions.
import type { Command } from 'commander'
import { type Config, keysOf, readConfig } from '../infra/config.ts'
import type { Topology } from '../topology/define.ts'
import { runProcess } from '../topology/main.ts'
import { topologyDefaults, topologyOf } from '../topology/topology.ts'
import { endSignal } from './end-signal.ts'
import { memberOption, runAsMember, runThreads, threadCount } from './process-threads.ts'

type StageConfig = Pick<Config, 'GRACE' | 'CLOCK_AHEAD' | 'RETENTION_MONTHS'>

export const configuredTopology = (config: StageConfig): Topology =>
  topologyOf({
    ...topologyDefaults,
    graceMs: config.GRACE,
    clockAheadMs: config.CLOCK_AHEAD,
    retentionMonths: config.RETENTION_MONTHS,
  })

export function processCommand(program: Command): void {
  program
    .command('process')
    .description(
      'run the stages: uplinks to readings, readings to episodes and rollups (settings: see README)',
    )
    .option(
      '--threads <n>',
      'so many members of the group in this process, at most one a core',
      threadCount,
      1,
    )
    .addOption(memberOption())
    .action(async ({ threads, member }: { threads: number; member?: true }) => {
      if (member) return runAsMember()
      if (threads > 1) return runThreads(threads)
      const config = readConfig(keysOf('process'))
      const running = await runProcess(config, configuredTopology(config))
      process.stderr.write(
        `The process serves /health, /health/ready and /metrics on port ${running.port}.\n`,
      )
      await Promise.race([endSignal(), running.finished])
      await running.close()
    })
}
