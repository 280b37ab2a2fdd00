// A run of the simulator: the world's deliveries from one instant to another, posted at the asked speed, and then, if
// asked, on in real time.
import type { Fault } from './faults.ts'
import type { SimulatedFleet } from './fleet.ts'
import { pause } from './pause.ts'
import { openPoster, type PosterOptions } from './poster.ts'
import { faultsFor } from './scenarios.ts'
import { simulatedWorld, type Tally, type World } from './world.ts'

export type RunOptions = Omit<PosterOptions, 'onWaiting'> & {
  fleet: SimulatedFleet
  seed: number
  fromMs: number
  toMs: number
  /** The instant that the scenarios are laid out around. The same anchor gives the same uplinks in any window. */
  anchorMs: number
  scenarios: readonly string[]
  /** Simulated seconds in one second; Infinity: as fast as the bridge takes them. */
  speed: number
  /** Goes on in real time from `toMs`, until `signal`. */
  live: boolean
  signal?: AbortSignal
  report: (line: string) => void
  /** Told when everything up to `toMs` is acknowledged, before it goes on live. */
  onHistory?: (summary: RunSummary) => void
}

export type RunSummary = Tally & {
  faults: readonly Fault[]
  posted: number
  retried: number
  underWay: number
  elapsedMs: number
  /** Up to where the world was delivered. */
  reachedMs: number
}

const sliceMs = 10 * 60_000
const tickMs = 1_000

export async function runSimulation(options: RunOptions): Promise<RunSummary> {
  const { fleet, seed, fromMs, toMs, anchorMs, live, signal, report } = options
  const faults = faultsFor(options.scenarios, { fleet, anchorMs, seed })
  const world = simulatedWorld({ fleet, seed, fromMs, anchorMs, faults })
  const poster = openPoster({
    ...options,
    onWaiting: (reason) => report(`The bridge does not take more just now, trying until it does: ${reason}`),
  })
  const startMs = performance.now()
  let reachedMs = fromMs

  async function deliverUpTo(instantMs: number): Promise<void> {
    for (const delivery of world.advance(instantMs)) {
      if (isStopped()) return
      await poster.send(delivery)
    }
    reachedMs = instantMs
  }

  const soFar = () =>
    summary(world, faults, poster.counts(), { elapsedMs: performance.now() - startMs, reachedMs })
  const isStopped = () => signal?.aborted === true
  while (reachedMs < toMs && !isStopped()) {
    const nextMs = Math.min(toMs, reachedMs + sliceOf(options.speed))
    await untilSimulated(nextMs - fromMs, options.speed, startMs, signal)
    await deliverUpTo(nextMs)
  }
  await poster.drained()
  if (live && !isStopped()) {
    options.onHistory?.(soFar())
    report('Going on in real time.')
    while (!isStopped()) {
      await deliverUpTo(Date.now())
      await pause(tickMs, signal)
    }
    await poster.drained()
  }
  return soFar()
}

function summary(
  world: World,
  faults: readonly Fault[],
  counts: { posted: number; retried: number },
  rest: { elapsedMs: number; reachedMs: number },
): RunSummary {
  return { ...world.tally(), ...counts, ...rest, faults, underWay: world.underWay() }
}

/** A tick's worth where time is kept, else large slices. */
const sliceOf = (speed: number): number =>
  speed === Number.POSITIVE_INFINITY ? sliceMs : Math.min(sliceMs, Math.max(tickMs, speed * tickMs))

async function untilSimulated(
  simulatedMs: number,
  speed: number,
  startMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const dueMs = startMs + simulatedMs / speed
  const waitMs = dueMs - performance.now()
  if (waitMs > 0) await pause(waitMs, signal)
}
