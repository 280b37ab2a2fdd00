// Parts of a fold as they are kept in the changelog, and back. Avro's long holds no Infinity: there it is null.
import type {
  FactKind,
  KeptAlert,
  KeptBudget,
  KeptCondition,
  KeptDoor,
  KeptExcursion,
  FactKey as KeptKey,
  KeptOpening,
  KeptSensor,
  KeptSilence,
  KeptSums,
  KeptWindow,
  UnitConfig,
} from '../schemas/generated/types.ts'
import { alertOn } from './alert.ts'
import { newUse } from './budget.ts'
import { newOpening } from './door.ts'
import { newExcursion } from './excursion.ts'
import { newCondition } from './fold-context.ts'
import type {
  AlertFact,
  BudgetFact,
  Cause,
  Condition,
  ConditionKind,
  Door,
  ExcursionFact,
  FactKey,
  OpeningFact,
  Owner,
  Sensor,
  SilenceFact,
  WindowFact,
} from './fold-state.ts'
import { centiOf, fromCenti } from './kept-samples.ts'
import { openWindow } from './rollup.ts'
import { newSilence } from './silence.ts'
import { emptySums, isEmpty, type Sums } from './sums.ts'

/** Ids that the state names anyway are left empty. */
export const keepConfig = (config: UnitConfig, { unitId, organizationId }: Owner): UnitConfig => ({
  ...config,
  unitId: config.unitId === unitId ? '' : config.unitId,
  organizationId: config.organizationId === organizationId ? '' : config.organizationId,
})

export const restoreConfig = (config: UnitConfig, { unitId, organizationId }: Owner): UnitConfig => ({
  ...config,
  unitId: config.unitId || unitId,
  organizationId: config.organizationId || organizationId,
})

export const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null)
export const orEnd = (ms: number | null): number => ms ?? Number.POSITIVE_INFINITY
export const orStart = (ms: number | null): number => ms ?? Number.NEGATIVE_INFINITY

/** Of what goes out. Conditions do not: their alerts do. */
const keptKinds: Record<Exclude<FactKey['kind'], ConditionKind>, FactKind> = {
  ...{ excursion: 'excursion', silence: 'silence', status: 'status', alert: 'alert', budget: 'budget' },
  ...{ 'door-event': 'door_event', 'door-opening': 'door_opening', 'gateway-silence': 'gateway_silence' },
  ...{ hour: 'hour', day: 'day', week: 'week', month: 'month' },
}

export const keepKind = (kind: FactKey['kind']): FactKind => keptKinds[kind as keyof typeof keptKinds]
export const restoreKind = (kind: FactKind): FactKey['kind'] => kind.replace('_', '-') as FactKey['kind']

export const keepKey = ({ kind, atMs, tag }: FactKey): KeptKey => ({ kind: keepKind(kind), atMs, tag })
export const restoreKey = ({ kind, atMs, tag }: KeptKey): FactKey => ({ kind: restoreKind(kind), atMs, tag })

const keepAlert = (alert: AlertFact | null): KeptAlert | null =>
  alert && {
    alertType: alert.alertType,
    severity: alert.severity,
    triggeredMs: alert.triggeredMs,
    escalatedMs: [...alert.escalatedMs],
    acknowledgedMs: alert.acknowledgedMs,
  }

const keepCause = ({ alert, alertDueMs }: Cause) => ({
  alert: keepAlert(alert),
  alertDueMs: alert === null ? finite(alertDueMs) : null,
})

function restoreCause<C extends Cause>(
  cause: C,
  kept: { alert: KeptAlert | null; alertDueMs: number | null },
): C {
  cause.alertDueMs = orEnd(kept.alertDueMs)
  if (kept.alert !== null) {
    const { severity, triggeredMs, escalatedMs, acknowledgedMs } = kept.alert
    const alert = alertOn(cause, severity, triggeredMs)
    cause.alert = { ...alert, escalatedMs: [...escalatedMs], acknowledgedMs }
  }
  return cause
}

export const keepExcursion = (excursion: ExcursionFact): KeptExcursion => ({
  ...excursion,
  ...keepCause(excursion),
})

export function restoreExcursion(kept: KeptExcursion): ExcursionFact {
  const { alert: _alert, alertDueMs: _dueMs, ...own } = kept
  return restoreCause({ ...newExcursion(kept.atMs, kept.direction, kept.ordinal), ...own }, kept)
}

const keepOpening = (opening: OpeningFact): KeptOpening => ({ ...opening, ...keepCause(opening) })

function restoreOpening(kept: KeptOpening): OpeningFact {
  const { alert: _alert, alertDueMs: _dueMs, ...own } = kept
  return restoreCause({ ...newOpening(kept.atMs, kept.ordinal), ...own }, kept)
}

export const keepDoor = (door: Door): KeptDoor => ({
  ...door,
  opening: door.opening && keepOpening(door.opening),
  lastOpenedMs: finite(door.lastOpenedMs),
})

export const restoreDoor = (kept: KeptDoor): Door => ({
  ...kept,
  opening: kept.opening && restoreOpening(kept.opening),
  lastOpenedMs: orStart(kept.lastOpenedMs),
})

export const keepSilence = (silence: SilenceFact): KeptSilence => ({ ...silence, ...keepCause(silence) })

