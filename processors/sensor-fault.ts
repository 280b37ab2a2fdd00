// Sensor faults of one device, one at a time: what it says itself (no probe), a value that never moves, a value that
// cannot follow the one before. They call for a person; the temperatures stay what they are.
//
//   no_probe   from the report of a fault to the next temperature
//   stuck      from the first of equal temperatures, once they are enough and last long enough, to another one
//   jump       from the temperature that is too far from the one before to the first that is near its own
import type { AlertReason } from '../schemas/generated/types.ts'
import { endAlert } from './alert.ts'
import { type FoldContext, openCondition } from './fold-context.ts'
import type { Observation, Sensor, UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'

type FaultReason = Extract<AlertReason, 'no_probe' | 'stuck' | 'jump'>

export const watchesValues = ({ stuckReadings, jumpC }: Limits): boolean =>
  stuckReadings !== Number.POSITIVE_INFINITY || jumpC !== Number.POSITIVE_INFINITY

/** A temperature, or the fault in its place, at the fold's position. */
export function takeTemperatureOf(
  sensor: Sensor,
  fold: UnitFold,
  context: FoldContext,
  { temperatureC, fault }: Observation,
): void {
  if (fault || temperatureC === null) {
    sensor.run = null
    if (reasonOf(sensor) !== 'no_probe') openFault(sensor, fold, context, 'no_probe')
    return
  }
  const limits = fold.limits
  const isJump = isImplausible(sensor, fold.positionMs, temperatureC, limits)
  const isEqual = sensor.run !== null && sensor.run.valueC === temperatureC
  const open = reasonOf(sensor)
  if (open === 'no_probe' || (open === 'stuck' && !isEqual) || (open === 'jump' && !isJump))
    endFault(sensor, fold, context)
  countRun(sensor, fold.positionMs, temperatureC, limits)
  if (sensor.fault !== null) return
  if (isJump) openFault(sensor, fold, context, 'jump')
  else if (isStuck(sensor, fold.positionMs, limits)) openFault(sensor, fold, context, 'stuck')
}

/** After a silence anything is plausible. */
function isImplausible({ run }: Sensor, atMs: number, valueC: number, { jumpC, holdMs }: Limits): boolean {
  return run !== null && atMs - run.recordedMs <= holdMs && Math.abs(valueC - run.valueC) > jumpC
}

function countRun(sensor: Sensor, atMs: number, valueC: number, limits: Limits): void {
  if (!watchesValues(limits)) sensor.run = null
  else if (sensor.run === null || sensor.run.valueC !== valueC)
    sensor.run = { valueC, recordedMs: atMs, sinceMs: atMs, readings: 1 }
  else {
    sensor.run.recordedMs = atMs
    sensor.run.readings++
  }
}

const isStuck = ({ run }: Sensor, atMs: number, { stuckReadings, stuckMs }: Limits): boolean =>
  run !== null && run.readings >= stuckReadings && atMs - run.sinceMs >= stuckMs

function reasonOf({ fault }: Sensor): FaultReason | null {
  return fault === null ? null : (fault.tag.slice(0, fault.tag.indexOf('|')) as FaultReason)
}

function openFault(sensor: Sensor, fold: UnitFold, context: FoldContext, reason: FaultReason): void {
  if (sensor.fault !== null) endFault(sensor, fold, context)
  const atMs = reason === 'stuck' && sensor.run !== null ? sensor.run.sinceMs : fold.positionMs
  sensor.fault = openCondition(fold, context, 'sensor-fault', { atMs, tag: `${reason}|${sensor.deviceId}` })
}

function endFault(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  if (sensor.fault !== null) endAlert(context, sensor.fault, fold.positionMs)
  sensor.fault = null
}

/** What the rule no longer calls a fault is none. */
export function judgeFaultAgain(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  const { stuckReadings, jumpC } = fold.limits
  const reason = reasonOf(sensor)
  const isGone =
    (reason === 'stuck' && stuckReadings === Number.POSITIVE_INFINITY) ||
    (reason === 'jump' && jumpC === Number.POSITIVE_INFINITY)
  if (isGone) endFault(sensor, fold, context)
}
