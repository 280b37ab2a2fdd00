// When a task is due next, by its cron schedule in UTC.
import { Cron } from 'croner'

/** Throws a clear error for what is no schedule, or one that never comes. */
export function nextRun(schedule: string, after: Date): Date {
  const cron = new Cron(schedule, { timezone: 'UTC', paused: true, mode: '5-part' })
  const next = cron.nextRun(after)
  cron.stop()
  if (next === null) throw new Error(`The schedule "${schedule}" never comes.`)
  return next
}
