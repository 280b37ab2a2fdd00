/**
 * Local hours, days, ISO weeks and months as spans of UTC, found by asking `Intl` for the wall clock and nothing else.
 * A day starts at the first instant of its local date, so a wall clock that falls back over midnight does not reopen
 * yesterday. An hour ends where the wall clock shows a new one, and wherever the wall clock jumps.
 */
import type { Span } from './model-types.ts'

const HOUR_MS = 3_600_000
const QUARTER_MS = HOUR_MS / 4
const DAY_MS = 24 * HOUR_MS
/** Longer than a month, so that every window that touches the asked range is whole. */
const MARGIN_MS = 40 * DAY_MS
/** No zone changes its clock twice within this. */
const SCAN_MS = 3 * HOUR_MS

export type Day = Span & { date: number }
export type Calendar = { hours: Span[]; days: Day[]; weeks: Span[]; months: Span[] }
export type Wall = { date: number; weekday: number; hour: number }
type Stretch = Span & { offsetMs: number }

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const made = newFormat(timeZone)
  formats.set(timeZone, made)
  return made
}

function newFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (cause) {
    throw new Error(`timeZone is ${timeZone}; give an IANA name such as Europe/Berlin`, { cause })
  }
}

const knownOffsetsMs = new Map<string, number>()

/** Asking `Intl` is slow, and the worlds lie around the same few instants: those on the quarter-hour are remembered. */
export function offsetMsAt(timeZone: string, atMs: number): number {
  if (atMs % QUARTER_MS !== 0) return askedOffsetMs(timeZone, atMs)
  const key = `${timeZone} ${atMs}`
  const known = knownOffsetsMs.get(key)
  if (known !== undefined) return known
  const offsetMs = askedOffsetMs(timeZone, atMs)
  knownOffsetsMs.set(key, offsetMs)
  return offsetMs
}

function askedOffsetMs(timeZone: string, atMs: number): number {
  const wall: Record<string, number> = {}
  for (const part of formatOf(timeZone).formatToParts(atMs)) wall[part.type] = Number(part.value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = wall
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000
}

/** What the wall shows: days since 1970-01-01, weekday with Sunday as 0, and the hour. */
export function wallAt(timeZone: string, atMs: number): Wall {
  const localMs = atMs + offsetMsAt(timeZone, atMs)
  const date = Math.floor(localMs / DAY_MS)
  return { date, weekday: (((date + 4) % 7) + 7) % 7, hour: Math.floor((localMs - date * DAY_MS) / HOUR_MS) }
}

/** The first instant in (a, b] with the offset of b, where exactly one change lies between. */
function changeBetween(timeZone: string, aMs: number, bMs: number): number {
  const after = offsetMsAt(timeZone, bMs)
  let [low, high] = [aMs, bMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetMsAt(timeZone, middle) === after) high = middle
    else low = middle
  }
  return high
}

function stretches(timeZone: string, fromMs: number, toMs: number): Stretch[] {
  const found: Stretch[] = []
  let startMs = fromMs
  let next = fromMs
  for (let at = fromMs; at < toMs; at = next) {
    next = Math.min((Math.floor(at / SCAN_MS) + 1) * SCAN_MS, toMs)
    if (offsetMsAt(timeZone, at) === offsetMsAt(timeZone, next)) continue
    const change = changeBetween(timeZone, at, next)
    found.push({ startMs, endMs: change, offsetMs: offsetMsAt(timeZone, at) })
    startMs = change
  }
  found.push({ startMs, endMs: toMs, offsetMs: offsetMsAt(timeZone, toMs) })
  return found
}

/** Each jump of the wall clock, and each instant at which it shows a multiple of `stepMs`. */
function ticks(parts: Stretch[], stepMs: number): { atMs: number; localMs: number }[] {
  return parts.flatMap(({ startMs, endMs, offsetMs }) => {
    const inside = [{ atMs: startMs, localMs: startMs + offsetMs }]
    const firstLocal = (Math.floor((startMs + offsetMs) / stepMs) + 1) * stepMs
    for (let local = firstLocal; local - offsetMs < endMs; local += stepMs) {
      inside.push({ atMs: local - offsetMs, localMs: local })
    }
    return inside
  })
}

function daysOf(parts: Stretch[]): Day[] {
  const [first, ...rest] = ticks(parts, DAY_MS)
  if (!first) return []
  let newest = Math.floor(first.localMs / DAY_MS)
  const starts: { startMs: number; date: number }[] = []
  for (const { atMs, localMs } of rest) {
    const date = Math.floor(localMs / DAY_MS)
    if (date <= newest) continue
    newest = date
    starts.push({ startMs: atMs, date })
  }
  return starts.flatMap(({ startMs, date }, i) => {
    const next = starts[i + 1]
    return next ? [{ startMs, endMs: next.startMs, date }] : []
  })
}

function isoWeekOf({ date }: Day): string {
  return String(Math.floor((date + 3) / 7))
}

function monthOf({ date }: Day): string {
  return new Date(date * DAY_MS).toISOString().slice(0, -'-ddThh:mm:ss.sssZ'.length)
}

function grouped(days: Day[], keyOf: (day: Day) => string): Span[] {
  const groups = new Map<string, Span>()
  for (const day of days) {
    const group = groups.get(keyOf(day))
    if (group) group.endMs = day.endMs
    else groups.set(keyOf(day), { startMs: day.startMs, endMs: day.endMs })
  }
  return [...groups.values()]
}

/** All windows that touch `fromMs` to `toMs`, both included, each of them whole. */
export function calendar(timeZone: string, fromMs: number, toMs: number): Calendar {
  const parts = stretches(timeZone, fromMs - MARGIN_MS, toMs + MARGIN_MS)
  const allDays = daysOf(parts)
  const touches = (span: Span) => span.startMs <= toMs && span.endMs > fromMs
  const weeks = grouped(allDays, isoWeekOf).filter(touches)
  const months = grouped(allDays, monthOf).filter(touches)
  const days = allDays.filter(touches)
  const starts = ticks(parts, HOUR_MS).map((tick) => tick.atMs)
  const hours = starts
    .map((startMs, i) => ({ startMs, endMs: starts[i + 1] ?? Number.POSITIVE_INFINITY }))
    .filter(touches)
  return { hours, days, weeks, months }
}

/** The span of an ordered list in which the instant lies. */
export function spanAt<S extends Span>(spans: S[], atMs: number): S {
  let [low, high] = [0, spans.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((spans[middle]?.startMs ?? 0) <= atMs) low = middle
    else high = middle - 1
  }
  const span = spans[low]
  if (span && span.startMs <= atMs && atMs < span.endMs) return span
  throw new Error(`No window holds ${new Date(atMs).toISOString()}; build the calendar over a longer range`)
}