export function restoreSilence(kept: KeptSilence): SilenceFact {
  const { alert: _alert, alertDueMs: _dueMs, ...own } = kept
  return restoreCause({ ...newSilence(kept.atMs, kept.detectedMs, kept.gatewayId), ...own }, kept)
}

export const keepCondition = (condition: Condition | null): KeptCondition | null =>
  condition && { ...condition, ...keepCause(condition) }

export const restoreCondition = (kind: ConditionKind, kept: KeptCondition | null): Condition | null =>
  kept && restoreCause(newCondition(kind, kept), kept)

export const keepSensor = ({
  deviceId,
  run,
  battery,
  fault,
  calibration,
  seenMs,
  silence,
}: Sensor): KeptSensor => ({
  deviceId,
  valueC: run?.valueC ?? null,
  recordedMs: run?.recordedMs ?? null,
  sinceMs: run?.sinceMs ?? null,
  readings: run?.readings ?? 0,
  battery: keepCondition(battery),
  fault: keepCondition(fault),
  calibration: keepCondition(calibration),
  seenMs,
  silence: keepCondition(silence),
})

export function restoreSensor(kept: KeptSensor): Sensor {
  const { deviceId, valueC, recordedMs, sinceMs, readings } = kept
  const isWatched = valueC !== null && recordedMs !== null && sinceMs !== null
  return {
    deviceId,
    run: isWatched ? { valueC, recordedMs, sinceMs, readings } : null,
    battery: restoreCondition('battery', kept.battery),
    fault: restoreCondition('sensor-fault', kept.fault),
    calibration: restoreCondition('calibration', kept.calibration),
    seenMs: kept.seenMs,
    silence: restoreCondition('device-silence', kept.silence),
  }
}

export const keepBudget = (use: BudgetFact): KeptBudget => ({ ...use, ...keepCause(use) })

export function restoreBudget(kept: KeptBudget): BudgetFact {
  const { usedMs, exceededMs, endedMs } = kept
  const use = restoreCause({ ...newUse(kept, kept.atMs), usedMs, exceededMs, endedMs }, kept)
  if (use.alert !== null) use.alert.resolvedMs = endedMs
  return use
}

const newWindow = (): { window: KeptWindow; sums: KeptSums } => ({
  window: { atMs: 0, endMs: 0, sums: null },
  sums: {
    ...emptySums(),
    ...{ minCenti: null, maxCenti: null, humidityMinCenti: null, humidityMaxCenti: null },
  },
})

/** Filled anew for each record, which is encoded before the next is made. */
const keptWindows = { hour: newWindow(), day: newWindow(), week: newWindow(), month: newWindow() }

/** Zeros and hundredths take a byte or three in place of eight. */
function fillSums(kept: KeptSums, sums: Sums): KeptSums {
  kept.count = sums.count
  kept.sumC = sums.sumC
  kept.sumSquares = sums.sumSquares
  kept.knownMs = sums.knownMs
  kept.weightedSum = sums.weightedSum
  kept.mktNumerator = sums.mktNumerator
  kept.aboveMs = sums.aboveMs
  kept.belowMs = sums.belowMs
  kept.outOfRange = sums.outOfRange
  kept.doorOpenings = sums.doorOpenings
  kept.doorOpenMs = sums.doorOpenMs
  kept.humidityCount = sums.humidityCount
  kept.minCenti = centiOf(sums.minC)
  kept.minC = kept.minCenti === null ? finite(sums.minC) : null
  kept.maxCenti = centiOf(sums.maxC)
  kept.maxC = kept.maxCenti === null ? finite(sums.maxC) : null
  kept.humidityMinCenti = centiOf(sums.humidityMin)
  kept.humidityMin = kept.humidityMinCenti === null ? finite(sums.humidityMin) : null
  kept.humidityMaxCenti = centiOf(sums.humidityMax)
  kept.humidityMax = kept.humidityMaxCenti === null ? finite(sums.humidityMax) : null
  kept.degreeMinutesAbove = sums.degreeMinutesAbove || null
  kept.degreeMinutesBelow = sums.degreeMinutesBelow || null
  kept.humiditySum = sums.humiditySum || null
  return kept
}

function restoreSums({ minCenti, maxCenti, humidityMinCenti, humidityMaxCenti, ...kept }: KeptSums): Sums {
  return {
    ...kept,
    minC: orEnd(fromCenti(minCenti) ?? kept.minC),
    maxC: orStart(fromCenti(maxCenti) ?? kept.maxC),
    humidityMin: orEnd(fromCenti(humidityMinCenti) ?? kept.humidityMin),
    humidityMax: orStart(fromCenti(humidityMaxCenti) ?? kept.humidityMax),
    degreeMinutesAbove: kept.degreeMinutesAbove ?? 0,
    degreeMinutesBelow: kept.degreeMinutesBelow ?? 0,
    humiditySum: kept.humiditySum ?? 0,
  }
}

/** Good until the next call for one of its kind. */
export function keepWindow({ kind, atMs, endMs, sums }: WindowFact): KeptWindow {
  const kept = keptWindows[kind]
  kept.window.atMs = atMs
  kept.window.endMs = endMs
  kept.window.sums = isEmpty(sums) ? null : fillSums(kept.sums, sums)
  return kept.window
}

export const restoreWindow = (kind: WindowFact['kind'], { atMs, endMs, sums }: KeptWindow): WindowFact => ({
  ...openWindow(kind, { startMs: atMs, endMs }),
  sums: sums === null ? emptySums() : restoreSums(sums),
})
