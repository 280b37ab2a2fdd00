/**
 * The reference model of semantics.md: what `coldstream dry-run` must print, derived from the whole log at once by direct
 * definitions. It keeps no state, sets no timers and knows no revisions, so that it can disagree with the processors.
 */
import { type Calendar, calendar } from './local-time.ts'
import { alertOutputs, causesOf } from './model-alerts.ts'
import { doorChanges, doorOutputs, openings as openingsOf } from './model-door.ts'
import { excursionOutput, excursions as excursionsOf } from './model-excursion.ts'
import { judge, kindsOf, type UnitSamples } from './model-quarantine.ts'
import { rollupOutputs } from './model-rollup.ts'
import { rulesOf } from './model-rules.ts'
import { inOrder, readingsOf } from './model-series.ts'
import { silenceOutput, silences as silencesOf, temperatureCheckIns } from './model-silence.ts'
import { statusOutputs } from './model-status.ts'
import type { DryRunConfig, Observation, Output } from './model-types.ts'

type Clock = { timeZone: string; calendar: Calendar; clockMs: number }

function unitOutputs(config: DryRunConfig, unitId: string, samples: UnitSamples, clock: Clock): Output[] {
  const { calendar, clockMs, timeZone } = clock
  const { stored, inTime, checkIns } = samples
  const rules = rulesOf(config, unitId)
  const changes = doorChanges(inTime)
  const openings = openingsOf(changes, rules, clockMs)
  const world = { readings: readingsOf(inTime), rules, changes, openings, days: calendar.days, clockMs }
  const excursions = excursionsOf(world)
  const silences = silencesOf(temperatureCheckIns(checkIns, inTime, kindsOf(config)), rules, clockMs)
  const firstMs = inTime[0]?.atMs ?? null
  return [
    ...excursions.map((excursion) => excursionOutput(unitId, world, excursion)),
    ...doorOutputs(unitId, changes, openings, clockMs),
    ...silences.map((silence) => silenceOutput(unitId, silence, rules, clockMs)),
    ...statusOutputs(unitId, { excursions, silences, rules, firstMs, clockMs }),
    ...alertOutputs(unitId, causesOf(excursions, silences, openings), { rules, calendar, timeZone, clockMs }),
    ...rollupOutputs(unitId, stored, openings, {
      rules,
      calendar,
      fromMs: stored[0]?.atMs ?? clockMs,
      clockMs,
    }),
  ]
}

const ordered = ({ stored, inTime, checkIns }: UnitSamples): UnitSamples => ({
  stored: inOrder(stored),
  inTime: inOrder(inTime),
  checkIns: inOrder(checkIns),
})

export function model(config: DryRunConfig, observations: Observation[], asOfMs?: number): Output[] {
  const { units, quarantine, newestMs } = judge(config, observations, asOfMs)
  const clockMs = asOfMs ?? newestMs
  if (clockMs === null) return quarantine
  const timeZone = config.timeZone ?? 'UTC'
  const allMs = [...units.values()].flatMap(({ stored }) => stored.map((sample) => sample.atMs))
  const windows = calendar(timeZone, Math.min(clockMs, ...allMs), clockMs)
  const clock = { timeZone, calendar: windows, clockMs }
  return [
    ...[...units].flatMap(([unitId, samples]) => unitOutputs(config, unitId, ordered(samples), clock)),
    ...quarantine,
  ]
}
