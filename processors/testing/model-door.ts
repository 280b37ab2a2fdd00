/** The unit's door: the last report of any device, its changes, its openings, and how much of a day's mask is used. */
import { type Day, spanAt } from './local-time.ts'
import { firstInstant, limitInstants, type Rule, type Rules, ruleAt } from './model-rules.ts'
import { isoOf, isoOrNull, type Output, type Sample } from './model-types.ts'

export type DoorChange = { atMs: number; isOpen: boolean; previousMs: number | null }
export type Opening = {
  openedMs: number
  closedMs: number | null
  warningMs: number | null
  criticalMs: number | null
}

export function doorChanges(samples: Sample[]): DoorChange[] {
  const changes: DoorChange[] = []
  for (const { atMs, doorOpen } of samples) {
    const last = changes.at(-1)
    if (doorOpen === null || last?.isOpen === doorOpen) continue
    changes.push({ atMs, isOpen: doorOpen, previousMs: last ? atMs - last.atMs : null })
  }
  return changes
}

/** After everything that was observed at the instant; before the first report the door is unknown. */
export function isDoorOpenAt(changes: DoorChange[], atMs: number): boolean {
  return changes.findLast((change) => change.atMs <= atMs)?.isOpen ?? false
}

export function openings(changes: DoorChange[], rules: Rules, clockMs: number): Opening[] {
  return changes.flatMap(({ atMs: openedMs, isOpen }, i) => {
    if (!isOpen) return []
    const closedMs = changes[i + 1]?.atMs ?? null
    const passed = (limitMs: (rule: Rule) => number) =>
      firstInstant({
        candidates: limitInstants(rules, openedMs, limitMs),
        fromMs: openedMs,
        beforeMs: closedMs ?? Number.POSITIVE_INFINITY,
        clockMs,
        holds: (at) => at - openedMs >= limitMs(ruleAt(rules, at)),
      })
    const warningMs = passed((rule) => rule.doorWarningMs)
    const criticalMs = passed((rule) => rule.doorCriticalMs)
    return [{ openedMs, closedMs, warningMs, criticalMs }]
  })
}

function openMsBetween(list: Opening[], fromMs: number, toMs: number): number {
  return list.reduce((sum, { openedMs, closedMs }) => {
    const end = Math.min(closedMs ?? toMs, toMs)
    return sum + Math.max(0, end - Math.max(openedMs, fromMs))
  }, 0)
}

/** Masked while open and while the door-open time of the local day is below the budget of the version valid then. */
export function isMaskedAt(
  changes: DoorChange[],
  list: Opening[],
  days: Day[],
  rule: Rule,
  atMs: number,
): boolean {
  if (!isDoorOpenAt(changes, atMs)) return false
  return openMsBetween(list, spanAt(days, atMs).startMs, atMs) < rule.maskBudgetMs
}

/** The instants at which some version's budget of a local day is used up. */
export function budgetInstants(list: Opening[], days: Day[], rules: Rules): number[] {
  return days.flatMap((day) =>
    list.flatMap(({ openedMs, closedMs }) => {
      const fromMs = Math.max(openedMs, day.startMs)
      const toMs = Math.min(closedMs ?? day.endMs, day.endMs)
      if (fromMs >= toMs) return []
      const usedMs = openMsBetween(list, day.startMs, fromMs)
      return rules
        .map((rule) => fromMs + rule.maskBudgetMs - usedMs)
        .filter((at) => at >= fromMs && at <= toMs)
    }),
  )
}

export function doorOutputs(
  unitId: string,
  changes: DoorChange[],
  list: Opening[],
  clockMs: number,
): Output[] {
  const events = changes.map(
    ({ atMs, isOpen, previousMs }): Output => ({
      topic: 'door-events',
      key: unitId,
      value: {
        recordedAt: isoOf(atMs),
        doorOpen: isOpen,
        durationSeconds: previousMs === null ? null : previousMs / 1000,
      },
    }),
  )
  const episodes = list.map(
    ({ openedMs, closedMs, warningMs, criticalMs }): Output => ({
      topic: 'door-openings',
      key: unitId,
      value: {
        openedAt: isoOf(openedMs),
        closedAt: isoOrNull(closedMs),
        durationSeconds: ((closedMs ?? clockMs) - openedMs) / 1000,
        warningAt: isoOrNull(warningMs),
        criticalAt: isoOrNull(criticalMs),
      },
    }),
  )
  return [...events, ...episodes]
}
