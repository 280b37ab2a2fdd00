// How long tasks that take turns wait for each other, and for those of other processes.
import { isTakingTurns, type Pace } from './pace.ts'
import type { TaskSlot } from './task-slot.ts'

/**
 * For so long without any progress is one waited for that is known to have records and gives none: its leader may be away
 * for long. What waits meanwhile is bounded otherwise: back-pressure.ts.
 */
const WAIT_MAX_MS = 10_000

export class TurnWait {
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
    // Everything that is here waits for its turn, behind a slot that may still get something older.
    const isWaiting = isStuck && hasRecords && (!isPaced || slots.some(mayGetOlder))
    if (!isWaiting || hasTaken) this.#sinceMs = performance.now()
    else if (performance.now() - this.#sinceMs > WAIT_MAX_MS)
      for (const slot of slots) slot.isAwaited = slot.headMs !== null && slot.blockedUntilMs <= nowMs
  }
}

const mayGetOlder = (slot: TaskSlot): boolean => slot.headMs === null && slot.isAwaited && !slot.isAtEnd
