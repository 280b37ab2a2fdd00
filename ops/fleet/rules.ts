// Rules by scope: a unit's effective rule is organization, then site, then unit, field by field, the narrowest set value
// wins. Every version of every scope counts from its validFrom on, so the effective rule changes where any of them does.
import type { Budget, Rule } from '../../schemas/generated/types.ts'

export type RuleFields = Omit<Rule, 'validFrom'>

/** As a file may write it: what it leaves out is not at the limit, and over no lot. */
type DeclaredBudget = Omit<Budget, 'atLimit' | 'lot'> & Partial<Pick<Budget, 'atLimit' | 'lot'>>

/** Where nothing says since when, it always was: history that is filled in later is judged, too. */
export const fromTheBeginningMs = 0

export const emptyRule: RuleFields = {
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

export const ruleFieldNames = Object.keys(emptyRule) as readonly (keyof RuleFields)[]

/** The fields alone, in the order of the contract, so that two rules compare by their JSON. */
export function ruleFieldsOf(rule: Partial<RuleFields>): RuleFields {
  const fields = ruleFieldNames.map((name) => [name, rule[name] ?? null])
  const { schedule } = rule
  return {
    ...(Object.fromEntries(fields) as RuleFields),
    schedule: schedule
      ? { days: schedule.days, startHour: schedule.startHour, endHour: schedule.endHour }
      : null,
    budgets: rule.budgets?.map(budgetOf) ?? null,
  }
}

const budgetOf = ({
  name,
  side,
  limit,
  atLimit = false,
  over,
  lot = null,
  minutes,
}: DeclaredBudget): Budget => ({
  ...{ name, side, limit, atLimit, over, lot, minutes },
})

/** `wider` first. */
export const narrowed = (wider: RuleFields, narrower: RuleFields): RuleFields =>
  Object.fromEntries(ruleFieldNames.map((name) => [name, narrower[name] ?? wider[name]])) as RuleFields

const validAt = (versions: readonly Rule[], atMs: number): RuleFields =>
  versions.findLast((version) => version.validFrom <= atMs) ?? emptyRule

/**
 * The versions of a unit's effective rule. `scopes` from the widest to the narrowest, each ascending by validFrom. A unit
 * that was removed has no rule from then on, so that its sensors may go silent unheard.
 */
export function resolveRules(
  scopes: readonly (readonly Rule[])[],
  removedAtMs: number | null = null,
): Rule[] {
  const instants = new Set(scopes.flat().map((version) => version.validFrom))
  const inForce = [...instants].filter((atMs) => removedAtMs === null || atMs < removedAtMs)
  const versions = inForce
    .sort((a, b) => a - b)
    .map((atMs) => ({
      validFrom: atMs,
      ...scopes.map((versions) => ruleFieldsOf(validAt(versions, atMs))).reduce(narrowed, emptyRule),
    }))
  if (removedAtMs !== null && versions.length > 0) versions.push({ validFrom: removedAtMs, ...emptyRule })
  return versions.filter((version, index) => !sameRule(version, versions[index - 1]))
}

export const sameRule = (a: RuleFields | undefined, b: RuleFields | undefined): boolean =>
  a !== undefined && b !== undefined && JSON.stringify(ruleFieldsOf(a)) === JSON.stringify(ruleFieldsOf(b))
