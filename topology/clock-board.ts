// The clocks of all tasks of all processes, as their last commits say (topic `watermarks`).
import type { Watermark } from '../schemas/generated/types.ts'
import type { Stage, Topology } from './define.ts'

export type ClockMode = 'wall' | 'events'

export class ClockBoard {
  readonly #clocks = new Map<string, number>()
  readonly #topology: Topology
  readonly #partitionsOf: (stage: Stage) => number

  constructor(topology: Topology, partitionsOf: (stage: Stage) => number) {
    this.#topology = topology
    this.#partitionsOf = partitionsOf
  }

  /** Clocks never go back: an entry of a process that has since been fenced off cannot do harm. */
  post({ stage, partition, clock }: Watermark): void {
    const id = taskId(stage, partition)
    if (clock > this.of(stage, partition)) this.#clocks.set(id, clock)
  }

  /** 0: that task has never reported. */
  of(stage: string, partition: number): number {
    return this.#clocks.get(taskId(stage, partition)) ?? 0
  }

  /** What a task's next mark may say, provided that its stream's end is looked up after this. */
  markFor(stage: Stage, mode: ClockMode, wallMs: number): number {
    if (stage.upstream.length > 0)
      return Math.min(...this.#all((other) => stage.upstream.includes(other.name)))
    if (mode === 'wall') return wallMs
    return Math.max(...this.#all((other) => other.upstream.length === 0))
  }

  #all(isWanted: (stage: Stage) => boolean): number[] {
    return this.#topology.stages
      .filter(isWanted)
      .flatMap((stage) => Array.from({ length: this.#partitionsOf(stage) }, (_, p) => this.of(stage.name, p)))
  }
}

export const taskId = (stage: string, partition: number): string => `${stage}/${partition}`
