// How fast what was held back for hours is written: by the spool while Kafka was away, by an MQTT session while the bridge was,
// by the Storage Integration. Written within milliseconds, hours of a unit's devices would lie in several partitions at once,
// and which of them is read first is luck: what the processors then call late beyond grace would be luck, too. So a flood is
// written at an hour of its instants a second: readers that are a second apart are an hour apart in it, half of the grace.
import { setTimeout as sleep } from 'node:timers/promises'

const SPEED = 3_600
/** Younger uplinks are no flood. */
const LIVE_MS = 60_000
/** What may be written at once, in time of writing: 15 minutes of instants. */
const AHEAD_MS = 250
/** A longer gap between two uplinks takes no longer: two seconds. */
const GAP_MAX_MS = 7_200_000
/** After so long without one, the next old uplink begins a flood of its own. */
const PAUSE_MS = 1_000
const LOOK_EVERY_MS = 20

type Clocks = { nowMs: () => number; steadyMs: () => number }

/** Of one source, whose uplinks come roughly in the order of their instants. What is older than one before waits for nothing. */
export class FloodPace {
  readonly #clocks: Clocks
  #newestMs = 0
  /** When, by the pace, the newest one was due; and when one was last asked for. Steady ms. */
  #dueMs = Number.NEGATIVE_INFINITY
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(clocks: Clocks = { nowMs: Date.now, steadyMs: () => performance.now() }) {
    this.#clocks = clocks
  }

  /** Whether an uplink of this instant, UTC ms, may be written now; if so, it counts as written. */
  opens(recordedAtMs: number): boolean {
    if (this.#clocks.nowMs() - recordedAtMs < LIVE_MS) return true
    const nowMs = this.#clocks.steadyMs()
    if (nowMs - this.#askedMs > PAUSE_MS) this.#newestMs = recordedAtMs
    this.#askedMs = nowMs
    const gapMs = Math.min(Math.max(recordedAtMs - this.#newestMs, 0), GAP_MAX_MS)
    const dueMs = this.#dueMs + gapMs / SPEED
    if (dueMs > nowMs) return false
    this.#dueMs = Math.max(dueMs, nowMs - AHEAD_MS)
    this.#newestMs = Math.max(this.#newestMs, recordedAtMs)
    return true
  }

  /** Resolves once it may be written. */
  async turn(recordedAtMs: number): Promise<void> {
    while (!this.opens(recordedAtMs)) await sleep(LOOK_EVERY_MS)
  }
}
