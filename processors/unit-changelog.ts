// The state of a unit as its changelog record, and back. Only what cannot be made again is kept: the checkpoint, the
// records since, and what has gone out. The live fold is folded anew.
import type { KeptFold, SentFact, ToldFact, UnitChangelog } from '../schemas/generated/types.ts'
import { deviceOf } from './door.ts'
import { emptyFold, type Sent, type UnitFold, type Windows } from './fold-state.ts'
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
  restoreConfig,
  restoreDoor,
  restoreExcursion,
  restoreKey,
  restoreKind,
  restoreSensor,
  restoreSilence,
  restoreWindow,
} from './kept.ts'
import { KeptRows } from './kept-rows.ts'
import { DevicePlaces, keepSamples, restoreSamples } from './kept-samples.ts'
import { enterSent, type Ledger } from './ledger.ts'
import { emptyUnit, restoreFold, type UnitState, useConfig } from './unit-state.ts'

/** To be encoded at once: parts of it belong to the state, others to the next record. */
export function saveUnit(state: UnitState, nextTimerMs: number): UnitChangelog {
  const { unitId, organizationId, checkpoint, ledger } = state
  const places = new DevicePlaces(state.deviceIds, [])
  const isFolded = checkpoint.positionMs !== Number.NEGATIVE_INFINITY
  const kept = isFolded ? keepFold(checkpoint, places) : null
  const { gateways, senders, samples } = keepSamples(state.records, places)
  return {
    nextTimerMs: finite(nextTimerMs),
    unitId,
    organizationId,
    config: state.keptConfig,
    newestMs: finite(state.newestMs),
    clockMs: finite(state.clockMs),
    checkpoint: kept,
    gateways,
    senders,
    samples,
    records: none,
    entries: state.entries,
    sent: none,
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

/** A digest is never negative. */
const RETRACTED = -1

const told = new KeptRows<ToldFact>(() => ({
  ...{ kind: 'hour', afterMs: 0, tag: '', revision: 0, digest: 0, closedForMs: null },
}))

/** Good until the next call. */
function keepLedger(ledger: Ledger, places: DevicePlaces): ToldFact[] {
  told.clear()
  let beforeMs = 0
  for (const facts of ledger.values())
    for (const { kind, atMs, tag, revision, digest, closedMs } of facts) {
      const fact = told.add()
      fact.kind = keepKind(kind)
      fact.afterMs = atMs - beforeMs
      beforeMs = atMs
      fact.tag = kind === 'door-event' ? keepDoorTag(tag, places) : tag
      fact.revision = revision
      fact.digest = digest ?? RETRACTED
      fact.closedForMs = finite(closedMs - atMs)
    }
  return told.all()
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

/** By the place of the device: they are the same for all units. */
const openTags: string[] = []
const closedTags: string[] = []

/** `open|<device>` as `open|#<its place>`. */
function keepDoorTag(tag: string, places: DevicePlaces): string {
  const place = places.of(deviceOf(tag))
  const isOpen = tag.startsWith('open|')
  const tags = isOpen ? openTags : closedTags
  tags[place] ??= `${isOpen ? 'open' : 'closed'}|#${place}`
  return tags[place]
}

const restoreDoorTag = (tag: string, places: DevicePlaces): string =>
  tag.replace(/\|#(\d+)$/, (_, place: string) => `|${places.at(Number(place))}`)

const none: readonly never[] = []

/** Most lists of a state are empty. */
const mapped = <A, B>(list: readonly A[], keep: (item: A) => B): readonly B[] =>
  list.length === 0 ? none : list.map(keep)

function keepFold(fold: UnitFold, places: DevicePlaces): KeptFold {
  const { excursion, door, silence, restoring, windows, cutBudgets } = fold
  const uses = cutBudgets.length === 0 ? fold.budgets : [...fold.budgets, ...cutBudgets]
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
    counters: fold.counters,
    thermometers: none,
    thermometerDevices: fold.thermometers.map((deviceId) => places.of(deviceId)),
    lastSeenMs: fold.lastSeenMs,
    silence: silence && keepSilence(silence),
    lastSeenGatewayId: fold.lastSeenGatewayId,
    sensors: mapped(fold.sensors, keepSensor),
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
    budgets: mapped(uses, keepBudget),
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
    thermometers: [...kept.thermometers, ...kept.thermometerDevices.map((place) => places.at(place))],
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
