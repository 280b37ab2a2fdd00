/** The words in which the model's tests are written: one unit, 2026-06-15 (a Monday), wall clock in UTC unless told. */
import { model } from './model.ts'
import type { DryRunConfig, Observation, Output, Topic, UnitVersion } from './model-types.ts'

/** `10:05`, `10:05:30`, or with a day of June before it: `16 00:00`. */
export function at(clock: string): string {
  const [time = '', day = '15'] = clock.split(' ').reverse()
  return new Date(`2026-06-${day}T${time}Z`).toISOString()
}

export function ms(clock: string): number {
  return Date.parse(at(clock))
}

export function seen(clock: string, values: Partial<Observation> = {}): Observation {
  return { unitId: 'fridge', deviceId: 'probe', recordedAt: at(clock), receivedAt: at(clock), ...values }
}

export function reading(clock: string, temperature: number, more: Partial<Observation> = {}): Observation {
  return seen(clock, { temperature, ...more })
}

export function door(clock: string, doorOpen: boolean, more: Partial<Observation> = {}): Observation {
  return seen(clock, { deviceId: 'door', doorOpen, ...more })
}

/** The rule from a clock time on; without one, from the day before. */
export function rule(fields: Omit<UnitVersion, 'validFrom'>, validFrom = '14 00:00'): UnitVersion {
  return { validFrom: at(validFrom), ...fields }
}

export type Scenario = Omit<DryRunConfig, 'units'> & {
  rules?: UnitVersion[]
  log: Observation[]
  asOf?: string
}

export function outputsOf({ rules = [], log, asOf, ...config }: Scenario): Output[] {
  return model({ ...config, units: { fridge: rules } }, log, asOf === undefined ? undefined : ms(asOf))
}

export function valuesOf(topic: Topic, scenario: Scenario): Output['value'][] {
  return outputsOf(scenario)
    .filter((output) => output.topic === topic)
    .map((output) => output.value)
}

/** The changes of status as `10:05 excursion`. */
export function statuses(scenario: Scenario): string[] {
  return valuesOf('unit-status', scenario).map(({ at, status }) => `${String(at).slice(11, 16)} ${status}`)
}

/** The alerts as `door_open 10:05-10:20`, with `-` alone behind it while unresolved. */
export function alerts(scenario: Scenario): string[] {
  const clock = (instant: unknown) => (instant === null ? '' : String(instant).slice(11, 16))
  return valuesOf('alerts', scenario).map(
    ({ alertType, triggeredAt, resolvedAt }) => `${alertType} ${clock(triggeredAt)}-${clock(resolvedAt)}`,
  )
}
