// All that the unit stage keeps of one unit, and how late samples find their place in it.
//
//        checkpoint                                        newest
//   ─────────┼────────────────────────────────────────────────┼──────▶ event time
//            │◀──────────────────── grace ───────────────────▶│
//            the fold up to here      records since, in order   live: the fold of both
//
// A record in order waits, and `live` takes all that wait when it is needed next: one after the other they find the unit's
// state in the processor's caches. A late one is put in its place, and `live` is folded anew from the checkpoint then.
import type { UnitConfig, UnitEntry } from '../schemas/generated/types.ts'
import { forgetCuts } from './budget.ts'
import { type Changes, contextOf, type Entry, type FoldContext } from './fold-context.ts'
import { copyFold, emptyFold, type Observation, type UnitFold } from './fold-state.ts'
import { keepConfig } from './kept.ts'
import type { Ledger } from './ledger.ts'
import { localTime } from './local-time.ts'
import { moveTo } from './rollup.ts'
import { advance, findVersion, nextDueMs, observe, takeVersion, touchOpen } from './unit-fold.ts'

export type UnitState = {
  unitId: string
  organizationId: string
  config: UnitConfig | null
  newestMs: number
  /** The latest clock that timers were fired for. */
  clockMs: number
  checkpoint: UnitFold
  records: Observation[]
  /** What people said of the unit, ascending; what the checkpoint has passed is forgotten. */
  entries: Entry[]
  ledger: Ledger
  // What follows is made from the above, and not saved.
  /** The configuration as the changelog has it. */
  keptConfig: UnitConfig | null
  /** Those that the configuration names, each once. */
  deviceIds: readonly string[]
  live: UnitFold
  /** How many of the last records `live` has yet to take, all in order. */
  waiting: number
  /** `live` lacks a late record or a new configuration. */
  isStale: boolean
  /** Since the last publication the fold was repeated: some facts may be missing in it. */
  isRepeated: boolean
  foldNumber: number
  changes: Changes
  context: FoldContext
  checkpointContext: FoldContext
}

export function emptyUnit(unitId: string): UnitState {
  const changes: Changes = { touched: [], complete: [] }
  const entries: Entry[] = []
  const known = { unitId, config: null, entries }
  return {
    unitId,
    organizationId: '',
    config: null,
    newestMs: Number.NEGATIVE_INFINITY,
    clockMs: Number.NEGATIVE_INFINITY,
    checkpoint: emptyFold(),
    records: [],
    entries,
    ledger: new Map(),
    keptConfig: null,
    deviceIds: [],
    live: emptyFold(),
    waiting: 0,
    isStale: false,
    isRepeated: false,
    foldNumber: 0,
    changes,
    context: contextOf(known, changes),
    checkpointContext: contextOf(known, null),
  }
}

/** Versions may come late too: what follows from the checkpoint on is folded anew. Throws where the zone is none. */
export function takeConfig(state: UnitState, config: UnitConfig): void {
  // After a restart the table is read again; what is known already must not cut an integral in two.
  if (JSON.stringify(withoutSite(config)) === JSON.stringify(state.config)) return
  localTime(config.timeZone)
  const { checkpoint } = state
  useConfig(state, config)
  if (checkpoint.positionMs !== Number.NEGATIVE_INFINITY) {
    takeVersion(checkpoint, state.checkpointContext)
    checkpoint.instantIsOpen = true
  }
  state.isStale = true
}

/** In which site a unit is, its zone apart, changes nothing here, and takes no room. */
const withoutSite = (config: UnitConfig): UnitConfig => ({ ...config, siteId: '' })

export function useConfig(state: UnitState, config: UnitConfig | null): void {
  state.config = config && withoutSite(config)
  state.deviceIds = [...new Set(config?.devices.map(({ deviceId }) => deviceId))]
  const context = contextOf(state, state.changes)
  state.context = context
  state.checkpointContext = { ...context, changes: null }
  if (config !== null) state.organizationId = config.organizationId
  state.keptConfig = state.config && keepConfig(state.config, state)
}

