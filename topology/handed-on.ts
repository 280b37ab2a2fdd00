// What goes on to the next stage, of all tasks of a transaction, in the order of what it came from: a task's must not pass what
// another task made of earlier records (turns.ts). Within a task it is in that order already.
import type { OutputLog } from './output-log.ts'
import type { OutputRecord } from './records.ts'

/** A task's records of one topic, by their places in its log, and how many of them have been taken. */
export type Run = { log: OutputLog; places: number[]; taken: number }

/** Timers, whose cause is Infinity, come last, and equal instants stay in their task's order. The values are views. */
export function* inOrderOfCause(runs: readonly Run[]): Generator<OutputRecord> {
  for (let run = foremost(runs); run !== null; run = foremost(runs))
    yield run.log.at(run.places[run.taken++] as number)
}

function foremost(runs: readonly Run[]): Run | null {
  let found: Run | null = null
  let causeMs = Number.POSITIVE_INFINITY
  for (const run of runs) {
    const place = run.places[run.taken]
    if (place === undefined) continue
    const ownMs = run.log.causeAt(place)
    if (found !== null && ownMs >= causeMs) continue
    found = run
    causeMs = ownMs
  }
  return found
}
