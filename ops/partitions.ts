// `coldstream partitions`: how they stand, what is missing, what is kept on somebody's order, and the housekeeper's work by
// hand. What changes something runs as the housekeeper's task, so it never meets a housekeeper at the same work.
import type { Command } from 'commander'
import pino from 'pino'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { eventsByDay, readingsByMonth } from '../sinks/partitions.ts'
import type { Ended } from './housekeeper/lease.ts'
import { ownerName } from './housekeeper/main.ts'
import { observe, problemsOf, type TableObservation } from './housekeeper/observation.ts'
import { Runner } from './housekeeper/runner.ts'
import {
  type PartitionConfig,
  partitionConfigKeys,
  partitionTasks,
  retentionOf,
} from './housekeeper/tasks.ts'
import { addHold, type Hold, listHolds, releaseHold } from './partitions/holds.ts'
import { partitionOf } from './partitions/names.ts'
import { refused } from './partitions/refused.ts'
import { planRetention } from './partitions/retention.ts'
import { partitionings, readState } from './partitions/state.ts'
import { strayMonths } from './partitions/strays.ts'
import type { Work } from './partitions/work.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)

type Context = { db: Postgres; directUrl: string; config: PartitionConfig }

async function withPartitions(use: (context: Context) => Promise<void>): Promise<void> {
  const config = readConfig(['DATABASE_URL', 'DATABASE_DIRECT_URL', ...partitionConfigKeys])
  const directUrl = config.DATABASE_DIRECT_URL || config.DATABASE_URL
  const db = openPostgres(directUrl, { name: 'coldstream-partitions', connectionsMax: 3 })
  try {
    await use({ db, directUrl, config })
  } finally {
    await db.end()
  }
}

export function partitionsCommand(program: Command): void {
  const partitions = program
    .command('partitions')
    .description('readings by month and events by day: look, mend, maintain, hold')
  partitions
    .command('check')
    .description('how they stand; ends with 1 where something should be done')
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) => withPartitions((context) => check(context, json)))
  partitions
    .command('fix')
    .description('make what is missing, and bring strays home')
    .option('--dry-run', 'only say what would be done')
    .action(({ dryRun = false }: { dryRun?: boolean }) => withPartitions((context) => fix(context, dryRun)))
  partitions
    .command('maintain')
    .description('fix, and then archive and drop what is older than its time')
    .option('--retention-days <days>', 'for events, instead of EVENTS_RETENTION_DAYS', days)
    .option('--retention-months <months>', 'for readings, instead of RETENTION_MONTHS', days)
    .option('--dry-run', 'only say what would be done')
    .action((options: MaintainOptions) => withPartitions((context) => maintain(context, options)))
  holdCommands(partitions)
}

function days(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (value < 1) throw refused(`${text} is no number of days or months: give 1 or more.`)
  return value
}

async function check({ db, config }: Context, json: boolean): Promise<void> {
  const observation = await observe(db, config, Date.now())
  const problems = problemsOf(observation)
  if (json) print(JSON.stringify({ ...observation, problems }, null, 2))
  else for (const line of [...observation.tables.map(lineOf), ...problems]) print(line)
  if (problems.length === 0) print(json ? '' : 'All is well.')
  else process.exitCode = 1
}

function lineOf({
  partitioning,
  partitions,
  ahead,
  defaultRows,
  bytes,
  estimatedRows,
  isPartitioned,
}: TableObservation) {
  const span = `${partitions.at(0)?.name ?? 'none'} to ${partitions.at(-1)?.name ?? 'none'}`
  const size = `about ${estimatedRows} rows, ${(bytes / 1_048_576).toFixed(1)} MiB`
  if (!isPartitioned)
    return `${partitioning.parent}: a hypertable with readings of ${partitions.length} months, ${span}; ${size}`
  return (
    `${partitioning.parent}: ${partitions.length} partitions, ${span}; ${ahead} ${partitioning.unit}s ahead; ` +
    `${size}; ${defaultRows} rows in the default partition`
  )
}

async function plan({ db }: Context): Promise<void> {
  for (const partitioning of partitionings) {
    const { missing, isPartitioned } = await readState(db, partitioning, Date.now())
    if (isPartitioned) for (const period of missing) print(`${partitioning.nameOf(period)}: would be made`)
  }
  for (const { period, rows } of await strayMonths(db))
    print(`${readingsByMonth.nameOf(period)}: ${rows} rows of the default partition would be brought here`)
}

