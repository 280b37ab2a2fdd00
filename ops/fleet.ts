// `coldstream fleet apply|publish`: the registry as a file says it, and from there to Kafka.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { applyFleet, planFleet, RegistryMoved } from './fleet/apply.ts'
import type { Fleet } from './fleet/declared.ts'
import { FleetInvalid, parseFleet } from './fleet/fleet-file.ts'
import { DeviceTaken, type Plan } from './fleet/plan.ts'
import { publishFrom, publishingKeys } from './fleet/publish.ts'

type ApplyOptions = { dryRun?: boolean; yes?: boolean }

const print = (line: string) => process.stdout.write(`${line}\n`)

export function fleetCommand(program: Command): void {
  const fleet = program.command('fleet').description('organizations, sites, units, devices and rules')
  fleet
    .command('apply <file>')
    .description('make the registry what a fleet file says; prints the plan of changes first')
    .option('--dry-run', 'print the plan and change nothing')
    .option('--yes', 'do not ask')
    .action((file: string, options: ApplyOptions) => endingWell(() => apply(file, options)))
  fleet
    .command('publish')
    .description('publish what the registry has not yet told Kafka')
    .action(() => endingWell(publish))
}

/** Mistakes that the person can correct are told without a stack. */
async function endingWell(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const isOurs = [FleetInvalid, FleetUnreadable, RegistryMoved, DeviceTaken].some(
      (kind) => error instanceof kind,
    )
    if (!isOurs) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

class FleetUnreadable extends Error {}

function readFleet(file: string): Fleet {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new FleetUnreadable(`The fleet file cannot be read: ${(error as Error).message}`)
  }
  return parseFleet(text, file)
}

async function apply(file: string, { dryRun = false, yes = false }: ApplyOptions): Promise<void> {
  const fleet = readFleet(file)
  const { DATABASE_URL } = readConfig(['DATABASE_URL', ...(dryRun ? [] : publishingKeys)])
  await withDatabase(DATABASE_URL, async (db) => {
    const nowMs = Date.now()
    const plan = await planFleet(db, fleet, nowMs)
    for (const line of plan.lines) print(line)
    print(summary(plan))
    if (dryRun || !(await isAgreed(plan, yes))) return
    if (plan.lines.length > 0)
      print(`Applied; ${(await applyFleet(db, fleet, nowMs, plan)).recordsQueued} records to publish.`)
    print(`Published ${await publishFrom(db)} records.`)
  })
}

function summary({ lines, counts }: Plan): string {
  if (lines.length === 0) return 'The registry is as the file says.'
  return `${counts.added} to add, ${counts.changed} to change, ${counts.removed} to remove.`
}

/** Scripts may add and change; what removes something is asked for, or said with --yes. */
async function isAgreed({ lines, counts }: Plan, yes: boolean): Promise<boolean> {
  if (yes || lines.length === 0) return true
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await terminal.question('Apply? [y/N] ')
    terminal.close()
    return /^y(es)?$/i.test(answer.trim())
  }
  if (counts.removed === 0) return true
  process.stderr.write('Nothing was changed: the plan removes something. Give --yes if that is meant.\n')
  process.exitCode = 1
  return false
}

async function publish(): Promise<void> {
  await withDatabase(readConfig(['DATABASE_URL']).DATABASE_URL, async (db) => {
    print(`Published ${await publishFrom(db)} records.`)
  })
}

async function withDatabase(url: string, use: (db: Postgres) => Promise<void>): Promise<void> {
  const db = openPostgres(url, { connectionsMax: 2, name: 'coldstream-fleet' })
  try {
    await use(db)
  } finally {
    await db.end()
  }
}
