// `coldstream backfill`: what the Storage Integration of The Things Stack still has, into the log once more.
import type { Command } from 'commander'
import { openBackfill } from '../bridge/main.ts'
import { keysOf, readConfig } from '../infra/config.ts'
import { PipelineError } from '../schemas/failure.ts'

type Options = { connection: string; from: string; to?: string; device?: string }

export function backfillCommand(program: Command): void {
  program
    .command('backfill')
    .description(
      'read uplinks again from the Storage Integration (BRIDGE_STORAGE); those that are known change nothing',
    )
    .requiredOption('--connection <name>', 'of BRIDGE_STORAGE')
    .requiredOption('--from <instant>', 'ISO 8601, such as 2026-11-21T08:00:00Z')
    .option('--to <instant>', 'not given: now')
    .option('--device <id>', "The Things Stack's id of one device; not given: all of the application")
    .action(run)
}

async function run({ connection, from, to, device }: Options): Promise<void> {
  const span = {
    fromMs: instant('--from', from),
    toMs: to === undefined ? Date.now() : instant('--to', to),
    deviceId: device ?? null,
  }
  const open = await openBackfill(readConfig(keysOf('bridge')), (line) => process.stderr.write(`${line}\n`))
  try {
    const { read, outcomes, refused } = await open.backfill(connection, span)
    const kept = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)
    process.stdout.write(
      `Read ${read}: ${[...kept, ...(refused > 0 ? [`${refused} refused`] : [])].join(', ') || 'nothing'}.\n`,
    )
  } finally {
    await open.close()
  }
}

function instant(option: string, value: string): number {
  const ms = Date.parse(value)
  if (Number.isNaN(ms))
    throw new PipelineError('CONFIG_INVALID', { problems: [`${option} is no ISO 8601 instant: ${value}`] })
  return ms
}
