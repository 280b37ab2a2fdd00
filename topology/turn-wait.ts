// How long tasks that take turns wait for each other: within a process, and for the other members of one `--threads`.
import type { TaskSlot } from './task-slot.ts'
import { takesTurns } from './turns.ts'

/** Turns are kept unless that would hold up everything: a partition's leader may be away for long. */
const WAIT_MAX_MS = 10_000
const PENDING_MAX = 200_000
/** A record that was written longer ago is of a backlog. Fresh records wait for nobody who is still getting ready. */
const FRESH_MS = 5_000
/** A partition is nobody's for a moment while it moves. */
const HELD_MS = 5_000

/** What the members of one `--threads` agree on: none runs far ahead of the others through a backlog. */
export type Pace = {
  /** When the oldest record was written that this member may still have to take, UTC ms; Infinity: none of a backlog. */
  say(lowMs: number): void
  /** Records that were written after this instant wait: somebody, this member or another, is so far behind. UTC ms. */
  limitMs(): number
}

export const unhurried: Pace = { say: () => {}, limitMs: () => Number.POSITIVE_INFINITY }

/** While tables are read, nothing of a stream is taken. */
export const isTakingTurns = (slot: TaskSlot): boolean => slot.phase === 'running' && takesTurns(slot)

const isGettingReady = (slot: TaskSlot): boolean => slot.phase !== 'running' && takesTurns(slot)

export class TurnWait {
  /** Whether everything that is here waits for its turn, behind a slot that may still get something older. */
  isWaiting = false
  readonly #pace: Pace
  #sinceMs = 0
  #isOver = false
  #held = { lowMs: Number.POSITIVE_INFINITY, untilMs: 0 }

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Who takes turns now, and up to which record. In a backlog those that are getting ready count: theirs may be older. */
  among(all: readonly TaskSlot[], nowMs: number, hasJoined: boolean): { slots: TaskSlot[]; limitMs: number } {
    const ready = all.filter(isTakingTurns)
    const isBehind = ready.some(({ headMs }) => headMs !== null && headMs < nowMs - FRESH_MS)
    const slots = isBehind ? [...ready, ...all.filter(isGettingReady)] : ready
    const heldMs = performance.now() < this.#held.untilMs ? this.#held.lowMs : Number.POSITIVE_INFINITY
    this.#pace.say(hasJoined ? Math.min(heldMs, lowOf(all, nowMs)) : 0)
    return { slots, limitMs: isBehind && !this.#isOver ? this.#pace.limitMs() : Number.POSITIVE_INFINITY }
  }

  /** Partitions that go to another member: until it speaks for them, this one does. */
  gaveUp(slots: readonly TaskSlot[], nowMs: number): void {
    this.#held = { lowMs: lowOf(slots, nowMs), untilMs: performance.now() + HELD_MS }
  }

  /** After all turns that could be taken were taken; `isStuck`: nobody's turn, and not for want of room. */
  after(slots: readonly TaskSlot[], isStuck: boolean, hasTaken: boolean, nowMs: number): void {
    this.isWaiting = isStuck && slots.some((slot) => slot.headMs !== null)
    if (!this.isWaiting || hasTaken) {
      this.#sinceMs = performance.now()
      this.#isOver = false
    } else if (performance.now() - this.#sinceMs > WAIT_MAX_MS || pendingOf(slots) > PENDING_MAX) {
      this.#isOver = true
      for (const slot of slots) slot.isAwaited = slot.headMs !== null && slot.blockedUntilMs <= nowMs
    }
  }
}

/** A slot that is restored may have anything; one that has nothing here but is behind, whatever comes after its last. */
function lowOf(all: readonly TaskSlot[], nowMs: number): number {
  let lowMs = Number.POSITIVE_INFINITY
  for (const slot of all) {
    if (!takesTurns(slot)) continue
    if (isGettingReady(slot)) return 0
    const { headMs } = slot
    if (headMs === null ? !slot.isAtEnd : headMs < nowMs - FRESH_MS)
      lowMs = Math.min(lowMs, headMs ?? slot.task.writtenMs)
  }
  return lowMs
}

const pendingOf = (slots: readonly TaskSlot[]): number => slots.reduce((sum, { pending }) => sum + pending, 0)
