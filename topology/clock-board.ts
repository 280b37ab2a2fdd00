// How far all tasks of all processes are, as their last commits say (topic `watermarks`): their clocks, and up to which
// instant of writing they have taken what their sources hold.
import type { Watermark } from '../schemas/generated/types.ts'
import type { Stage, Topology } from './define.ts'

export type ClockMode = 'wall' | 'events'

/** A task at its end says so every half second: then nobody waits for it, whatever the clocks of the two machines say. */
const SAYS_WITHIN_MS = 2_000

/** By the monotonic clock; what was said before we listened has no such instant. */
const LONG_AGO_MS = Number.NEGATIVE_INFINITY

type Said = Pick<Watermark, 'takenTo' | 'caughtUp'> & { heardMs: number }

type Told = { stage: string; partition: number; clockMs: number }

export class ClockBoard {
  readonly #clocks = new Map<string, number>()
  readonly #said = new Map<string, Said>()
  /** When anything was heard last, by the monotonic clock. */
  heardMs = LONG_AGO_MS
  readonly #topology: Topology
  readonly #partitionsOf: (stage: Stage) => number

  constructor(topology: Topology, partitionsOf: (stage: Stage) => number) {
    this.#topology = topology
    this.#partitionsOf = partitionsOf
  }

  /** Clocks never go back: an entry of a process that has since been fenced off cannot do harm. */
  post({ stage, partition, clock, takenTo, caughtUp }: Watermark, heardMs = LONG_AGO_MS): void {
    const id = taskId(stage, partition)
    if (clock > this.of(stage, partition)) this.#clocks.set(id, clock)
    this.#said.set(id, { takenTo, caughtUp, heardMs })
    this.heardMs = Math.max(this.heardMs, heardMs)
  }

  /** 0: that task has never reported. */
  of(stage: string, partition: number): number {
    return this.#clocks.get(taskId(stage, partition)) ?? 0
  }

  /** Everything that was written to the task's partition before this has been taken, UTC ms; 0: not said. */
  takenTo(stage: string, partition: number): number {
    return this.#said.get(taskId(stage, partition))?.takenTo ?? 0
  }

  /** The same for those who may have to wait for it: Infinity where it is at the end, by its owner's latest word. */
  standsAt(stage: string, partition: number, nowMs: number): number {
    const said = this.#said.get(taskId(stage, partition))
    if (said?.caughtUp && nowMs - said.heardMs < SAYS_WITHIN_MS) return Number.POSITIVE_INFINITY
    return said?.takenTo ?? 0
  }

  /** What a task's next mark may say, provided that its stream's end is looked up after this. */
  markFor(stage: Stage, mode: ClockMode, wallMs: number): number {
    if (stage.upstream.length > 0) return Math.min(...this.#feeding(stage).map(({ clockMs }) => clockMs))
    if (mode === 'wall') return wallMs
    return Math.max(...this.#all((other) => other.upstream.length === 0).map(({ clockMs }) => clockMs))
  }

  /** Whose clock a stage's clocks wait for; null: for nobody's. */
  hindmostOf(stage: Stage): { stage: string; partition: number } | null {
    const [first = null, ...others] = this.#feeding(stage)
    return others.reduce((hindmost, one) => (one.clockMs < (hindmost?.clockMs ?? 0) ? one : hindmost), first)
  }

  #feeding(stage: Stage): Told[] {
    return this.#all((other) => stage.upstream.includes(other.name))
  }

  #all(isWanted: (stage: Stage) => boolean): Told[] {
    return this.#topology.stages.filter(isWanted).flatMap((stage) =>
      Array.from({ length: this.#partitionsOf(stage) }, (_, partition) => ({
        stage: stage.name,
        partition,
        clockMs: this.of(stage.name, partition),
      })),
    )
  }
}

export const taskId = (stage: string, partition: number): string => `${stage}/${partition}`
