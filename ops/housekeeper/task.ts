// What a housekeeper does on time: a task with a name, a schedule, and work that any number of processes may have begun
// and not ended. So each task must do no harm when it is done again.
import type { Work } from '../partitions/work.ts'

/** For the history: what was done, in numbers. */
export type Summary = Readonly<Record<string, unknown>>

export type Task = {
  name: string
  /** As cron: minute, hour, day of the month, month, day of the week; in UTC. */
  schedule: string
  title: string
  /** Also whenever a housekeeper starts. */
  atStart: boolean
  /** Throws where it should be tried again soon; what it has done by then stays done. */
  run: (work: Work) => Promise<Summary>
}

/** Some of it was done; the rest is tried again soon. */
export class Unfinished extends Error {
  readonly summary: Summary

  constructor(reason: string, summary: Summary) {
    super(reason)
    this.summary = summary
  }
}
