// How long tasks that take turns wait for each other, and for those of other processes.
import { isTakingTurns, type Pace } from './pace.ts'
import type { TaskSlot } from './task-slot.ts'

/** Turns are kept unless that would hold up everything: a partition's leader may be away for long. */
const WAIT_MAX_MS = 10_000
const PENDING_MAX = 200_000
/** Of all that waits in a process, as the broker has it. */
export const PENDING_BYTES_MAX = 64 * 1024 * 1024

export class TurnWait {
  /** Whether everything that is here waits for its turn, behind a slot that may still get something older. */
  isWaiting = false
  readonly #pace: Pace
  #limitMs = Number.POSITIVE_INFINITY
  #sinceMs = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Who takes turns now, and up to which record. */
  among(all: readonly TaskSlot[]): { slots: TaskSlot[]; limitMs: number } {
    const slots = all.filter(isTakingTurns)
    this.#limitMs = this.#pace.limitMs(slots)
    return { slots, limitMs: this.#limitMs }
  }

  /** After all turns that could be taken were taken; `isStuck`: nobody's turn, and not for want of room. */
  after(slots: readonly TaskSlot[], isStuck: boolean, hasTaken: boolean, nowMs: number): void {
    const hasRecords = slots.some((slot) => slot.headMs !== null)
    const headsMs = slots.flatMap((slot) => (slot.blockedUntilMs > nowMs ? [] : (slot.headMs ?? [])))
    const isPaced = isStuck && headsMs.length > 0 && Math.min(...headsMs) > this.#limitMs
    this.#pace.after(isPaced && !hasTaken)
    this.isWaiting = isStuck && hasRecords && (!isPaced || slots.some(mayGetOlder))
    if (!this.isWaiting || hasTaken) this.#sinceMs = performance.now()
    else if (performance.now() - this.#sinceMs > WAIT_MAX_MS || isTooMuch(slots))
      for (const slot of slots) slot.isAwaited = slot.headMs !== null && slot.blockedUntilMs <= nowMs
  }
}

const mayGetOlder = (slot: TaskSlot): boolean => slot.headMs === null && slot.isAwaited && !slot.isAtEnd

const isTooMuch = (slots: readonly TaskSlot[]): boolean =>
  slots.reduce((sum, { pending }) => sum + pending, 0) > PENDING_MAX ||
  slots.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0) > PENDING_BYTES_MAX
