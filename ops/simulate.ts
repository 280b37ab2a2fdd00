// `coldstream simulate`: posts a fleet's uplinks to the bridge as The Things Stack would, faults included.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { FleetInvalid, parseFleet } from './fleet/fleet-file.ts'
import { simulatedFleet } from './simulator/fleet.ts'
import { PostRefused } from './simulator/poster.ts'
import { type RunOptions, type RunSummary, runSimulation } from './simulator/run.ts'
import { scenarioNames } from './simulator/scenarios.ts'
import { summaryText, truth } from './simulator/summary.ts'
import { SimulationImpossible } from './simulator/world.ts'

type Options = {
  fleet: string
  url: string
  connection: string
  apiKey: string
  seed: number
  from: InstantText
  to: InstantText
  anchor?: InstantText
  speed: number
  scenario: string[]
  live: boolean
  rateMax: number
  concurrency: number
  truth?: string
}

/** An instant, or one told from `now`. */
type InstantText = (nowMs: number) => number

const spanMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function instantOption(text: string): InstantText {
  if (text === 'now') return (nowMs) => nowMs
  const relative = /^-(\d+(?:\.\d+)?)([mhd])$/.exec(text)
  if (relative) return (nowMs) => nowMs - Number(relative[1]) * (spanMs[relative[2] ?? ''] ?? 0)
  const ms = Date.parse(text)
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms))
    throw new InvalidArgumentError('Give an ISO instant, now, or a span back such as -48h.')
  return () => ms
}

function numberOption(least: number, words: Record<string, number> = {}) {
  return (text: string): number => {
    const value = words[text] ?? Number(text)
    if (Number.isNaN(value) || value < least || text.trim() === '')
      throw new InvalidArgumentError(
        `Give a number from ${least}${Object.keys(words).map((word) => ` or ${word}`)}.`,
      )
    return value
  }
}

function scenarioOption(text: string): string[] {
  const names = text.split(',')
  const unknown = names.filter((name) => !scenarioNames.includes(name))
  if (unknown.length > 0)
    throw new InvalidArgumentError(
      `${unknown.join(', ')} is not known; there are ${scenarioNames.join(', ')}.`,
    )
  return names
}

const demoFleet = new URL('./fleet/demo-fleet.yaml', import.meta.url).pathname
const fast = Number.POSITIVE_INFINITY

const now = instantOption('now')
const ago48h = instantOption('-48h')
const instant = (flag: string, description: string) =>
  new Option(`${flag} <instant>`, description).argParser(instantOption)

export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description(
      'post Things Stack uplinks of a simulated fleet to the bridge; the same seed gives the same uplinks',
    )
    .option('--fleet <file>', 'fleet file', demoFleet)
    .option('--url <url>', "the bridge's address", 'http://127.0.0.1:8080')
    .option('--connection <name>', "the connection's name", 'demo')
    .addOption(
      new Option('--api-key <key>', "the connection's API key").env('SIMULATE_API_KEY').makeOptionMandatory(),
    )
    .option('--seed <n>', 'what chance is drawn from', numberOption(0), 1)
    .addOption(
      instant('--from', 'where the uplinks begin: ISO, or a span before now').default(ago48h, '-48h'),
    )
    .addOption(instant('--to', 'where they end').default(now, 'now'))
    .addOption(instant('--anchor', 'what the scenario is laid out around; not given: --to'))
    .addOption(
      new Option('--speed <n>', 'simulated seconds a second, or max')
        .argParser(numberOption(0.001, { max: fast }))
        .default(fast, 'max'),
    )
    .option('--scenario <names>', `of ${scenarioNames.join(', ')}`, scenarioOption, ['demo'])
    .option('--live', 'go on in real time after --to', false)
    .addOption(
      new Option('--rate-max <n>', 'most requests a second')
        .argParser(numberOption(0.1))
        .default(fast, 'any'),
    )
    .option('--concurrency <n>', 'most requests at once', numberOption(1), 32)
    .option('--truth <file>', 'write the injected faults as JSON')
    .action(simulate)
}

async function simulate(options: Options): Promise<void> {
  try {
    await run(options)
  } catch (error) {
    // What the person can put right is said in one line; anything else is a defect and shows where.
    if (!isTheirs(error)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

const isTheirs = (error: unknown): boolean =>
  error instanceof PostRefused ||
  error instanceof FleetInvalid ||
  error instanceof SimulationImpossible ||
  (error instanceof Error && 'syscall' in error && 'path' in error)

async function run(options: Options): Promise<void> {
  const nowMs = Date.now()
  const report = (line: string) => process.stderr.write(`${line}\n`)
  const fleet = simulatedFleet(parseFleet(readFileSync(options.fleet, 'utf8'), options.fleet))
  for (const device of fleet.leftOut) report(`Not simulated: ${device}`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const runOptions: RunOptions = {
    ...options,
    fleet,
    fromMs: options.from(nowMs),
    toMs: options.to(nowMs),
    anchorMs: (options.anchor ?? options.to)(nowMs),
    scenarios: options.scenario,
    signal: stop.signal,
    report,
    onHistory: tell,
  }
  function tell(summary: RunSummary): void {
    process.stdout.write(`${summaryText(runOptions, summary)}\n`)
    if (options.truth)
      writeFileSync(options.truth, `${JSON.stringify(truth(runOptions, summary), null, 2)}\n`)
  }
  if (runOptions.fromMs >= runOptions.toMs) throw new SimulationImpossible('--from must be before --to.')
  tell(await runSimulation(runOptions))
}
