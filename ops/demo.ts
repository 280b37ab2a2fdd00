// The demo: a fleet, two days of its past posted before the processors start, and its present while they run.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keep, kept } from './kept-text.ts'
import { coldstream, command, demoConnection, type PipelineContext, type Step } from './pipeline.ts'
import { runCommand } from './run-command.ts'

const HOUR_MS = 3_600_000
const PAST_MS = 48 * HOUR_MS
/** The latest a simulated uplink is delivered after it was sent, and some more. */
const UNDER_WAY_MS = 3 * HOUR_MS

const demoFleet = join(import.meta.dirname, 'fleet/demo-fleet.yaml')

export const fleet: Step = { title: 'Demo fleet', run: command('fleet', 'apply', demoFleet) }

/** Posted while nothing processes yet, so that its timers fire by its own time and not by today's. */
export const past: Step = {
  title: "The demo fleet's last two days, posted to the bridge as Things Stack webhooks",
  async run({ dataDir, env, report, ...context }) {
    const nowMs = Date.now()
    const fromMs = resumeMs(dataDir, nowMs)
    keep(join(dataDir, 'demo-started'), isoOf(nowMs))
    const summary = await runCommand(simulation({ ...context, dataDir }, fromMs, nowMs), env)
    report(`\n${summary.trimEnd()}\n`)
  },
}

export const present: Step = {
  title: 'Simulator, from now on in real time',
  run: (context) =>
    context.startProcesses([
      {
        name: 'simulate',
        args: [...simulation(context, Date.now() - UNDER_WAY_MS), '--live'],
        env: context.env,
        isReady: () => Promise.resolve(true),
      },
    ]),
}

function simulation(
  { ports, dataDir }: Pick<PipelineContext, 'ports' | 'dataDir'>,
  fromMs: number,
  toMs?: number,
): string[] {
  const url = `http://127.0.0.1:${ports.bridge}`
  const span = ['--from', isoOf(fromMs), '--to', toMs === undefined ? 'now' : isoOf(toMs)]
  return [
    coldstream,
    'simulate',
    '--url',
    url,
    '--connection',
    demoConnection,
    '--anchor',
    anchorOf(dataDir),
    ...span,
  ]
}

/** The faults are laid out around the first start, so every start posts from the same world. */
const anchorOf = (dataDir: string): string =>
  kept(join(dataDir, 'demo-anchor'), () => new Date().toISOString())

/**
 * Where the last start began: its uplinks may have reached the bridge or not, and copies change nothing. At most two days
 * back: a longer pause stays a silence.
 */
function resumeMs(dataDir: string, nowMs: number): number {
  const path = join(dataDir, 'demo-started')
  const last = existsSync(path)
    ? Date.parse(readFileSync(path, 'utf8')) - UNDER_WAY_MS
    : Number.NEGATIVE_INFINITY
  return Math.max(last, Date.parse(anchorOf(dataDir)) - PAST_MS, nowMs - PAST_MS)
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