/** The same entry may come more than once. One from before the checkpoint counts from there on, as a version does. */
export function takeEntry(state: UnitState, { at, alertId }: UnitEntry): void {
  const { checkpoint, entries } = state
  if (entries.some((entry) => entry.atMs === at && entry.alertId === alertId)) return
  const place = entries.findIndex(({ atMs }) => atMs > at)
  entries.splice(place < 0 ? entries.length : place, 0, { atMs: at, alertId })
  if (at <= checkpoint.positionMs) {
    checkpoint.versionIsNew = true
    checkpoint.instantIsOpen = true
  }
  state.isStale = true
}

export function addRecord(state: UnitState, observation: Observation): void {
  if (!state.isStale && isInOrder(state, observation)) {
    state.records.push(observation)
    state.waiting++
  } else {
    state.records.splice(placeOf(state.records, observation), 0, observation)
    state.isStale = true
  }
}

function isInOrder({ live, records, waiting }: UnitState, next: Observation): boolean {
  const last = records.at(-1)
  const follows = last === undefined || comesBefore(last, next)
  if (waiting > 0) return follows
  if (next.timeMs < live.movedToMs) return false
  if (next.timeMs > live.positionMs) return true
  return live.instantIsOpen && follows
}

const comesBefore = (a: Observation, b: Observation): boolean =>
  a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.deviceId <= b.deviceId)

function placeOf(records: readonly Observation[], observation: Observation): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = records[middle]
    if (record !== undefined && comesBefore(record, observation)) low = middle + 1
    else high = middle
  }
  return low
}

/** Brings `live` to the last record: by those that wait, or anew from the checkpoint where something came late. */
export function refresh(state: UnitState): void {
  if (!state.isStale) {
    takeWaiting(state)
    return
  }
  state.live = copyFold(state.checkpoint)
  state.changes.touched = []
  state.changes.complete = []
  touchOpen(state.live, state.context)
  state.waiting = state.records.length
  takeWaiting(state)
  advance(state.live, state.context, state.clockMs, 'through')
  state.isStale = false
  state.isRepeated = true
  state.foldNumber++
}

function takeWaiting(state: UnitState): void {
  const { live, context, records } = state
  for (let at = records.length - state.waiting; at < records.length; at++) {
    const record = records[at]
    if (record !== undefined) observe(live, context, record)
  }
  state.waiting = 0
}

/** Moves the checkpoint to `toMs`: what is before it can no longer change. */
export function moveCheckpoint(state: UnitState, toMs: number): void {
  const { checkpoint, checkpointContext, records } = state
  let count = 0
  for (let record = records[0]; record !== undefined && record.timeMs < toMs; record = records[count]) {
    observe(checkpoint, checkpointContext, record)
    count++
  }
  if (count > 0) records.splice(0, count)
  advance(checkpoint, checkpointContext, toMs, 'before')
  if (state.entries.length > 0) forgetEntries(state)
  // A window that ended before it is forgotten: the fold from here on must not have it as open.
  if (checkpoint.windows !== null && checkpoint.windows.hour.endMs <= toMs)
    moveTo(checkpoint, checkpointContext, toMs)
  forgetCuts(checkpoint, toMs)
  forgetCuts(state.live, toMs)
}

function forgetEntries({ entries, checkpoint }: UnitState): void {
  const passed = entries.findIndex(({ atMs }) => checkpoint.instantIsOpen || atMs > checkpoint.positionMs)
  entries.splice(0, passed < 0 ? entries.length : passed)
}

/** `dueMs`, the version and its limits follow from the rest: they are not saved. */
export function restoreFold(fold: UnitFold, context: FoldContext): void {
  findVersion(fold, context)
  fold.dueMs = nextDueMs(fold, context)
}
