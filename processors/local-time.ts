// Local time of one IANA zone: where its hours, days, ISO weeks and months begin, over every rule for summer time.
//
// A zone is a list of spans with one UTC offset each. Intl is asked once for each span, never for a reading: all else
// is arithmetic on the cached spans.
//
//   hour    cut at each full hour of the wall clock and at each change of the offset
//   day     starts at the first instant of its local date; a date that is skipped has no instant and no day
export type Span = { startMs: number; endMs: number }

/** A stretch of time with one offset: wall = UTC + offset. */
export type OffsetSpan = Span & { offsetMs: number }

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** Offsets are looked up a chunk at a time; within a chunk, a change is found by probing each day. */
const CHUNK_MS = 256 * DAY_MS
/** No zone was ever further from UTC. */
const OFFSET_MAX_MS = 26 * HOUR_MS

export type LocalTime = {
  timeZone: string
  hourAt(ms: number): Span
  dayAt(ms: number): Span
  weekAt(ms: number): Span
  monthAt(ms: number): Span
  offsetSpanAt(ms: number): OffsetSpan
}

const zones = new Map<string, LocalTime>()

/** Throws a RangeError for a name that is no IANA time zone. */
export function localTime(timeZone: string): LocalTime {
  const known = zones.get(timeZone)
  if (known !== undefined) return known
  const created = openZone(timeZone)
  zones.set(timeZone, created)
  return created
}

function openZone(timeZone: string): LocalTime {
  const offsetAt = offsetReader(timeZone)
  const chunks = new Map<number, readonly OffsetSpan[]>()

  const chunk = (index: number): readonly OffsetSpan[] => {
    const known = chunks.get(index)
    if (known !== undefined) return known
    const spans = spansBetween(offsetAt, index * CHUNK_MS, (index + 1) * CHUNK_MS)
    chunks.set(index, spans)
    return spans
  }
  const offsetSpanAt = (ms: number): OffsetSpan => {
    const spans = chunk(Math.floor(ms / CHUNK_MS))
    for (const span of spans) if (ms < span.endMs) return span
    throw new RangeError(`${ms} is no instant`)
  }
  /** The first instant whose local date is `day` (counted from 1970-01-01) or later. */
  const startOfDay = (day: number): number => {
    const wallMs = day * DAY_MS
    for (let span = offsetSpanAt(wallMs - OFFSET_MAX_MS); ; span = offsetSpanAt(span.endMs)) {
      const ms = Math.max(span.startMs, wallMs - span.offsetMs)
      if (ms < span.endMs) return ms
    }
  }
  /** Where a clock goes back over midnight the later date has begun all the same. */
  const dayNumberAt = (ms: number): number => {
    const day = Math.floor((ms + offsetSpanAt(ms).offsetMs) / DAY_MS)
    return startOfDay(day + 1) <= ms ? day + 1 : day
  }
  const days = (first: number, after: number): Span => ({
    startMs: startOfDay(first),
    endMs: startOfDay(after),
  })

  return {
    timeZone,
    offsetSpanAt,
    hourAt(ms) {
      const span = offsetSpanAt(ms)
      const fullMs = Math.floor((ms + span.offsetMs) / HOUR_MS) * HOUR_MS - span.offsetMs
      return {
        startMs: lastChange(offsetSpanAt, span, fullMs),
        endMs: firstChange(offsetSpanAt, span, fullMs + HOUR_MS),
      }
    },
    dayAt(ms) {
      const day = dayNumberAt(ms)
      return days(day, day + 1)
    },
    weekAt(ms) {
      const day = dayNumberAt(ms)
      const monday = day - modulo(day + 3, 7)
      return days(monday, monday + 7)
    },
    monthAt(ms) {
      const date = new Date(dayNumberAt(ms) * DAY_MS)
      const year = date.getUTCFullYear()
      const month = date.getUTCMonth()
      return days(Date.UTC(year, month, 1) / DAY_MS, Date.UTC(year, month + 1, 1) / DAY_MS)
    },
  }
}

export const modulo = (n: number, by: number): number => ((n % by) + by) % by

type SpanAt = (ms: number) => OffsetSpan

/** The start of an hour within the span: `fullMs`, or the change of the offset that came after it. */
function lastChange(spanAt: SpanAt, span: OffsetSpan, fullMs: number): number {
  if (span.startMs <= fullMs) return fullMs
  // The border of a chunk is no change.
  const before = spanAt(span.startMs - 1)
  return before.offsetMs === span.offsetMs ? lastChange(spanAt, before, fullMs) : span.startMs
}

function firstChange(spanAt: SpanAt, span: OffsetSpan, fullMs: number): number {
  if (span.endMs >= fullMs) return fullMs
  const after = spanAt(span.endMs)
  return after.offsetMs === span.offsetMs ? firstChange(spanAt, after, fullMs) : span.endMs
}

function spansBetween(offsetAt: (ms: number) => number, fromMs: number, toMs: number): OffsetSpan[] {
  const spans: OffsetSpan[] = []
  let startMs = fromMs
  let offsetMs = offsetAt(fromMs)
  for (let probeMs = fromMs + DAY_MS; probeMs <= toMs; probeMs += DAY_MS) {
    const probed = offsetAt(probeMs - 1)
    if (probed === offsetMs) continue
    const endMs = changeBetween(offsetAt, Math.max(startMs, probeMs - DAY_MS - 1), probeMs - 1)
    spans.push({ startMs, endMs, offsetMs })
    startMs = endMs
    offsetMs = probed
  }
  spans.push({ startMs, endMs: toMs, offsetMs })
  return spans
}

/** The first instant with another offset than `lowMs`, by halving. */
function changeBetween(offsetAt: (ms: number) => number, lowMs: number, highMs: number): number {
  const offsetMs = offsetAt(lowMs)
  let low = lowMs
  let high = highMs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === offsetMs) low = middle
    else high = middle
  }
  return high
}

function offsetReader(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (ms) => {
    const part: Record<string, number> = {}
    let isBeforeChrist = false
    for (const { type, value } of format.formatToParts(ms)) {
      part[type] = Number(value)
      if (type === 'era') isBeforeChrist = value.startsWith('B')
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
    const wall = new Date(Date.UTC(2000, month - 1, day, hour, minute, second))
    wall.setUTCFullYear(isBeforeChrist ? 1 - year : year, month - 1, day)
    return wall.getTime() - Math.floor(ms / 1000) * 1000
  }
}
