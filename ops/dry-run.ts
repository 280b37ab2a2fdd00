// `coldstream dry-run`: what the pipeline would say of these observations under this configuration, on standard output.
// The stages of production, in memory: no Kafka, no database, no environment. With --rules: what a fleet file's rules would
// have made of the readings that are stored (rule-trial/).
import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { InputError, instantMs, parseConfig } from './dry-run/config.ts'
import { readObservations } from './dry-run/observations.ts'
import { linesOf } from './dry-run/print.ts'
import { DryRun } from './dry-run/world.ts'

type Options = { config: string; observations: string; asOf?: string }
type Given = Partial<Options> & { rules?: string; days?: string; json?: boolean }

export function dryRunCommand(program: Command): void {
  program
    .command('dry-run')
    .description(
      'Print what the pipeline makes of observations: episodes, status, alerts, rollups, quarantine.',
    )
    .option('--config <file>', 'JSON: {timeZone, graceMinutes, units: {<unitId>: [{validFrom, …}]}, …}')
    .option('--observations <file>', 'JSON lines in log order: {unitId, deviceId, recordedAt, …}')
    .option('--as-of <instant>', 'the clock; without it the newest real recordedAt')
    .option('--rules <file>', 'instead: a fleet file, tried on the readings in Postgres (DATABASE_URL)')
    .option('--days <n>', 'with --rules: so many days back (14)')
    .option('--json', 'with --rules: print JSON')
    .action(async (options: Given, command: Command) => {
      try {
        const lines = await linesFor(options, command)
        process.stdout.once('error', ignoreClosedPipe)
        process.stdout.write(lines)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        process.stderr.write(`${error.message}\n`)
        process.exitCode = 1
      }
    })
}

/** Only a trial of rules needs Postgres. */
async function linesFor({ rules, days, json, config, observations, asOf }: Given, command: Command) {
  if (rules !== undefined) {
    const { ruleTrial } = await import('./rule-trial/command.ts')
    return ruleTrial({
      rules,
      ...(days === undefined ? {} : { days }),
      ...(json === undefined ? {} : { json }),
    })
  }
  if (config === undefined) return missing(command, '--config <file>')
  if (observations === undefined) return missing(command, '--observations <file>')
  return dryRun({ config, observations, ...(asOf === undefined ? {} : { asOf }) })
}

function missing(command: Command, flags: string): never {
  return command.error(`error: required option '${flags}' not specified`)
}

/** Whoever reads may have seen enough, as `head` has. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** The lines as one text. */
export async function dryRun({ config, observations, asOf }: Options): Promise<string> {
  const asOfMs = asOf === undefined ? null : instantMs(/^-?\d+$/.test(asOf) ? Number(asOf) : asOf)
  if (asOf !== undefined && asOfMs === null)
    throw new InputError(`--as-of ${asOf} is no instant: write one such as 2026-02-01T10:00:00.000Z.`)
  const settings = parseConfig(read(config))
  for (const warning of settings.warnings) process.stderr.write(`${warning}\n`)
  const run = new DryRun(settings, asOfMs)
  if (!existsSync(observations)) throw unreadable(observations)
  for await (const observation of readObservations(observations)) run.take(observation)
  const lines = linesOf(run.finish())
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

function read(path: string): string {
  if (!existsSync(path)) throw unreadable(path)
  return readFileSync(path, 'utf8')
}

const unreadable = (path: string): InputError =>
  new InputError(`${path} cannot be read: give the path of a file that exists.`)
