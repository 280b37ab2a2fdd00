// The effective rule of a unit as the fold reads it: milliseconds instead of minutes, and every "not set" spelled out.
import type { Rule, Schedule, Severity } from '../schemas/generated/types.ts'

export type Limits = {
  validFromMs: number
  tempMinC: number
  tempMaxC: number
  confirmClosedMs: number
  confirmOpenMs: number
  maskBudgetMs: number
  excursionMaxMs: number
  doorWarningMs: number
  doorCriticalMs: number
  /** How long a value holds and a check-in lasts; Infinity without an expected interval. */
  holdMs: number
  intervalMs: number
  silenceWarningMs: number
  silenceCriticalMs: number
  delayMs: number
  severity: Severity
  schedule: Schedule | null
}

const MINUTE_MS = 60_000

/** Instants are whole milliseconds, and 1.1 min is not 66000.00000000001 ms. */
const toMs = (amount: number | null, unitMs: number, notSet: number): number =>
  amount === null ? notSet : Math.round(amount * unitMs)

export function limitsOf(rule: Rule): Limits {
  const intervalMs = toMs(rule.expectedReadingIntervalSeconds, 1000, Number.POSITIVE_INFINITY)
  const holdMs =
    intervalMs * (rule.offlineTriggerMultiplier ?? 1) +
    (rule.offlineTriggerAdditionalMinutes ?? 0) * MINUTE_MS
  const confirmClosedMs = toMs(rule.excursionConfirmMinutesDoorClosed, MINUTE_MS, 0)
  return {
    validFromMs: rule.validFrom,
    tempMinC: rule.tempMin ?? Number.NEGATIVE_INFINITY,
    tempMaxC: rule.tempMax ?? Number.POSITIVE_INFINITY,
    confirmClosedMs,
    confirmOpenMs: toMs(rule.excursionConfirmMinutesDoorOpen, MINUTE_MS, confirmClosedMs),
    maskBudgetMs: toMs(rule.doorOpenMaxMaskMinutesPerDay, MINUTE_MS, Number.POSITIVE_INFINITY),
    excursionMaxMs: toMs(rule.maxExcursionMinutes, MINUTE_MS, Number.POSITIVE_INFINITY),
    doorWarningMs: toMs(rule.doorOpenWarningMinutes, MINUTE_MS, Number.POSITIVE_INFINITY),
    doorCriticalMs: toMs(rule.doorOpenCriticalMinutes, MINUTE_MS, Number.POSITIVE_INFINITY),
    holdMs: intervalMs === Number.POSITIVE_INFINITY ? intervalMs : Math.round(holdMs),
    intervalMs,
    silenceWarningMs: missedMs(rule.offlineWarningMissedCheckins, intervalMs),
    silenceCriticalMs: missedMs(rule.offlineCriticalMissedCheckins, intervalMs),
    delayMs: toMs(rule.delayMinutes, MINUTE_MS, 0),
    severity: rule.severity ?? 'warning',
    schedule: rule.schedule,
  }
}

// Not `toMs`: zero missed check-ins times an endless interval is no number.
const missedMs = (count: number | null, intervalMs: number): number =>
  count === null || intervalMs === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.round(count * intervalMs)

/** A rule with nothing set. */
export const noRule: Rule = {
  validFrom: 0,
  tempMin: null,
  tempMax: null,
  excursionConfirmMinutesDoorClosed: null,
  excursionConfirmMinutesDoorOpen: null,
  doorOpenMaxMaskMinutesPerDay: null,
  maxExcursionMinutes: null,
  doorOpenWarningMinutes: null,
  doorOpenCriticalMinutes: null,
  expectedReadingIntervalSeconds: null,
  offlineTriggerMultiplier: null,
  offlineTriggerAdditionalMinutes: null,
  offlineWarningMissedCheckins: null,
  offlineCriticalMissedCheckins: null,
  manualIntervalMinutes: null,
  manualGraceMinutes: null,
  manualOnlyWhenSilent: null,
  lowBatteryPercent: null,
  lowBatteryVolts: null,
  batteryHysteresisPercent: null,
  batteryHysteresisVolts: null,
  faultStuckReadings: null,
  faultStuckMinutes: null,
  faultJumpC: null,
  calibrationNoticeDays: null,
  delayMinutes: null,
  severity: null,
  escalationMinutes: null,
  schedule: null,
}

/** Before a unit's first version: no limits, no hold limit, no silence. */
export const noLimits: Limits = limitsOf({ ...noRule, validFrom: Number.NEGATIVE_INFINITY })

/** Ascending by validFrom; of two with the same instant the later one in the list stands. */
export const limitsOfVersions = (versions: readonly Rule[]): Limits[] =>
  versions.map(limitsOf).sort((a, b) => a.validFromMs - b.validFromMs)

/** The index of the version valid at `ms`; −1 before the first. */
export function versionIndexAt(versions: readonly Limits[], ms: number): number {
  let index = versions.length - 1
  while (index >= 0 && (versions[index]?.validFromMs ?? 0) > ms) index--
  return index
}
