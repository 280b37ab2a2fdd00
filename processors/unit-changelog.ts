// The state of a unit as its changelog record, and back. Only what cannot be made again is kept: the checkpoint, the
// records since, and what has gone out. The live fold is folded anew.
import type { KeptFold, SentFact, ToldFact, UnitChangelog, UnitConfig } from '../schemas/generated/types.ts'
import { deviceOf } from './door.ts'
import { emptyFold, type Owner, type Sent, type UnitFold, type Windows } from './fold-state.ts'
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
import { DevicePlaces, keepSamples, restoreSamples } from './kept-samples.ts'
import { enterSent, type Ledger } from './ledger.ts'
import { emptyUnit, restoreFold, type UnitState, useConfig } from './unit-state.ts'

export function saveUnit(state: UnitState, nextTimerMs: number): UnitChangelog {
  const { unitId, organizationId, config, checkpoint, ledger } = state
  const places = new DevicePlaces(state.deviceIds, [])
  const isFolded = checkpoint.positionMs !== Number.NEGATIVE_INFINITY
  return {
    nextTimerMs: finite(nextTimerMs),
    unitId,
    organizationId,
    config: config && keepConfig(config, state),
    newestMs: finite(state.newestMs),
    clockMs: finite(state.clockMs),
    checkpoint: isFolded ? keepFold(checkpoint, places) : null,
    ...keepSamples(state.records, places),
    records: [],
    entries: state.entries.map((entry) => ({ ...entry })),
    sent: [],
    told: keepLedger(ledger, places),
    // Last: whoever is named above has a place by now.
    devices: places.others,
  }
}

export function loadUnit(kept: UnitChangelog): UnitState {
  const { config } = kept
  const state = emptyUnit(kept.unitId)
  state.entries.push(...kept.entries.map((entry) => ({ ...entry })))
  useConfig(state, config && restoreConfig(config, kept))
  const places = new DevicePlaces(state.deviceIds, kept.devices)
  state.organizationId = kept.organizationId
  state.newestMs = orStart(kept.newestMs)
  state.clockMs = orStart(kept.clockMs)
  state.records = restoreSamples(kept, places)
  if (kept.checkpoint !== null) {
    state.checkpoint = restoreKept(kept.checkpoint, places)
    restoreFold(state.checkpoint, state.checkpointContext)
  }
  for (const sent of restoreLedger(kept, places)) enterSent(state.ledger, sent)
  state.isStale = true
  return state
}

/** Ids that the state names anyway are left empty. */
const keepConfig = (config: UnitConfig, { unitId, organizationId }: Owner): UnitConfig => ({
  ...config,
  unitId: config.unitId === unitId ? '' : config.unitId,
  organizationId: config.organizationId === organizationId ? '' : config.organizationId,
})

const restoreConfig = (config: UnitConfig, { unitId, organizationId }: Owner): UnitConfig => ({
  ...config,
  unitId: config.unitId || unitId,
  organizationId: config.organizationId || organizationId,
})

/** A digest is never negative. */
const RETRACTED = -1

/** Filled anew for each record, which is encoded before the next is made. */
const told: ToldFact[] = []

function keepLedger(ledger: Ledger, places: DevicePlaces): ToldFact[] {
  let count = 0
  let beforeMs = 0
  for (const facts of ledger.values())
    for (const { kind, atMs, tag, revision, digest, closedMs } of facts) {
      told[count] ??= { kind: 'hour', afterMs: 0, tag: '', revision: 0, digest: 0, closedForMs: null }
      const fact = told[count++] as ToldFact
      fact.kind = keepKind(kind)
      fact.afterMs = atMs - beforeMs
      beforeMs = atMs
      fact.tag = kind === 'door-event' ? keepDoorTag(tag, places) : tag
      fact.revision = revision
      fact.digest = digest ?? RETRACTED
      fact.closedForMs = finite(closedMs - atMs)
    }
  return told.slice(0, count)
}

function restoreLedger({ told, sent }: UnitChangelog, places: DevicePlaces): Sent[] {
  let atMs = 0
  return [
    ...sent.map((fact) => restoreSent(fact, fact.tag)),
    ...told.map(({ afterMs, digest, ...fact }) => {
      atMs += afterMs
      const tag = fact.kind === 'door_event' ? restoreDoorTag(fact.tag, places) : fact.tag
      return restoreSent({ ...fact, atMs, digest: digest === RETRACTED ? null : digest }, tag)
    }),
  ]
}

const restoreSent = ({ kind, atMs, revision, digest, closedForMs }: SentFact, tag: string): Sent => ({
  ...{ kind: restoreKind(kind), atMs, tag, revision, digest },
  closedMs: orEnd(closedForMs) + atMs,
  foldNumber: 0,
})

/** `open|<device>` as `open|#<its place>`. */
const keepDoorTag = (tag: string, places: DevicePlaces): string =>
  `${tag.slice(0, tag.indexOf('|'))}|#${places.of(deviceOf(tag))}`

const restoreDoorTag = (tag: string, places: DevicePlaces): string =>
  tag.replace(/\|#(\d+)$/, (_, place: string) => `|${places.at(Number(place))}`)

function keepFold(fold: UnitFold, places: DevicePlaces): KeptFold {
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
    thermometers: [],
    thermometerDevices: fold.thermometers.map((deviceId) => places.of(deviceId)),
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

function restoreKept(kept: KeptFold, places: DevicePlaces): UnitFold {
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
    thermometers: [...kept.thermometers, ...kept.thermometerDevices.map(places.at)],
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
