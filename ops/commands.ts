// Every command of `coldstream`, in the order of `--help`. A command's module is loaded only when it is called or listed, so
// `decode` and `dry-run` do not wait for Kafka's client.
import { Command } from 'commander'

type Register = (program: Command) => void

const commands: Record<string, () => Promise<Register>> = {
  start: async () => (await import('./start.ts')).startCommand,
  bridge: async () => (await import('./bridge.ts')).bridgeCommand,
  process: async () => (await import('./process.ts')).processCommand,
  sink: async () => (await import('./sink.ts')).sinkCommand,
  api: async () => (await import('./api.ts')).apiCommand,
  backfill: async () => (await import('./backfill.ts')).backfillCommand,
  connections: async () => (await import('./connections.ts')).connectionsCommand,
  housekeeper: async () => (await import('./housekeeper.ts')).housekeeperCommand,
  partitions: async () => (await import('./partitions.ts')).partitionsCommand,
  archive: async () => (await import('./archive.ts')).archiveCommand,
  'api-keys': async () => (await import('./api-keys.ts')).apiKeysCommand,
  fleet: async () => (await import('./fleet.ts')).fleetCommand,
  presets: async () => (await import('./presets.ts')).presetsCommand,
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLettersCommand,
  rollups: async () => (await import('./rollups.ts')).rollupsCommand,
  'manual-log': async () => (await import('./entries.ts')).manualLogCommand,
  alert: async () => (await import('./entries.ts')).alertCommand,
  replay: async () => (await import('./replay.ts')).replayCommand,
  unassigned: async () => (await import('./unassigned.ts')).unassignedCommand,
  simulate: async () => (await import('./simulate.ts')).simulateCommand,
  'things-stack': async () => (await import('./things-stack.ts')).thingsStackCommand,
  topics: async () => (await import('./topics.ts')).topicsCommand,
  gaps: async () => (await import('./gaps.ts')).gapsCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  topology: async () => (await import('./topology.ts')).topologyCommand,
  decode: async () => (await import('./decode.ts')).decodeCommand,
  profiles: async () => (await import('./profiles.ts')).profilesCommand,
  'dry-run': async () => (await import('./dry-run.ts')).dryRunCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  digest: async () => (await import('./digest.ts')).digestCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  'restore-test': async () => (await import('./backup.ts')).restoreTestCommand,
  restore: async () => (await import('./backup.ts')).restoreCommand,
  engines: async () => (await import('./engines.ts')).enginesCommand,
}

/** With the one command that `args` call, or with all. */
export async function programFor(args: readonly string[] = []): Promise<Command> {
  const program = new Command('coldstream')
    .description(
      'Cold-chain telemetry from The Things Stack through Kafka to Postgres: same uplinks, same tables.',
    )
    .showHelpAfterError()
  const called = commands[args[0] ?? '']
  const loaded = called === undefined ? Object.values(commands) : [called]
  for (const load of loaded) (await load())(program)
  return program
}
