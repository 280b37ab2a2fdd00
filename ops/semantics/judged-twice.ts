// Hand-computed cases are judged twice: by dry-run, which runs the real stages, and by the reference model that shares
// nothing with them. What a test sees is dry-run's word, once the model has said the same.
import { expect } from 'vitest'
import { differences } from '../../processors/testing/compare.ts'
import { model } from '../../processors/testing/model.ts'
import type {
  DryRunConfig,
  Observation,
  Topic,
  UnitVersion,
  Value,
} from '../../processors/testing/model-types.ts'
import { ms, rule, type Scenario } from '../../processors/testing/scenario.ts'
import { parseConfig } from '../dry-run/config.ts'
import { parseLine } from '../dry-run/observations.ts'
import { type Line, linesOf } from '../dry-run/print.ts'
import { DryRun } from '../dry-run/world.ts'

type Fields = Record<string, Value>

function dryRun(config: DryRunConfig, log: Observation[], asOfMs: number | null, commitRecords = 1): Line[] {
  const run = new DryRun(parseConfig(JSON.stringify(config)), asOfMs, commitRecords)
  for (const observation of log) run.take(parseLine(JSON.stringify(observation)))
  return linesOf(run.finish())
}

/** All lines of a world with any number of units. */
export function judged(
  config: DryRunConfig,
  log: Observation[],
  asOf?: string,
  commitRecords?: number,
): Line[] {
  const asOfMs = asOf === undefined ? undefined : ms(asOf)
  const lines = dryRun(config, log, asOfMs ?? null, commitRecords)
  expect(differences(model(config, log, asOfMs), lines)).toEqual([])
  return lines
}

/** The values of one topic, of the one unit `fridge`. */
export function valuesOf(topic: Topic, { rules = [], log, asOf, ...config }: Scenario): Fields[] {
  const lines = judged({ ...config, units: { fridge: rules } }, log, asOf)
  return lines.filter((line) => line.topic === topic).map(({ value }) => value as Fields)
}

export const hours = (scenario: Scenario): Fields[] => windowsOf('hour', scenario)

export const windowsOf = (granularity: string, scenario: Scenario): Fields[] =>
  valuesOf('rollups', scenario).filter((window) => window.granularity === granularity)

export const clockOf = (instant: Value | undefined): string => String(instant).slice(11, 16)

/** `10:05 excursion` */
export const statuses = (scenario: Scenario): string[] =>
  valuesOf('unit-status', scenario).map(({ at, status }) => `${clockOf(at)} ${status}`)

/** `door_open 10:05-10:20`, nothing behind the dash while unresolved. */
export const alerts = (scenario: Scenario): string[] =>
  valuesOf('alerts', scenario).map(
    ({ alertType, triggeredAt, resolvedAt }) =>
      `${alertType} ${clockOf(triggeredAt)}-${resolvedAt === null ? '' : clockOf(resolvedAt)}`,
  )

type Limits = Omit<UnitVersion, 'validFrom'>

/** 2 to 8 °C, confirmed after 15 minutes. */
export const fridge = (more: Limits = {}, validFrom?: string): UnitVersion =>
  rule({ tempMin: 2, tempMax: 8, excursionConfirmMinutesDoorClosed: 15, ...more }, validFrom)

/** A check-in every 10 minutes; silent and unknown after 30. */
export const heard: Limits = {
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 2,
  offlineTriggerAdditionalMinutes: 10,
}
