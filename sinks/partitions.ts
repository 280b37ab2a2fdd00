// Which partition a row belongs to: `sensor_readings_y2026m02` holds the readings of February 2026, `events_2026_02_01` the
// events of one day, both in UTC.
import { RowRefused } from './copy-binary.ts'

/** A month or a day, counted through, so that the next one is one more. */
export type Period = number

export type Partitioning = {
  parent: 'sensor_readings' | 'events'
  column: string
  /** What one partition holds, as a person says it. */
  unit: 'month' | 'day'
  periodOf(timeMs: number): Period
  startMs(period: Period): number
  nameOf(period: Period): string
}

/** A row outside of these is a fault further up; it must not make thousands of tables. */
const FIRST_YEAR = 1970
const LAST_YEAR = 2199
const DAY_MS = 86_400_000

const digits = (value: number, width: number) => String(value).padStart(width, '0')

/** Months since January of year 0. */
export const readingsByMonth: Partitioning = {
  parent: 'sensor_readings',
  column: 'recorded_at',
  unit: 'month',
  periodOf(timeMs) {
    const time = new Date(timeMs)
    return knownYear(time, 'reading') * 12 + time.getUTCMonth()
  },
  startMs: (month) => Date.UTC(Math.floor(month / 12), month % 12, 1),
  nameOf: (month) => `sensor_readings_y${digits(Math.floor(month / 12), 4)}m${digits((month % 12) + 1, 2)}`,
}

/** Days since 1970. */
export const eventsByDay: Partitioning = {
  parent: 'events',
  column: 'occurred_at',
  unit: 'day',
  periodOf(timeMs) {
    knownYear(new Date(timeMs), 'event')
    return Math.floor(timeMs / DAY_MS)
  },
  startMs: (day) => day * DAY_MS,
  nameOf: (day) => `events_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '_')}`,
}

function knownYear(time: Date, what: string): number {
  const year = time.getUTCFullYear()
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR))
    throw new RowRefused(`${what === 'event' ? 'an' : 'a'} ${what} of the year ${year} has no partition`)
  return year
}

/** The first instant of the period, as Postgres reads it. */
export function periodStart({ startMs }: Partitioning, period: Period): string {
  return new Date(startMs(period)).toISOString()
}

/** The month of `nowMs`, the one before for what comes late, and three ahead. */
export function monthsAround(nowMs: number): Period[] {
  return [-1, 0, 1, 2, 3].map((offset) => readingsByMonth.periodOf(nowMs) + offset)
}

/** The first day of which events are kept: `retentionDays` whole days before today. */
export const firstEventDay = (nowMs: number, retentionDays: number): Period =>
  eventsByDay.periodOf(nowMs) - retentionDays

/** Remembers where the current period ends, so that a run of rows costs one comparison each. */
export class PeriodSet {
  readonly periods = new Set<Period>()
  readonly #partitioning: Partitioning
  #fromMs = 0
  #toMs = 0

  constructor(partitioning: Partitioning) {
    this.#partitioning = partitioning
  }

  add(timeMs: number): void {
    if (timeMs >= this.#fromMs && timeMs < this.#toMs) return
    const { periodOf, startMs } = this.#partitioning
    const period = periodOf(timeMs)
    this.periods.add(period)
    this.#fromMs = startMs(period)
    this.#toMs = startMs(period + 1)
  }
}
