// `coldstream housekeeper`: partitions, retention and whatever else is done on time, until it is told to end.
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { endSignal } from './end-signal.ts'
import { housekeeperConfigKeys, runHousekeeper } from './housekeeper/main.ts'

export function housekeeperCommand(program: Command): void {
  program
    .command('housekeeper')
    .description('make, archive and drop partitions on time (settings: see README)')
    .action(async () => {
      const housekeeper = await runHousekeeper(readConfig(housekeeperConfigKeys))
      process.stderr.write(`The housekeeper runs; /health and /metrics are on port ${housekeeper.port}.\n`)
      await endSignal()
      await housekeeper.close()
    })
}
