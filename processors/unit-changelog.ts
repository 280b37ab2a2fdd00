// The state of a unit as its changelog record, and back. Only what cannot be made again is kept: the checkpoint, the
// records since, and what has gone out. The live fold is folded anew.
import type { KeptFold, KeptRecord, SentFact, UnitChangelog } from '../schemas/generated/types.ts'
import { emptyFold, keyText, type Observation, type Sent, type UnitFold, type Windows } from './fold-state.ts'
import {
  finite,
  keepBudget,
  keepCondition,
  keepDoor,
  keepExcursion,
  keepKey,
  keepKind,
  keepSensor,
  keepSilence,
  keepWindow,
  orEnd,
  orStart,
  restoreBudget,
  restoreCondition,
  restoreDoor,
  restoreExcursion,
  restoreKey,
  restoreKind,
  restoreSensor,
  restoreSilence,
  restoreWindow,
} from './kept.ts'
import { emptyUnit, restoreFold, type UnitState, useConfig } from './unit-state.ts'

export function saveUnit(state: UnitState, nextTimerMs: number): UnitChangelog {
  const devices = [...new Set(state.records.map(({ deviceId }) => deviceId))]
  const gateways = [...new Set(state.records.flatMap(({ gatewayId }) => gatewayId ?? []))]
  return {
    nextTimerMs: finite(nextTimerMs),
    unitId: state.unitId,
    organizationId: state.organizationId,
    config: state.config,
    newestMs: finite(state.newestMs),
    clockMs: finite(state.clockMs),
    checkpoint: state.checkpoint.positionMs === Number.NEGATIVE_INFINITY ? null : keepFold(state.checkpoint),
    devices,
    gateways,
    records: state.records.map((record) => ({
      ...record,
      device: devices.indexOf(record.deviceId),
      gateway: gateways.indexOf(record.gatewayId ?? ''),
    })),
    entries: state.entries.map((entry) => ({ ...entry })),
    sent: Array.from(state.ledger.values(), keepSent),
  }
}

export function loadUnit(kept: UnitChangelog): UnitState {
  const state = emptyUnit(kept.unitId)
  state.entries.push(...kept.entries.map((entry) => ({ ...entry })))
  useConfig(state, kept.config)
  state.organizationId = kept.organizationId
  state.newestMs = orStart(kept.newestMs)
  state.clockMs = orStart(kept.clockMs)
  state.records = kept.records.map((record) => restoreRecord(record, kept))
  if (kept.checkpoint !== null) {
    state.checkpoint = restoreKept(kept.checkpoint)
    restoreFold(state.checkpoint, state.checkpointContext)
  }
  for (const fact of kept.sent) {
    const sent = restoreSent(fact)
    state.ledger.set(keyText(sent), sent)
  }
  state.isStale = true
  return state
}

const restoreRecord = (
  { device, gateway, ...record }: KeptRecord,
  { devices, gateways }: UnitChangelog,
): Observation => ({
  ...record,
  deviceId: devices[device] ?? '',
  gatewayId: gateways[gateway] ?? null,
})

const keepSent = ({ kind, atMs, tag, revision, digest, closedMs }: Sent): SentFact => ({
  kind: keepKind(kind),
  atMs,
  tag,
  revision,
  digest,
  closedForMs: finite(closedMs - atMs),
})

const restoreSent = ({ kind, atMs, tag, revision, digest, closedForMs }: SentFact): Sent => ({
  kind: restoreKind(kind),
  atMs,
  tag,
  revision,
  digest,
  closedMs: orEnd(closedForMs) + atMs,
  foldNumber: 0,
})

function keepFold(fold: UnitFold): KeptFold {
  const { excursion, door, silence, restoring, windows } = fold
  return {
    positionMs: fold.positionMs,
    movedToMs: fold.movedToMs,
    ranToMs: finite(fold.ranToMs),
    versionIsNew: fold.versionIsNew,
    held: fold.held,
    excursion: excursion && keepExcursion(excursion),
    lastExcursionMs: finite(fold.lastExcursionMs),
    lastExcursionOrdinal: fold.lastExcursionOrdinal,
    door: door && keepDoor(door),
    counters: [...fold.counters],
    thermometers: [...fold.thermometers],
    lastSeenMs: fold.lastSeenMs,
    silence: silence && keepSilence(silence),
    lastSeenGatewayId: fold.lastSeenGatewayId,
    sensors: fold.sensors.map(keepSensor),
    heard: fold.heard,
    manualSinceMs: fold.manualSinceMs,
    loggedMs: fold.loggedMs,
    missedLog: keepCondition(fold.missedLog),
    restoring: restoring && { sinceMs: restoring.sinceMs, cause: keepKey(restoring.cause) },
    hasStarted: fold.hasStarted,
    status: fold.status,
    hour: windows && keepWindow(windows.hour),
    day: windows && keepWindow(windows.day),
    week: windows && keepWindow(windows.week),
    month: windows && keepWindow(windows.month),
    budgets: [...fold.budgets, ...fold.cutBudgets].map(keepBudget),
  }
}

function restoreKept(kept: KeptFold): UnitFold {
  const { held, excursion, door, silence, restoring } = kept
  return {
    ...emptyFold(),
    positionMs: kept.positionMs,
    movedToMs: kept.movedToMs,
    ranToMs: orStart(kept.ranToMs),
    versionIsNew: kept.versionIsNew,
    // The checkpoint has no other reason to wait at its instant.
    instantIsOpen: kept.versionIsNew,
    held: held && { ...held },
    excursion: excursion && restoreExcursion(excursion),
    lastExcursionMs: orStart(kept.lastExcursionMs),
    lastExcursionOrdinal: kept.lastExcursionOrdinal,
    door: door && restoreDoor(door),
    counters: kept.counters.map((counter) => ({ ...counter })),
    thermometers: [...kept.thermometers],
    lastSeenMs: kept.lastSeenMs,
    lastSeenGatewayId: kept.lastSeenGatewayId,
    silence: silence && restoreSilence(silence),
    sensors: kept.sensors.map(restoreSensor),
    heard: kept.heard && { ...kept.heard },
    manualSinceMs: kept.manualSinceMs,
    loggedMs: kept.loggedMs,
    missedLog: restoreCondition('manual-log', kept.missedLog),
    restoring: restoring && { sinceMs: restoring.sinceMs, cause: restoreKey(restoring.cause) },
    hasStarted: kept.hasStarted,
    status: kept.status,
    windows: restoreWindows(kept),
    budgets: kept.budgets.filter(({ endedMs }) => endedMs === null).map(restoreBudget),
    cutBudgets: kept.budgets.filter(({ endedMs }) => endedMs !== null).map(restoreBudget),
  }
}

function restoreWindows({ hour, day, week, month }: KeptFold): Windows | null {
  if (hour === null || day === null || week === null || month === null) return null
  return {
    hour: restoreWindow('hour', hour),
    day: restoreWindow('day', day),
    week: restoreWindow('week', week),
    month: restoreWindow('month', month),
  }
}