async function fix(context: Context, dryRun: boolean): Promise<void> {
  if (dryRun) return plan(context)
  await run(context, ['readings-partition-create', 'readings-partition-strays'])
  // Without the retention of the same task.
  await run({ ...context, config: { ...context.config, EVENTS_RETENTION_DAYS: 36_500 } }, [
    'events-partition-maintenance',
  ])
}

type MaintainOptions = { retentionDays?: number; retentionMonths?: number; dryRun?: boolean }

async function maintain(context: Context, options: MaintainOptions): Promise<void> {
  const config: PartitionConfig = {
    ...context.config,
    EVENTS_RETENTION_DAYS: options.retentionDays ?? context.config.EVENTS_RETENTION_DAYS,
    RETENTION_MONTHS: options.retentionMonths ?? context.config.RETENTION_MONTHS,
  }
  if (!options.dryRun)
    return run({ ...context, config }, [
      ...['readings-partition-create', 'readings-partition-strays', 'readings-partition-retention'],
      'events-partition-maintenance',
    ])
  await plan(context)
  const work: Work = { ...idle, db: context.db, directUrl: context.directUrl }
  for (const partitioning of [readingsByMonth, eventsByDay]) {
    const state = await readState(context.db, partitioning, Date.now())
    const plans = await planRetention(work, state, retentionOf(partitioning, config, Date.now()))
    for (const { partition, outcome, explanation } of plans) print(`${partition}: ${outcome}. ${explanation}`)
  }
}

/** For work that only looks. */
const idle = {
  ...{ nowMs: Date.now, runId: null, signal: new AbortController().signal, report: print },
  guard: async () => {},
}

async function run({ db, directUrl, config }: Context, names: readonly string[]): Promise<void> {
  // What is done is told on standard error as it happens, and in the history.
  const log = pino({ level: 'info', base: null }, pino.destination({ dest: 2, sync: true }))
  const tasks = partitionTasks(config)
  const runner = new Runner({ db, directUrl, tasks, log, owner: ownerName(), nowMs: Date.now })
  for (const name of names) {
    const ended: Ended = await runner.runNow(name, 'command')
    print(`${name}: ${ended.outcome}. ${JSON.stringify(ended.summary)}`)
    if (ended.outcome === 'failed') {
      print(`${name}: ${ended.error}`)
      process.exitCode = 1
    }
  }
}

function holdCommands(partitions: Command): void {
  partitions
    .command('hold')
    .description('legal hold: nothing of this partition is dropped')
    .argument('<partition>', 'sensor_readings_y2024m11, 2024-11 (readings) or 2024-11-05 (events)')
    .requiredOption('--reason <text>', 'why, such as the number of the case')
    .requiredOption('--by <name>', 'who orders it')
    .option('--until <date>', 'its end, such as 2027-06-30; not given: until it is released', date)
    .action((name: string, options: { reason: string; by: string; until?: Date }) =>
      withPartitions(async ({ db }) => {
        const { reason, by, until } = options
        const { name: partition } = partitionOf(name)
        print(holdLine(await addHold(db, { partition, reason, createdBy: by, expiresAt: until ?? null })))
      }),
    )
  partitions
    .command('holds')
    .description('who holds what, and until when')
    .action(() =>
      withPartitions(async ({ db }) => {
        for (const hold of await listHolds(db))
          print(`${hold.inForce ? 'in force' : 'ended   '}  ${holdLine(hold)}`)
      }),
    )
  partitions
    .command('release')
    .description('end a hold now; its row stays')
    .argument('<id>', 'as `coldstream partitions holds` shows it')
    .action((id: string) =>
      withPartitions(async ({ db }) => {
        const hold = await releaseHold(db, id)
        if (hold === undefined)
          throw refused(`No hold ${id} is in force: see \`coldstream partitions holds\`.`)
        print(holdLine(hold))
      }),
    )
}

function date(text: string): Date {
  const value = new Date(text)
  if (Number.isNaN(value.getTime())) throw refused(`${text} is no date: give one such as 2027-06-30.`)
  return value
}

const holdLine = ({ id, partition, reason, createdBy, expiresAt }: Hold) =>
  `${id}  ${partition}  ${expiresAt === null ? 'no end' : `until ${expiresAt.toISOString()}`}  ${createdBy}: ${reason}`
