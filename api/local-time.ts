// Instants as a clock on a wall shows them.
import { refusal } from './errors.ts'

/** Names alone: of `+01:00` and the like Postgres and ISO 8601 think the opposite. */
export function checkZone(name: string): void {
  try {
    if (/^[A-Z]/i.test(name)) return void formatterOf(name)
  } catch {
    // Intl knows no such zone.
  }
  throw refusal('BAD_INPUT', `${JSON.stringify(name)} is no IANA time zone, such as Europe/Berlin.`)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** One for each zone: to make one takes longer than to use it a thousand times. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const digits = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  } as const
  const formatter = new Intl.DateTimeFormat('en-GB', {
    ...digits,
    timeZone,
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
  formatters.set(timeZone, formatter)
  return formatter
}

/** ISO 8601 with the offset that is in force then, such as 2026-02-01T00:00:00+01:00. */
export function localIso(instant: Date, timeZone: string): string {
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  )
  const [year, month, day, hour, minute, second] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((part) => parts.get(part))
  const offset = parts.get('timeZoneName')?.slice('GMT'.length) || '+00:00'
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`
}
