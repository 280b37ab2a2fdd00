// `coldstream start`, which is `npm start`: engines, topics, tables, the five processes and the demo, from one command,
// and back down again from one Ctrl-C.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { takeDataFolder } from '../infra/local/data-folder.ts'
import { type Engines, startEngines } from '../infra/local/engines.ts'
import { keptPorts } from '../infra/local/ports.ts'
import { SetupError } from '../infra/local/setup-error.ts'
import * as demo from './demo.ts'
import * as pipeline from './pipeline.ts'
import { endLeft, type Supervisor, supervise } from './supervisor.ts'

export type StartOptions = { dataDir: string; demo: boolean; report: (line: string) => void }

/** A terminal, npm and the bootstrap may each pass on the same Ctrl-C; a person needs longer for a second one. */
const sameSignalMs = 1_500
const stopGraceMs = 15_000

/** Runs until it is told to stop; then everything that it has started has ended. */
export async function start(options: StartOptions): Promise<void> {
  const { report } = options
  const dataDir = resolve(options.dataDir)
  const release = takeDataFolder(dataDir)
  const supervisor = supervise({ dataDir, report, stopGraceMs })
  const stopRequest = listenForStop(report, supervisor)
  let engines: Engines | undefined
  try {
    for (const name of pipeline.processNames) await endLeft(name, { dataDir, report, stopGraceMs })
    engines = await startEngines({ dataDir, report, keepAlive: true })
    const ports = await keptPorts(dataDir, pipeline.defaultPorts, pipeline.givenPorts(), report)
    const env = pipeline.pipelineEnv(engines, ports, dataDir)
    const context = { dataDir, ports, report, env, startProcesses: supervisor.start }
    await runSteps(stepsOf(options.demo), context, stopRequest.signal)
    if (!stopRequest.signal.aborted)
      report(['', ...pipeline.addresses(context), 'Ctrl-C stops everything.'].join('\n'))
    await stopRequest.requested
  } finally {
    await supervisor.stop()
    await engines?.stop()
    release()
    report('Stopped.')
  }
}

/** The demo's past comes after the bridge and before those who work on it: see demo.ts. */
function stepsOf(isDemo: boolean): readonly pipeline.Step[] {
  const { prepare, takeIn, show, together, workOn } = pipeline
  if (!isDemo) return [...prepare, takeIn, show, ...workOn]
  return [...prepare, together(takeIn, demo.fleet), together(show, demo.past), ...workOn, demo.present]
}

async function runSteps(
  steps: readonly pipeline.Step[],
  context: pipeline.PipelineContext,
  signal: AbortSignal,
): Promise<void> {
  for (const { title, run } of steps) {
    if (signal.aborted) return
    context.report(`${title} …`)
    await run(context)
  }
}

type StopRequest = { signal: AbortSignal; requested: Promise<void> }

/** Ctrl-C, a SIGTERM, a closed terminal, or the end of the bootstrap that runs us. */
function listenForStop(report: (line: string) => void, supervisor: Supervisor): StopRequest {
  const stopping = new AbortController()
  let firstMs = 0
  const requested = new Promise<void>((done) => {
    const stop = () => {
      if (!stopping.signal.aborted) {
        firstMs = performance.now()
        report('Stopping (once more ends it at once) …')
        stopping.abort()
        void supervisor.stop()
        done()
      } else if (performance.now() - firstMs > sameSignalMs) {
        supervisor.kill()
        report('Ended at once. What still runs is taken over by the next start.')
        process.exit(130)
      }
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
    process.once('disconnect', stop)
    process.channel?.unref()
  })
  return { signal: stopping.signal, requested }
}

export function startCommand(program: Command): void {
  program
    .command('start')
    .description('start everything on this machine: engines, topics, tables, the five processes and the demo')
    .option('--data-dir <folder>', 'where all data is kept between starts', '.coldstream')
    .option('--no-demo', 'start empty: without the demo fleet and the simulator')
    .action(async ({ dataDir, demo }: { dataDir: string; demo: boolean }) => {
      try {
        await start({ dataDir, demo, report: reportWithTime() })
        process.exit(0)
      } catch (error) {
        if (!(error instanceof SetupError)) throw error
        process.stderr.write(`\n${error.message}\n`)
        process.exit(1)
      }
    })
}

function reportWithTime(): (line: string) => void {
  const startMs = performance.now()
  return (line) => {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(6)
    process.stdout.write(line.startsWith('\n') ? `${line}\n` : `${seconds} s  ${line}\n`)
  }
}
