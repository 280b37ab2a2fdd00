// Which monthly tables must exist before readings are copied: `sensor_readings_y2026m02` holds February 2026, in UTC.
import { RowRefused } from './copy-binary.ts'

/** Months since January of year 0. */
export type Month = number

/** A reading outside of these is a fault further up; it must not make thousands of tables. */
const FIRST_YEAR = 1970
const LAST_YEAR = 2199

export function monthOf(timeMs: number): Month {
  const time = new Date(timeMs)
  const year = time.getUTCFullYear()
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR))
    throw new RowRefused(`a reading of the year ${year} has no partition`)
  return year * 12 + time.getUTCMonth()
}

export function monthTable(month: Month): string {
  return `sensor_readings_y${yearOf(month)}m${String((month % 12) + 1).padStart(2, '0')}`
}

/** The first instant of the month, as Postgres reads it. */
export function monthStart(month: Month): string {
  return `${yearOf(month)}-${String((month % 12) + 1).padStart(2, '0')}-01 00:00:00+00`
}

/** The month of `nowMs`, the one before for what comes late, and three ahead. */
export function monthsAround(nowMs: number): Month[] {
  return [-1, 0, 1, 2, 3].map((offset) => monthOf(nowMs) + offset)
}

const yearOf = (month: Month) => String(Math.floor(month / 12)).padStart(4, '0')

/** Remembers where the current month ends, so that a run of readings costs one comparison each. */
export class MonthSet {
  readonly months = new Set<Month>()
  #fromMs = 0
  #toMs = 0

  add(timeMs: number): void {
    if (timeMs >= this.#fromMs && timeMs < this.#toMs) return
    const month = monthOf(timeMs)
    this.months.add(month)
    this.#fromMs = Date.UTC(Math.floor(month / 12), month % 12, 1)
    this.#toMs = Date.UTC(Math.floor(month / 12), (month % 12) + 1, 1)
  }
}
