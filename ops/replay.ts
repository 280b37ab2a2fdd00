// `coldstream replay`: rebuilds a span of time from the log beside production, shows what would change, and puts it in place.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { keysOf, readConfig } from '../infra/config.ts'
import type { Postgres } from '../infra/postgres.ts'
import { configuredTopology } from './process.ts'
import { diffReplay } from './replay/diff.ts'
import { dropReplay } from './replay/drop.ts'
import { planReplay, planText, uplinksPerSecond } from './replay/plan.ts'
import { diffText, promotedText, replayLine } from './replay/print.ts'
import { promoteReplay } from './replay/promote.ts'
import { defaultName, findReplay, isReplayName, listReplays, type Replay } from './replay/replays.ts'
import { ReplayNameTaken, runReplay, withDatabase } from './replay/run.ts'

type RunOptions = { topic: string; from: Date; to: Date; units?: string[]; name?: string; dryRun?: boolean }

const FIRST_ROWS = 10
const LINE_EVERY_MS = 5_000

const print = (text: string) => process.stdout.write(`${text}\n`)

export function replayCommand(program: Command): void {
  const replay = program
    .command('replay')
    .description('the log once more, beside production: rebuild, compare, promote')
  replay
    .command('run', { isDefault: true })
    .description('rebuild a span of time into tables of its own, while production goes on')
    .addOption(new Option('--topic <topic>', 'what is replayed').choices(['uplinks']).makeOptionMandatory())
    .addOption(
      new Option('--from <instant>', 'where the span begins').argParser(instant).makeOptionMandatory(),
    )
    .addOption(new Option('--to <instant>', 'where it ends').argParser(instant).makeOptionMandatory())
    .option('--units <ids...>', 'only these units', unitIds)
    .option('--name <name>', 'letters, digits, dashes; not given: the present instant', replayName)
    .option('--dry-run', 'only say what it would read, and for how long')
    .action(run)
  replay.command('list').description('the replays that there are').option('--json', 'print JSON').action(list)
  replay
    .command('diff [name]')
    .description('what would change; without a name of the newest replay')
    .option('--limit <n>', 'rows shown of each table', count, FIRST_ROWS)
    .option('--json', 'print JSON')
    .action(diff)
  replay
    .command('promote [name]')
    .description('put its rows in the place of production’s, all in one transaction')
    .option('--json', 'print JSON')
    .action(promote)
  replay.command('drop <name>').description('remove its topics, groups and tables').action(drop)
}

export function instant(text: string): Date {
  const at = new Date(text)
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('Write an instant such as 2026-02-01T10:00:00Z.')
  return at
}

function unitIds(text: string, before: string[] = []): string[] {
  const ids = text.toLowerCase().split(',')
  if (!ids.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)))
    throw new InvalidArgumentError('Write the ids of units, as the API shows them.')
  return [...before, ...ids]
}

function replayName(text: string): string {
  if (!isReplayName(text)) throw new InvalidArgumentError('Write up to 31 small letters, digits and dashes.')
  return text
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

function fail(line: string): void {
  process.stderr.write(`${line}\n`)
  process.exitCode = 1
}

async function run({ from, to, units = undefined, name, dryRun = false }: RunOptions): Promise<void> {
  const nowMs = Date.now()
  const config = readConfig([
    ...new Set([...keysOf('process'), ...keysOf('sink'), 'TOPIC_REPLICATION' as const]),
  ])
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: prefix, GRACE: graceMs } = config
  await withDatabase(config.DATABASE_DIRECT_URL || config.DATABASE_URL, async (db) => {
    const plan = await planReplay({ brokers, prefix, from, to, graceMs, nowMs })
    if (dryRun) return void print(planText(plan, await uplinksPerSecond(db)))
    const topology = configuredTopology(config)
    const options = { config, topology, db, plan, from, to, units: units ?? null, report: reporter() }
    try {
      tell(await runReplay({ ...options, name: name ?? defaultName(nowMs) }), to)
    } catch (error) {
      if (!(error instanceof ReplayNameTaken)) throw error
      fail(error.message)
    }
  })
}

function tell({ name, uplinks, deadLetters, to }: Replay, wanted: Date): void {
  print(`The replay ${name} is ready: ${uplinks} uplinks.`)
  if (to < wanted) print(`Its span ends at ${to.toISOString()}: what is newer may still change by itself.`)
  if (deadLetters) print(`${deadLetters} records became dead letters in it.`)
  print(
    `Next: coldstream replay diff ${name}, then coldstream replay promote ${name} or coldstream replay drop ${name}.`,
  )
}

/** On a terminal one line that changes; elsewhere a line now and then, and when a new step begins. */
function reporter(): (line: string) => void {
  let lastMs = 0
  let lastStep = ''
  return (line) => {
    if (process.stderr.isTTY) return void process.stderr.write(`\r\x1b[K${line}`)
    const step = line.slice(0, 10)
    if (step === lastStep && performance.now() - lastMs < LINE_EVERY_MS) return
    lastMs = performance.now()
    lastStep = step
    process.stderr.write(`${line}\n`)
  }
}

const onDatabase = (use: (db: Postgres) => Promise<void>) =>
  withDatabase(readConfig(['DATABASE_URL']).DATABASE_URL, use)

const list = ({ json = false }: { json?: boolean }) =>
  onDatabase(async (db) => {
    const replays = await listReplays(db)
    if (json) print(JSON.stringify(replays, null, 2))
    else print(replays.length === 0 ? 'There are no replays.' : replays.map(replayLine).join('\n'))
  })

/** Undefined, and told why: there is none, or it is not ready. */
async function readyReplay(db: Postgres, name: string | undefined): Promise<Replay | undefined> {
  const replay = name === undefined ? (await listReplays(db))[0] : await findReplay(db, name)
  if (replay === undefined)
    fail(`There is no replay${name === undefined ? '' : ` ${name}`}: see coldstream replay list.`)
  else if (replay.state === 'copying' || replay.state === 'running')
    fail(
      `The replay ${replay.name} is not ready: wait for it, or, where it was cut off, drop it and begin anew.`,
    )
  else return replay
  return undefined
}

const diff = (name: string | undefined, { limit, json = false }: { limit: number; json?: boolean }) =>
  onDatabase(async (db) => {
    const replay = await readyReplay(db, name)
    if (replay === undefined) return
    const found = await diffReplay(db, replay, limit)
    print(json ? JSON.stringify(found, null, 2) : diffText(found))
  })

const promote = (name: string | undefined, { json = false }: { json?: boolean }) =>
  onDatabase(async (db) => {
    const replay = await readyReplay(db, name)
    if (replay === undefined) return
    const promoted = await promoteReplay(db, replay)
    print(json ? JSON.stringify(promoted, null, 2) : promotedText(promoted))
  })

async function drop(name: string): Promise<void> {
  const config = readConfig(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL'])
  await withDatabase(config.DATABASE_URL, async (db) => {
    const replay = await findReplay(db, name)
    if (replay === undefined) return fail(`There is no replay ${name}: see coldstream replay list.`)
    const at = { brokers: config.KAFKA_BROKERS, registryUrl: config.SCHEMA_REGISTRY_URL }
    await dropReplay(db, at, replay)
    print(`The replay ${name} is gone.`)
  })
}
