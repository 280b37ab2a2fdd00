// The fold of a unit: observations, versions and timers, each at its exact instant, into one state. Pure: the same
// events in the same order give the same state and the same facts.
//
// At one instant: configuration versions first, then observations in deviceId order, then timers, then the status.
// An instant stays open for more observations until the fold goes past it.
import { alertDueMs, fireAlerts, fireEscalations, openConditions, openEpisodes } from './alert.ts'
import { budgetDueMs, fireBudgetTimers, judgeUsesAgain } from './budget.ts'
import { confirmedMs, doorDueMs, fireDoorTimers, takeDoor } from './door.ts'
import { takeCounter } from './door-counter.ts'
import { excursionDueMs, fireExcursionTimers, judgeAgain, takeTemperature } from './excursion.ts'
import { armAlert, type FoldContext, touch } from './fold-context.ts'
import type { Observation, UnitFold } from './fold-state.ts'
import { countHeld, lapse, lapseDueMs } from './hold.ts'
import { noLimits, versionIndexAt } from './limits.ts'
import { entryDueMs, fireManualTimer, manualDueMs, takeAcknowledgements, takeLogs } from './manual-log.ts'
import { addedTo, moveTo, openWindows, touchWindows } from './rollup.ts'
import { fireSensors, judgeSensorsAgain, sensorsDueMs, takeSensor } from './sensors.ts'
import { fireSilenceTimers, silenceDueMs, takeCheckin } from './silence.ts'
import { addHumidity } from './sums.ts'
import { fireRestoring, restoringDueMs, settleStatus } from './unit-status.ts'

/** Takes an observation that is not before the fold's position. */
export function observe(fold: UnitFold, context: FoldContext, observation: Observation): void {
  const { timeMs, temperatureC, humidity, doorOpen, doorOpenCount } = observation
  advance(fold, context, timeMs, 'before')
  if (timeMs > fold.positionMs) enter(fold, context, timeMs)
  fold.hasStarted = true
  fold.windows ??= openWindows(context, timeMs)
  if (temperatureC !== null) takeTemperature(fold, context, temperatureC)
  if (humidity !== null) addHumidity(fold.windows.hour.sums, humidity)
  const hasOpened = doorOpen !== null && takeDoor(fold, context, doorOpen, observation.deviceId)
  if (hasOpened || doorOpenCount !== null) takeCounter(fold, context, observation, hasOpened)
  if (temperatureC !== null || humidity !== null || doorOpen !== null || doorOpenCount !== null)
    addedTo(fold, context)
  takeSensor(fold, context, observation)
  takeCheckin(fold, context, observation)
}

/** Fires every timer before `toMs`, or up to and including it. */
export function advance(
  fold: UnitFold,
  context: FoldContext,
  toMs: number,
  until: 'before' | 'through',
): void {
  for (;;) {
    if (fold.instantIsOpen) {
      if (isPast(fold.positionMs, toMs, until)) return
      closeInstant(fold, context)
    }
    if (isPast(fold.dueMs, toMs, until) || fold.dueMs === Number.NEGATIVE_INFINITY) return
    enter(fold, context, fold.dueMs)
  }
}

const isPast = (ms: number, toMs: number, until: 'before' | 'through'): boolean =>
  ms > toMs || (ms === toMs && until === 'before')

function enter(fold: UnitFold, context: FoldContext, atMs: number): void {
  moveTo(fold, context, atMs)
  fold.positionMs = atMs
  fold.instantIsOpen = true
  const next = context.versions[fold.versionIndex + 1]
  if (next !== undefined && next.validFromMs <= atMs) takeVersion(fold, context)
}

/** Limits change at the fold's position: what was integrated until now was under the old ones. */
export function takeVersion(fold: UnitFold, context: FoldContext): void {
  countHeld(fold, fold.limits, fold.positionMs)
  findVersion(fold, context)
  fold.versionIsNew = true
}

/** The version valid at the fold's position. */
export function findVersion(fold: UnitFold, { versions }: FoldContext): void {
  fold.versionIndex = versionIndexAt(versions, fold.positionMs)
  fold.limits = versions[fold.versionIndex] ?? noLimits
}

/** No more observations at this instant: what ends an episode comes before the timers that would go on with it. */
function closeInstant(fold: UnitFold, context: FoldContext): void {
  lapse(fold, 'past the limit')
  if (context.entries.length > 0) takeLogs(fold, context)
  if (fold.versionIsNew) {
    judgeAgain(fold, context)
    judgeSensorsAgain(fold, context)
    judgeUsesAgain(fold, context)
    rearmAlerts(fold, context)
    fold.versionIsNew = false
  }
  fireExcursionTimers(fold, context)
  fireBudgetTimers(fold, context)
  lapse(fold, 'at the limit')
  fireSilenceTimers(fold, context)
  fireDoorTimers(fold, context)
  fireRestoring(fold)
  fireManualTimer(fold, context)
  fireSensors(fold, context)
  fireAlertTimers(fold, context)
  settleStatus(fold, context)
  fold.instantIsOpen = false
  fold.dueMs = nextDueMs(fold, context)
}

/** First those that open, then what people have said of any, then levels of escalation. */
function fireAlertTimers(fold: UnitFold, context: FoldContext): void {
  const isDue = alertDueMs(fold, fold.limits) <= fold.positionMs
  if (isDue) fireAlerts(fold, context)
  if (context.entries.length > 0) takeAcknowledgements(fold, context)
  if (isDue) fireEscalations(fold, context)
}

/** Delay and schedule are those of the version valid at t. */
function rearmAlerts(fold: UnitFold, context: FoldContext): void {
  const { excursion, silence, door, budgets } = fold
  if (excursion !== null) armAlert(fold, context, excursion, excursion.confirmedMs)
  for (const use of budgets) armAlert(fold, context, use, use.exceededMs)
  if (silence !== null) armAlert(fold, context, silence, silence.detectedMs)
  if (door !== null && door.opening !== null) armAlert(fold, context, door.opening, confirmedMs(door.opening))
  for (const condition of openConditions(fold)) armAlert(fold, context, condition, condition.confirmedMs)
}

export function nextDueMs(fold: UnitFold, context: FoldContext): number {
  const limits = fold.limits
  const version = context.versions[fold.versionIndex + 1]
  let dueMs = version === undefined ? Number.POSITIVE_INFINITY : version.validFromMs
  dueMs = Math.min(dueMs, lapseDueMs(fold, limits), silenceDueMs(fold, limits))
  if (fold.excursion !== null) dueMs = Math.min(dueMs, excursionDueMs(fold, limits))
  if (fold.restoring !== null) dueMs = Math.min(dueMs, restoringDueMs(fold, limits))
  if (limits.budgets.length > 0) dueMs = Math.min(dueMs, budgetDueMs(fold, limits))
  dueMs = Math.min(dueMs, manualDueMs(fold, limits), doorDueMs(fold, limits), alertDueMs(fold, limits))
  if (context.entries.length > 0) dueMs = Math.min(dueMs, entryDueMs(context, fold.positionMs))
  if (context.devices.length === 0) return dueMs
  return Math.min(dueMs, sensorsDueMs(context, fold.positionMs, limits))
}

/** Notes everything that is open: after a copy of the state, each may differ from what went out. */
export function touchOpen(fold: UnitFold, context: FoldContext): void {
  const episodes = [...openEpisodes(fold), ...fold.cutBudgets]
  for (const episode of episodes) touch(context, episode)
  for (const { alert } of [...episodes, ...openConditions(fold)]) if (alert !== null) touch(context, alert)
  if (fold.windows !== null) touchWindows(context, fold.windows)
}
