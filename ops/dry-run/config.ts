// The configuration of a dry run: one JSON file, every version complete, a field that is absent is not set.

import { noRule } from '../../processors/limits.ts'
import { localTime } from '../../processors/local-time.ts'
import type {
  Budget,
  DeviceAssignment,
  Rule,
  Schedule,
  UnitConfig,
  UnitDevice,
} from '../../schemas/generated/types.ts'

export type DryRunConfig = {
  timeZone: string
  graceMs: number
  clockAheadMs: number
  retentionMonths: number
  units: Map<string, UnitConfig>
  /** Null: the unit of each line stands. */
  devices: Map<string, readonly DeviceAssignment[]> | null
  /** What was not understood and left out. */
  warnings: string[]
}

/** Says what is wrong with the input, for a person. */
export class InputError extends Error {}

type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** UTC ms, or ISO 8601; null where it is neither. */
export function instantMs(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value) : null
  if (typeof value !== 'string') return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}

export function parseConfig(text: string): DryRunConfig {
  const json = parseJson(text)
  const warnings: string[] = []
  const timeZone = timeZoneOf(json.timeZone)
  const devices = devicesOf(json.devices)
  return {
    timeZone,
    graceMs: numberOf(json, 'graceMinutes', 120) * 60_000,
    clockAheadMs: numberOf(json, 'clockAheadMinutes', 10) * 60_000,
    retentionMonths: numberOf(json, 'retentionMonths', 24),
    units: unitsOf(json.units, { timeZone, devices, warnings }),
    devices,
    warnings,
  }
}

function parseJson(text: string): Json {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new InputError(`The configuration is not JSON: ${(error as Error).message}.`)
  }
  if (!isObject(json))
    throw new InputError('The configuration must be a JSON object: {"timeZone": …, "units": {…}}.')
  return json
}

function timeZoneOf(value: unknown): string {
  const name = value ?? 'UTC'
  try {
    if (typeof name === 'string') return localTime(name).timeZone
  } catch {
    // Told below.
  }
  throw new InputError(
    `timeZone ${JSON.stringify(name)} is no IANA time zone: write one such as "Europe/Berlin".`,
  )
}

function numberOf(json: Json, name: string, notSet: number): number {
  const value = json[name] ?? notSet
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw new InputError(`${name} must be a number of 0 or more, not ${JSON.stringify(value)}.`)
}

/** A map of lists of versions: units or devices. */
function versionsOf(
  name: string,
  value: unknown,
): [id: string, versions: readonly (Json & { validFrom: number })[]][] {
  if (!isObject(value)) throw new InputError(`${name} must be an object: {"<id>": [{"validFrom": …}, …]}.`)
  return Object.entries(value).map(([id, list]) => {
    const where = `${name}.${id}`
    if (!Array.isArray(list))
      throw new InputError(`${where} must be a list of versions, each with validFrom.`)
    const versions = list.map((version: unknown, index) => {
      const validFrom = isObject(version) ? instantMs(version.validFrom) : null
      if (!isObject(version) || validFrom === null)
        throw new InputError(`${where}[${index}] needs validFrom, as UTC milliseconds or an ISO instant.`)
      return { ...version, validFrom }
    })
    return [id, versions.sort((a, b) => a.validFrom - b.validFrom)]
  })
}

type UnitsParts = Pick<DryRunConfig, 'timeZone' | 'devices' | 'warnings'>

function unitsOf(value: unknown, { timeZone, devices, warnings }: UnitsParts): Map<string, UnitConfig> {
  return new Map(
    versionsOf('units', value ?? {}).map(([unitId, list]) => {
      const versions = list.map((version, index) => ruleOf(version, `units.${unitId}[${index}]`, warnings))
      // Only the silence of a device asks whether it is still here.
      const asksForDevices = versions.some(({ deviceSilentMinutes }) => deviceSilentMinutes !== null)
      const inUnit = asksForDevices ? devicesIn(unitId, devices ?? new Map()) : []
      return [unitId, { unitId, organizationId: '', siteId: '', timeZone, devices: inUnit, versions }]
    }),
  )
}

function devicesIn(unitId: string, devices: NonNullable<DryRunConfig['devices']>): UnitDevice[] {
  const spans = [...devices].flatMap(([deviceId, versions]) =>
    versions.map(({ validFrom, unitId: where }, index) => {
      const validUntil = versions[index + 1]?.validFrom ?? null
      return { deviceId, where, validFrom, validUntil, calibrationValidUntil: null, silentMinutes: null }
    }),
  )
  return spans.flatMap(({ where, ...span }) => (where === unitId ? [span] : []))
}

