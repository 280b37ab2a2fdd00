// What goes on to the next stage, of all tasks of a transaction, in the order of what it came from: a task's must not pass what
// another task made of earlier records (turns.ts). Within a task it is in that order already.
import type { OutputLog } from './output-log.ts'

/** A task's records of one topic, by their places in its log, and how many of them have been taken. */
type Run = { readonly log: OutputLog; readonly places: readonly number[]; taken: number }

/** A cursor: after `next`, `log` and `at` say which record it is. Nothing is made for each. */
export class HandedOn {
  readonly #runs: Run[] = []
  #run: Run | null = null
  at = 0

  /** `places`: in their order. Runs are told in the order of their tasks. */
  addRun(log: OutputLog, places: readonly number[]): void {
    this.#runs.push({ log, places, taken: 0 })
  }

  get log(): OutputLog {
    if (this.#run === null) throw new Error('There is no record before `next`.')
    return this.#run.log
  }

  /** Timers, whose cause is Infinity, come last, and equal instants stay in their task's order. False: there are no more. */
  next(): boolean {
    this.#run = this.#foremost()
    if (this.#run === null) return false
    this.at = this.#run.places[this.#run.taken++] as number
    return true
  }

  #foremost(): Run | null {
    let found: Run | null = null
    let causeMs = Number.POSITIVE_INFINITY
    for (const run of this.#runs) {
      const place = run.places[run.taken]
      if (place === undefined) continue
      const ownMs = run.log.causeAt(place)
      if (found !== null && ownMs >= causeMs) continue
      found = run
      causeMs = ownMs
    }
    return found
  }
}
