// Which windows a late reading has made wrong: those in which its value holds, and the longer ones around them. A value
// holds until the next temperature, or until it lapses; so one reading may reach into the hours behind its own.
import { type Limits, limitsOfVersions, noLimits } from '../../processors/limits.ts'
import { localTime } from '../../processors/local-time.ts'
import type { Granularity, UnitConfig } from '../../schemas/generated/types.ts'

/** A reading beyond grace whose windows are not known to be right. */
export type LateReading = {
  unitId: string
  organizationId: string
  deviceId: string
  recordedAt: Date
  /** Of the unit's next temperature; null: there is none. */
  nextAt: Date | null
  /** The unit's newest reading. */
  newestAt: Date
  /** Up to where its windows run. */
  runsTo: Date | null
}

export type DirtyWindow = {
  unitId: string
  organizationId: string
  granularity: Granularity
  startMs: number
  endMs: number
  newestMs: number
  /** The unit stage's checkpoint has passed it: nothing but a repair changes it any more. */
  isSettled: boolean
}

/** A version as SQL reads it: gapless, the time before the first one without limits. */
export type LimitSpan = Pick<Limits, 'tempMinC' | 'tempMaxC' | 'holdMs'> & { fromMs: number; untilMs: number }

export function limitSpans(config: UnitConfig | null): LimitSpan[] {
  const limits = limitsOfVersions(config?.versions ?? [])
  // Of two with the same instant the later one stands.
  const versions = [noLimits, ...limits].filter(
    ({ validFromMs }, index, all) => all[index + 1]?.validFromMs !== validFromMs,
  )
  return versions.map(({ validFromMs, tempMinC, tempMaxC, holdMs }, index) => ({
    ...{ tempMinC, tempMaxC, holdMs, fromMs: validFromMs },
    untilMs: versions[index + 1]?.validFromMs ?? Number.POSITIVE_INFINITY,
  }))
}

/** When a value of `recordedMs` becomes unknown: the first instant at which the version valid then finds it too old. */
export function lapseMs(spans: readonly LimitSpan[], recordedMs: number): number {
  for (const { fromMs, untilMs, holdMs } of spans) {
    if (untilMs <= recordedMs) continue
    const ms = Math.max(recordedMs + holdMs, fromMs)
    if (ms < untilMs) return ms
  }
  return Number.POSITIVE_INFINITY
}

/** The windows of one late reading, shorter ones first. */
export function windowsOf(late: LateReading, config: UnitConfig | null, graceMs: number): DirtyWindow[] {
  const zone = localTime(config?.timeZone ?? 'UTC')
  const { unitId, organizationId } = late
  const recordedMs = late.recordedAt.getTime()
  const newestMs = late.newestAt.getTime()
  const toMs = Math.min(
    late.nextAt?.getTime() ?? Math.max(newestMs, late.runsTo?.getTime() ?? newestMs),
    lapseMs(limitSpans(config), recordedMs),
  )
  const found = new Map<string, DirtyWindow>()
  for (let ms = recordedMs; ms <= Math.max(recordedMs, toMs - 1); ms = zone.hourAt(ms).endMs) {
    const spans = {
      hour: zone.hourAt(ms),
      day: zone.dayAt(ms),
      week: zone.weekAt(ms),
      month: zone.monthAt(ms),
    }
    for (const [name, { startMs, endMs }] of Object.entries(spans)) {
      const granularity = name as Granularity
      const isSettled = endMs <= newestMs - graceMs
      const window = { unitId, organizationId, granularity, startMs, endMs, newestMs, isSettled }
      found.set(`${granularity} ${startMs}`, window)
    }
  }
  return [...found.values()]
}
