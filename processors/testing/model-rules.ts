/** The versions of a unit's rule, each with the span in which it is valid and with "not set" already given its meaning. */
import { type DryRunConfig, instantMs, type Schedule, type Span, type UnitVersion } from './model-types.ts'

const NEVER = Number.POSITIVE_INFINITY

/** Milliseconds throughout; Infinity says never, unlimited, or no limit. */
export type Rule = Span & {
  tempMin: number
  tempMax: number
  delayMs: number
  intervalMs: number | null
  holdMs: number
  silenceWarningMs: number
  silenceCriticalMs: number
  doorWarningMs: number
  doorCriticalMs: number
  maskBudgetMs: number
  confirmClosedMs: number
  confirmOpenMs: number
  maxExcursionMs: number
  schedule: Schedule | null
}

/** Gapless from -Infinity to Infinity: the first is the time before any version. */
export type Rules = Rule[]

type Minutes = number | null | undefined

/** Instants are whole milliseconds, so limits are too. */
function minutesMs(minutes: Minutes, unsetMs: number): number {
  return minutes === null || minutes === undefined ? unsetMs : Math.round(minutes * 60_000)
}

function ruleOf(version: Omit<UnitVersion, 'validFrom'>, span: Span): Rule {
  const interval = version.expectedReadingIntervalSeconds ?? null
  const intervalMs = interval === null ? null : Math.round(interval * 1000)
  const timesInterval = (count: Minutes) =>
    intervalMs === null || count === null || count === undefined ? NEVER : Math.round(count * intervalMs)
  const confirmClosedMs = minutesMs(version.excursionConfirmMinutesDoorClosed, 0)
  return {
    ...span,
    tempMin: version.tempMin ?? -NEVER,
    tempMax: version.tempMax ?? NEVER,
    delayMs: minutesMs(version.delayMinutes, 0),
    intervalMs,
    holdMs:
      timesInterval(version.offlineTriggerMultiplier ?? 1) +
      minutesMs(version.offlineTriggerAdditionalMinutes, 0),
    silenceWarningMs: timesInterval(version.offlineWarningMissedCheckins),
    silenceCriticalMs: timesInterval(version.offlineCriticalMissedCheckins),
    doorWarningMs: minutesMs(version.doorOpenWarningMinutes, NEVER),
    doorCriticalMs: minutesMs(version.doorOpenCriticalMinutes, NEVER),
    maskBudgetMs: minutesMs(version.doorOpenMaxMaskMinutesPerDay, NEVER),
    confirmClosedMs,
    confirmOpenMs: minutesMs(version.excursionConfirmMinutesDoorOpen, confirmClosedMs),
    maxExcursionMs: minutesMs(version.maxExcursionMinutes, NEVER),
    schedule: version.schedule ?? null,
  }
}

export function rulesOf(config: DryRunConfig, unitId: string): Rules {
  const byStart = new Map<number, UnitVersion>()
  for (const version of config.units?.[unitId] ?? []) {
    byStart.set(instantMs(version.validFrom, `validFrom of a version of unit ${unitId}`), version)
  }
  const versions = [...byStart].sort(([a], [b]) => a - b)
  const starts = versions.map(([startMs]) => startMs)
  const before = ruleOf({}, { startMs: -NEVER, endMs: starts[0] ?? NEVER })
  return [
    before,
    ...versions.map(([startMs, version], i) => ruleOf(version, { startMs, endMs: starts[i + 1] ?? NEVER })),
  ]
}

export function ruleAt(rules: Rules, atMs: number): Rule {
  const rule = rules.find(({ startMs, endMs }) => startMs <= atMs && atMs < endMs)
  if (rule) return rule
  throw new Error(`No rule at ${atMs}: give a finite instant`)
}

export function validFroms(rules: Rules): number[] {
  return rules.map((rule) => rule.startMs).filter(Number.isFinite)
}

export type Search = {
  /** Every instant at which the answer can turn true; more do no harm. */
  candidates: number[]
  fromMs: number
  /** What ends the episode at an instant wins over a timer at that instant. Infinity: it has not ended. */
  beforeMs: number
  clockMs: number
  holds: (atMs: number) => boolean
}

/** The first instant of an episode at which something holds, by trying one after the other. */
export function firstInstant({ candidates, fromMs, beforeMs, clockMs, holds }: Search): number | null {
  const inside = candidates.filter((at) => at >= fromMs && at < beforeMs && at <= clockMs)
  return inside.sort((a, b) => a - b).find(holds) ?? null
}

/** `startedAt`, each version's limit after it, and each version's start: where "as long as the limit" can turn true. */
export function limitInstants(rules: Rules, startMs: number, limitMs: (rule: Rule) => number): number[] {
  return [startMs, ...rules.map((rule) => startMs + limitMs(rule)), ...validFroms(rules)]
}
