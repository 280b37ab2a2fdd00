// Whether a process does what it is there for. Timers and alerts come from clocks; a clock that stands still is a silence that
// nobody hears. So what stands still for too long is named, with its partition, and the process is not ready while it does:
// - the loop (session.ts) has not turned;
// - a task has read all there is, and its clock neither moves nor is at the wall clock;
// - the process has told its clocks to the others, and has heard nothing since, not even its own word.
// It only looks; `now` is always the monotonic clock.
import type { ClockBoard, ClockMode } from './clock-board.ts'
import type { TaskSlot } from './task-slot.ts'

/** A broker's longest pause that is nobody's fault: a killed member's transaction, 15 s, and the election of a leader. */
const STILL_MAX_MS = 30_000
/** Nothing heard for so long: the reader will not recover by itself. */
export const DEAF_MAX_MS = 60_000

/** What the loop is at, as a person reads it. */
export type Step = 'joining' | 'reading' | 'changing partitions' | 'taking records' | 'committing'

/** `stage` and `partition`: of a task; null: of the process. */
export type Trouble = { stage: string | null; partition: number | null; reason: string }

type Seen = { clockMs: number; sinceMs: number; saidMs: number }

export type PulseSetup = {
  clock: ClockMode
  board: ClockBoard
  /** The wall clock, UTC ms. */
  nowMs: () => number
}

export class Pulse {
  readonly #setup: PulseSetup
  #step: Step = 'joining'
  #turnedMs: number
  #seen = new Map<TaskSlot, Seen>()
  /** Since when it waits to hear anything of what it has said. */
  #unheardMs: number | null = null

  constructor(setup: PulseSetup, now: number) {
    this.#setup = setup
    this.#turnedMs = now
  }

  at(step: Step): void {
    this.#step = step
  }

  /** Once a turn of the loop, with all tasks. */
  turned(slots: readonly TaskSlot[], now: number): void {
    this.#turnedMs = now
    let hasSaid = false
    this.#seen = new Map(
      slots.map((slot) => {
        const before = this.#seen.get(slot)
        const [clockMs, saidMs] = [slot.clock.ms, slot.published.atMs]
        if (before !== undefined && saidMs !== before.saidMs) hasSaid = true
        const isStill = before?.clockMs === clockMs
        return [slot, { clockMs, saidMs, sinceMs: isStill ? before.sinceMs : now }]
      }),
    )
    if (this.#unheardMs !== null && this.#setup.board.heardMs > this.#unheardMs) this.#unheardMs = null
    if (hasSaid) this.#unheardMs ??= now
  }

  /** How long the loop has not turned. */
  loopStillMs(now: number): number {
    return now - this.#turnedMs
  }

  /** For how long nothing was heard since it has said something. */
  deafMs(now: number): number {
    return this.#unheardMs === null ? 0 : now - this.#unheardMs
  }

  troubles(now: number): Trouble[] {
    const troubles: Trouble[] = []
    const ofProcess = (reason: string) => troubles.push({ stage: null, partition: null, reason })
    const stillMs = this.loopStillMs(now)
    if (stillMs > STILL_MAX_MS) ofProcess(`The loop has been ${this.#step} for ${seconds(stillMs)}.`)
    const deafMs = this.deafMs(now)
    if (deafMs > STILL_MAX_MS)
      ofProcess(`Nothing was heard of any task's clock for ${seconds(deafMs)}, not even of its own.`)
    for (const [slot, { sinceMs }] of this.#seen) {
      const { stage, partition } = slot.task
      if (this.#isStuck(slot, now - sinceMs))
        troubles.push({
          stage: stage.name,
          partition,
          reason: `${stage.name}/${partition}: ${this.#reasonOf(slot, now - sinceMs)}`,
        })
    }
    return troubles
  }

  /** A replay's clock follows its uplinks; behind, a task's clock moves as it comes forward, and at the wall clock it waits. */
  #isStuck({ phase, clock }: TaskSlot, stillMs: number): boolean {
    if (this.#setup.clock === 'events' || phase !== 'running' || stillMs <= STILL_MAX_MS) return false
    return (clock.caughtUp || !clock.isEndKnown) && this.#setup.nowMs() - clock.ms > STILL_MAX_MS
  }

  #reasonOf({ task: { stage }, clock }: TaskSlot, stillMs: number): string {
    const still = `its clock has stood still for ${seconds(stillMs)}`
    if (!clock.isEndKnown) return `${still}: Kafka does not tell the end of its stream.`
    const hindmost = this.#setup.board.hindmostOf(stage)
    if (hindmost === null) return `${still}, and it has read all there is.`
    return `${still}: it waits for ${hindmost.stage}/${hindmost.partition}, here or in another process.`
  }
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
