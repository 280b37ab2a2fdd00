// How far the processes of a group may run ahead of each other: what turns (turns.ts) are inside a process.
//
// A process takes no record of a source that was written more than `slackMs` after what the hindmost partition of another
// process stands at, by what that one's last commit says in the topic `watermarks`. So what the unit stage gets in one
// partition is never more than the slack out of the order of writing, whoever wrote it. It is what is committed that counts:
// a transaction that is still open may carry older records than any that were taken meanwhile.
//
// It speaks of partitions and not of processes: a partition stands where it stands, also while it moves or is restored.
import type { ClockBoard } from './clock-board.ts'
import type { Stage, Topology } from './define.ts'
import type { TaskSlot } from './task-slot.ts'
import { takesTurns } from './turns.ts'

/** By then the partitions of a process that was killed are with another one, which has restored them, and goes on. */
const STALLED_MAX_MS = 60_000
/** So often at least, in fractions of the slack, a task says how far it has come while others may wait for it. */
const SAID_PER_SLACK = 4

type Source = { id: string; stage: string; partition: number }

export class Pace {
  readonly #board: ClockBoard
  readonly #slackMs: number
  readonly #sources: readonly Source[]
  #others: readonly Source[] = []
  #hindmostMs = Number.POSITIVE_INFINITY
  #stalled: { hindmostMs: number; sinceMs: number } | null = null
  /** Partitions that were waited for in vain, with what they said last. */
  readonly #givenUp = new Map<Source, number>()

  constructor(
    board: ClockBoard,
    topology: Topology,
    partitionsOf: (stage: Stage) => number,
    slackMs: number,
  ) {
    this.#board = board
    this.#slackMs = slackMs
    this.#sources = topology.stages
      .filter(({ upstream }) => upstream.length === 0)
      .flatMap((stage) =>
        Array.from({ length: partitionsOf(stage) }, (_, partition) => ({
          id: `${stage.name}/${partition}`,
          stage: stage.name,
          partition,
        })),
      )
  }

  /** What was written after this waits. `slots`: those that take turns here, with no need to wait for their own commit. */
  limitMs(slots: readonly TaskSlot[]): number {
    const here = new Set(slots.map(({ task }) => `${task.stage.name}/${task.partition}`))
    this.#others = this.#sources.filter(({ id }) => !here.has(id))
    this.#hindmostMs = Math.min(...this.#others.map((source) => this.#standsAt(source)))
    return this.#hindmostMs + this.#slackMs
  }

  /** Whether others should hear before the next half second how far the task has come. */
  owes({ task, takenToMs, published }: TaskSlot): boolean {
    if (this.#others.length === 0 || task.stage.upstream.length > 0) return false
    return takenToMs - published.takenToMs >= this.#slackMs / SAID_PER_SLACK
  }

  /** After a look at all turns; `isWaiting`: nothing was taken, for the limit alone. */
  after(isWaiting: boolean): void {
    const nowMs = performance.now()
    if (!isWaiting) this.#stalled = null
    else if (this.#stalled?.hindmostMs !== this.#hindmostMs)
      this.#stalled = { hindmostMs: this.#hindmostMs, sinceMs: nowMs }
    else if (nowMs - this.#stalled.sinceMs > STALLED_MAX_MS) this.#giveUpHindmost()
  }

  #giveUpHindmost(): void {
    for (const source of this.#others)
      if (this.#standsAt(source) === this.#hindmostMs) this.#givenUp.set(source, this.#hindmostMs)
  }

  #standsAt(source: Source): number {
    const ms = this.#board.standsAt(source.stage, source.partition, performance.now())
    if (!this.#givenUp.has(source)) return ms
    if (this.#givenUp.get(source) === ms) return Number.POSITIVE_INFINITY
    this.#givenUp.delete(source)
    return ms
  }
}

/** While tables are read, nothing of a stream is taken. */
export const isTakingTurns = (slot: TaskSlot): boolean => slot.phase === 'running' && takesTurns(slot)
