// `coldstream manual-log add` and `coldstream alert acknowledge`: what people enter by hand.
import type { Command } from 'commander'
import { acknowledgeAlert, addManualLog, EntryRefused } from '../api/entries/entries.ts'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { publishFrom, publishingKeys } from './fleet/publish.ts'

type Common = { at?: string; note?: string; by?: string }

const withCommon = (command: Command): Command =>
  command
    .option('--at <instant>', 'when it was, such as 2026-02-01T10:00:00+01:00; not given: now')
    .option('--note <text>', 'what else there is to say')
    .option('--by <name>', 'who says so')

export function manualLogCommand(program: Command): void {
  const group = program.command('manual-log').description('temperatures that people read by hand')
  withCommon(group.command('add <unit>'))
    .description('add a log of a unit: its id, or organization/site/unit')
    .option('--temperature <degrees>', 'what was read, °C')
    .action((unit: string, options: Common & { temperature?: string }) =>
      enter((db, nowMs) => {
        const temperatureC = options.temperature === undefined ? null : degrees(options.temperature)
        return addManualLog(db, { unit, temperatureC, ...given(options, nowMs) }, nowMs)
      }),
    )
}

export function alertCommand(program: Command): void {
  const group = program.command('alert').description('alerts')
  withCommon(group.command('acknowledge <id>'))
    .description('say that somebody has seen an alert: it is not escalated any more')
    .action((alertId: string, options: Common) =>
      enter((db, nowMs) => acknowledgeAlert(db, { alertId, ...given(options, nowMs) }, nowMs)),
    )
}

const given = (
  { at, note = null, by = null }: { at?: string; note?: string | null; by?: string | null },
  nowMs: number,
) => ({
  atMs: at === undefined ? nowMs : instantMs(at),
  note,
  by,
})

function instantMs(text: string): number {
  const ms = Date.parse(text)
  if (/(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(ms)) return ms
  throw new EntryRefused(
    `--at ${text} is no instant: write one with its offset, such as 2026-02-01T10:00:00+01:00.`,
  )
}

function degrees(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value) && value > -273.15 && value < 1000) return value
  throw new EntryRefused(`--temperature ${text} is none: write °C, such as 4.5.`)
}

/** Where Kafka is away, the entry stays in the outbox, and the sink process publishes it. */
async function enter(add: (db: Postgres, nowMs: number) => Promise<string>): Promise<void> {
  const { DATABASE_URL } = readConfig(['DATABASE_URL', ...publishingKeys])
  const db = openPostgres(DATABASE_URL, { connectionsMax: 2, name: 'coldstream-entries' })
  try {
    process.stdout.write(`${await add(db, Date.now())}\n`)
    await publishFrom(db)
  } catch (error) {
    if (!(error instanceof EntryRefused)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  } finally {
    await db.end()
  }
}