/** Fields of a rule that need what observations do not have: entries by hand, batteries, somebody to escalate to. */
const notHere: ReadonlySet<string> = new Set<keyof Rule>([
  'manualIntervalMinutes',
  'manualGraceMinutes',
  'manualOnlyWhenSilent',
  'lowBatteryPercent',
  'lowBatteryVolts',
  'batteryHysteresisPercent',
  'batteryHysteresisVolts',
  'faultStuckReadings',
  'faultStuckMinutes',
  'faultJumpC',
  'calibrationNoticeDays',
  'escalationMinutes',
])

function ruleOf(version: Json & { validFrom: number }, where: string, warnings: string[]): Rule {
  const rule: Json = { ...noRule }
  for (const [name, value] of Object.entries(version)) {
    if (notHere.has(name)) continue
    if (name in noRule) rule[name] = value ?? null
    else warnings.push(`${where}.${name} is no field of a rule and was left out.`)
  }
  for (const [name, value] of Object.entries(rule)) {
    if (name === 'severity' || name === 'schedule' || name === 'budgets' || value === null) continue
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new InputError(`${where}.${name} must be a number or null, not ${JSON.stringify(value)}.`)
  }
  return {
    ...(rule as Rule),
    schedule: scheduleOf(rule.schedule, where),
    budgets: budgetsOf(rule.budgets, where),
  }
}

function budgetsOf(value: unknown, where: string): Rule['budgets'] {
  if (value === null) return null
  const budgets = (Array.isArray(value) ? value : [value]) as Partial<Budget>[]
  for (const { name, side, limit, over, minutes } of budgets) {
    const isRight =
      typeof name === 'string' &&
      typeof limit === 'number' &&
      typeof minutes === 'number' &&
      (side === 'above' || side === 'below')
    if (!isRight || (over !== 'consecutive' && over !== 'day' && over !== 'lot'))
      throw new InputError(
        `${where}.budgets must be a list of {"name", "side": "above" or "below", "limit": °C, "over": "consecutive", ` +
          '"day" or "lot", "minutes": …}.',
      )
  }
  return budgets.map((budget) => ({ atLimit: false, lot: null, ...budget })) as Budget[]
}

/** A part that is not set limits nothing: every day, from 0 to 24 h. */
function scheduleOf(value: unknown, where: string): Schedule | null {
  if (value === null) return null
  const { days, startHour, endHour }: Json = isObject(value) ? value : { days: value }
  const schedule = { days: days ?? [0, 1, 2, 3, 4, 5, 6], startHour: startHour ?? 0, endHour: endHour ?? 24 }
  const isRight =
    Array.isArray(schedule.days) &&
    typeof schedule.startHour === 'number' &&
    typeof schedule.endHour === 'number'
  if (!isObject(value) || !isRight)
    throw new InputError(`${where}.schedule must be {"days": [0 … 6], "startHour": …, "endHour": …}.`)
  return schedule as Schedule
}

function devicesOf(value: unknown): DryRunConfig['devices'] {
  if (value === undefined || value === null) return null
  return new Map(
    versionsOf('devices', value).map(([deviceId, versions]) => [
      deviceId,
      versions.map((version, index) => assignmentOf(version, `devices.${deviceId}[${index}]`)),
    ]),
  )
}

function assignmentOf(version: Json & { validFrom: number }, where: string): DeviceAssignment {
  const unitId = version.unitId ?? null
  const kind = version.kind ?? null
  if (unitId !== null && typeof unitId !== 'string')
    throw new InputError(`${where}.unitId must be a string or null.`)
  if (kind !== null && kind !== 'temperature' && kind !== 'door')
    throw new InputError(`${where}.kind must be "temperature", "door" or null.`)
  return assignment(version.validFrom, unitId, kind)
}

export const assignment = (
  validFrom: number,
  unitId: string | null,
  kind: DeviceAssignment['kind'],
): DeviceAssignment => ({
  validFrom,
  organizationId: '',
  unitId,
  kind,
  vendor: null,
  model: null,
  probe: null,
  calibrationOffset: 0,
  calibrationValidUntil: null,
  openIs: null,
})
