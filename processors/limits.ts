// The effective rule of a unit as the fold reads it: milliseconds instead of minutes, and every "not set" spelled out.
import type { Budget, BudgetSide, BudgetSpan, Rule, Schedule, Severity } from '../schemas/generated/types.ts'

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
  manualIntervalMs: number
  manualGraceMs: number
  manualOnlyWhenSilent: boolean
  /** -Infinity: never. */
  lowBatteryPercent: number
  lowBatteryVolts: number
  batteryHysteresisPercent: number
  batteryHysteresisVolts: number
  /** Infinity: never. */
  stuckReadings: number
  stuckMs: number
  jumpC: number
  /** For devices that have no limit of their own; Infinity: never. */
  deviceSilentMs: number
  calibrationNoticeMs: number
  delayMs: number
  severity: Severity
  /** After an alert's opening, one for each level. */
  escalationMs: readonly number[]
  schedule: Schedule | null
  budgets: readonly BudgetLimit[]
}

/** Known time beyond a limit that may be used up. */
export type BudgetLimit = {
  name: string
  side: BudgetSide
  limitC: number
  /** The limit itself is beyond it. */
  isAtLimit: boolean
  over: BudgetSpan
  lot: string | null
  budgetMs: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const HYSTERESIS_PERCENT = 5
const HYSTERESIS_VOLTS = 0.1

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
    ...limitsOfManualLogs(rule),
    ...limitsOfSensors(rule),
    delayMs: toMs(rule.delayMinutes, MINUTE_MS, 0),
    severity: rule.severity ?? 'warning',
    escalationMs: (rule.escalationMinutes ?? []).map((minutes) => toMs(minutes, MINUTE_MS, 0)),
    schedule: rule.schedule,
    budgets: (rule.budgets ?? []).map(budgetLimitOf),
  }
}

const limitsOfManualLogs = (rule: Rule) => ({
  manualIntervalMs: toMs(rule.manualIntervalMinutes, MINUTE_MS, Number.POSITIVE_INFINITY),
  manualGraceMs: toMs(rule.manualGraceMinutes, MINUTE_MS, 0),
  manualOnlyWhenSilent: rule.manualOnlyWhenSilent ?? false,
})

const limitsOfSensors = (rule: Rule) => ({
  lowBatteryPercent: rule.lowBatteryPercent ?? Number.NEGATIVE_INFINITY,
  lowBatteryVolts: rule.lowBatteryVolts ?? Number.NEGATIVE_INFINITY,
  batteryHysteresisPercent: rule.batteryHysteresisPercent ?? HYSTERESIS_PERCENT,
  batteryHysteresisVolts: rule.batteryHysteresisVolts ?? HYSTERESIS_VOLTS,
  // One of the two says that it is wanted; two equal readings are the fewest that can be stuck.
  stuckReadings: rule.faultStuckReadings ?? (rule.faultStuckMinutes === null ? Number.POSITIVE_INFINITY : 2),
  stuckMs: toMs(rule.faultStuckMinutes, MINUTE_MS, 0),
  jumpC: rule.faultJumpC ?? Number.POSITIVE_INFINITY,
  deviceSilentMs: toMs(rule.deviceSilentMinutes, MINUTE_MS, Number.POSITIVE_INFINITY),
  calibrationNoticeMs: toMs(rule.calibrationNoticeDays, DAY_MS, 0),
})

const budgetLimitOf = ({ name, side, limit, atLimit, over, lot, minutes }: Budget): BudgetLimit => ({
  ...{ name, side, limitC: limit, isAtLimit: atLimit, over, lot },
  budgetMs: Math.round(minutes * MINUTE_MS),
})

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
  deviceSilentMinutes: null,
  calibrationNoticeDays: null,
  delayMinutes: null,
  severity: null,
  escalationMinutes: null,
  schedule: null,
  budgets: null,
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
