// When alerts may open: days of the week and hours of the unit's wall clock. A span over midnight belongs to the day on
// which it starts.
import type { Schedule } from '../schemas/generated/types.ts'
import { DAY_MS, HOUR_MS, type LocalTime, modulo } from './local-time.ts'

/** A schedule repeats every week; a change of the offset may push one occurrence out. */
const SEARCH_DAYS = 15

/** The first instant at or after `ms` that lies inside the schedule; Infinity where it never does. */
export function nextInSchedule(schedule: Schedule | null, zone: LocalTime, ms: number): number {
  if (schedule === null || !Number.isFinite(ms)) return ms
  const lastMs = ms + SEARCH_DAYS * DAY_MS
  for (let fromMs = ms; fromMs < lastMs; ) {
    const span = zone.offsetSpanAt(fromMs)
    const foundMs = nextOnWall(schedule, fromMs + span.offsetMs) - span.offsetMs
    if (foundMs < span.endMs) return foundMs
    fromMs = span.endMs
  }
  return Number.POSITIVE_INFINITY
}

/** On a wall clock that never changes, from yesterday's span on: it may reach over midnight. */
function nextOnWall(schedule: Schedule, wallMs: number): number {
  const today = Math.floor(wallMs / DAY_MS)
  for (let day = today - 1; day <= today + SEARCH_DAYS; day++) {
    if (!schedule.days.includes(dayOfWeek(day))) continue
    const startMs = day * DAY_MS + Math.round(schedule.startHour * HOUR_MS)
    if (wallMs < startMs) return startMs
    const overMidnightMs = schedule.endHour <= schedule.startHour ? DAY_MS : 0
    const endMs = day * DAY_MS + Math.round(schedule.endHour * HOUR_MS) + overMidnightMs
    if (wallMs < endMs) return wallMs
  }
  return Number.POSITIVE_INFINITY
}

/** 0 Sunday to 6 Saturday; 1970-01-01 was a Thursday. */
const dayOfWeek = (day: number): number => modulo(day + 4, 7)
