// The rule that judges a unit at an instant, resolved as semantics.md says: of each scope (organization,
// site, unit) the version valid then, and field by field the narrowest value that is set.
import type { Query } from '../database.ts'

const fields = {
  tempMinC: 'temp_min_c',
  tempMaxC: 'temp_max_c',
  excursionConfirmMinutesDoorClosed: 'excursion_confirm_minutes_door_closed',
  excursionConfirmMinutesDoorOpen: 'excursion_confirm_minutes_door_open',
  doorOpenMaxMaskMinutesPerDay: 'door_open_max_mask_minutes_per_day',
  maxExcursionMinutes: 'max_excursion_minutes',
  doorOpenWarningMinutes: 'door_open_warning_minutes',
  doorOpenCriticalMinutes: 'door_open_critical_minutes',
  expectedReadingIntervalSeconds: 'expected_reading_interval_seconds',
  offlineTriggerMultiplier: 'offline_trigger_multiplier',
  offlineTriggerAdditionalMinutes: 'offline_trigger_additional_minutes',
  offlineWarningMissedCheckins: 'offline_warning_missed_checkins',
  offlineCriticalMissedCheckins: 'offline_critical_missed_checkins',
  manualIntervalMinutes: 'manual_interval_minutes',
  manualGraceMinutes: 'manual_grace_minutes',
  lowBatteryPercent: 'low_battery_percent',
  lowBatteryVolts: 'low_battery_volts',
  batteryHysteresisPercent: 'battery_hysteresis_percent',
  batteryHysteresisVolts: 'battery_hysteresis_volts',
  faultStuckReadings: 'fault_stuck_readings',
  faultStuckMinutes: 'fault_stuck_minutes',
  faultJumpC: 'fault_jump_c',
  deviceSilentMinutes: 'device_silent_minutes',
  calibrationNoticeDays: 'calibration_notice_days',
  delayMinutes: 'delay_minutes',
} as const

type Minutes = { [F in keyof typeof fields]: number | null }
export type Rule = Minutes & {
  unitId: string
  validFrom: Date
  severity: string | null
  escalationMinutes: number[] | null
  manualOnlyWhenSilent: boolean | null
  holdLimitSeconds: number | null
}

const narrowest = (column: string) => `coalesce(u.${column}, s.${column}, o.${column})`

const versionOf = (alias: string, scope: string) => `
  left join lateral (
    select * from alert_rules where ${scope} and valid_from <= $2 order by valid_from desc limit 1
  ) ${alias} on true`

const statement = `
  select unit.id as "unitId", greatest(o.valid_from, s.valid_from, u.valid_from) as "validFrom",
    upper(${narrowest('severity')}::text) as severity,
    ${narrowest('escalation_minutes')} as "escalationMinutes",
    ${narrowest('manual_only_when_silent')} as "manualOnlyWhenSilent",
    ${Object.entries(fields)
      .map(([name, column]) => `${narrowest(column)} as "${name}"`)
      .join(',\n    ')}
  from units unit
  ${versionOf('o', 'organization_id = unit.organization_id and site_id is null and unit_id is null')}
  ${versionOf('s', 'organization_id = unit.organization_id and site_id = unit.site_id')}
  ${versionOf('u', 'organization_id = unit.organization_id and unit_id = unit.id')}
  where unit.id = any($1::uuid[]) and coalesce(o.id, s.id, u.id) is not null`

export async function rulesAt(query: Query, unitIds: readonly string[], at: Date): Promise<Rule[]> {
  const rows = await query<Omit<Rule, 'holdLimitSeconds'>>(statement, [unitIds, at])
  return rows.map((rule) => ({ ...rule, holdLimitSeconds: holdLimitSeconds(rule) }))
}

function holdLimitSeconds(rule: Omit<Rule, 'holdLimitSeconds'>): number | null {
  const { expectedReadingIntervalSeconds: interval } = rule
  if (interval === null) return null
  return interval * (rule.offlineTriggerMultiplier ?? 1) + (rule.offlineTriggerAdditionalMinutes ?? 0) * 60
}
