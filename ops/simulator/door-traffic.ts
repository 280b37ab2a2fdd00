// When people open a unit's door: a schedule for each UTC day, drawn from the seed and the day alone, denser when the
// site's clock says kitchen hours.
import { chanceOf } from './random.ts'
import type { UnitType } from './thermal.ts'

/** Half-open, UTC ms. */
export type Span = { fromMs: number; toMs: number }

export const dayMs = 86_400_000
const hourMs = 3_600_000

const openingsPerDay: Record<UnitType, number> = {
  fridge: 34,
  display_case: 48,
  walk_in_cooler: 26,
  blast_chiller: 10,
  freezer: 12,
  walk_in_freezer: 14,
}

/** How busy each local hour is, from midnight. */
const busy = [0, 0, 0, 0, 0, 1, 4, 6, 5, 5, 6, 9, 10, 7, 4, 4, 6, 9, 9, 6, 3, 1, 0, 0]

/** Between two openings: a sensor needs a moment, and so do people. */
const leastPauseMs = 60_000
const edgeMarginMs = 5 * 60_000

export type DoorTraffic = { seed: number; unitId: string; type: UnitType; timeZone: string }

/** Ascending, apart from each other, all inside the UTC day. */
export function openingsOfDay({ seed, unitId, type, timeZone }: DoorTraffic, dayStartMs: number): Span[] {
  const chance = chanceOf(seed, 'door', unitId, dayStartMs)
  const offsetMs = zoneOffsetMs(timeZone, dayStartMs + dayMs / 2)
  const count = Math.round(openingsPerDay[type] * chance.between(0.8, 1.2))
  const spans = Array.from({ length: count }, () => {
    const localMs = busyInstant(chance.next())
    const fromMs = dayStartMs + ((((localMs - offsetMs) % dayMs) + dayMs) % dayMs)
    // Mostly a grab, now and then a delivery.
    const seconds = Math.min(110, 6 - 22 * Math.log(1 - chance.next()))
    return { fromMs: Math.round(fromMs), toMs: Math.round(fromMs + seconds * 1_000) }
  })
  const inside = spans.filter(
    ({ fromMs, toMs }) => fromMs > dayStartMs + edgeMarginMs && toMs < dayStartMs + dayMs - edgeMarginMs,
  )
  return apart(inside.sort((a, b) => a.fromMs - b.fromMs))
}

/** Of two that come too close, the earlier counts. */
export function apart(sorted: readonly Span[]): Span[] {
  const kept: Span[] = []
  for (const span of sorted) {
    const last = kept.at(-1)
    if (last === undefined || span.fromMs >= last.toMs + leastPauseMs) kept.push(span)
  }
  return kept
}

/** The local time of day below which this share of the day's business lies. */
function busyInstant(share: number): number {
  let left = share * busy.reduce((sum, weight) => sum + weight, 0)
  for (const [hour, weight] of busy.entries()) {
    if (left < weight) return (hour + left / weight) * hourMs
    left -= weight
  }
  return 12 * hourMs
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Local minus UTC, at that instant. */
export function zoneOffsetMs(timeZone: string, atMs: number): number {
  const format =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  formats.set(timeZone, format)
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(name)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000
}
