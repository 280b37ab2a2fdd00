// The unit stage: a unit's readings and configuration become its excursions, doors, silences, status, alerts, rollups.
import { touch } from './fold-context.ts'
import type { Observation } from './fold-state.ts'
import { forgetBefore, type Publication, publish, retractMissing, type UnitOutput } from './ledger.ts'
import type { Emit, Input, Processor } from './processor.ts'
import { type ReadingRead, readingFields } from './reads.ts'
import { moveTo, nextWindowEndMs } from './rollup.ts'
import { loadUnit, saveUnit } from './unit-changelog.ts'
import { advance, touchOpen } from './unit-fold.ts'
import {
  addRecord,
  emptyUnit,
  moveCheckpoint,
  refresh,
  takeConfig,
  takeEntry,
  type UnitState,
} from './unit-state.ts'

export type UnitInput = 'unit-configs' | 'unit-entries' | 'readings'

export type UnitStage = Processor<UnitState, UnitInput, UnitOutput, 'unit-changelog'> & {
  /** Settles, and lets every open integral run to the clock: for a look at one instant, such as `dry-run`'s. */
  look(state: UnitState, clockMs: number, emit: Emit<UnitOutput>): void
}

export const GRACE_MS = 2 * 3_600_000

/** The end of the year 9999. Nothing but a broken record is beyond it, and no zone has rules there. */
const INSTANT_MAX_MS = 253_402_300_799_999

export type UnitOptions = { graceMs: number }

export function unitStage({ graceMs }: UnitOptions = { graceMs: GRACE_MS }): UnitStage {
  function onRecord(state: UnitState, input: Input<UnitInput>, emit: Emit<UnitOutput>): void {
    if (input.topic === 'unit-configs') takeConfig(state, input.value)
    else if (input.topic === 'unit-entries') takeEntry(state, input.value)
    else takeReading(state, input.value, graceMs, emit)
  }

  function settle(state: UnitState, clockMs: number, emit: Emit<UnitOutput>): void {
    bringTo(state, clockMs)
    completeWindows(state)
    send(state, emit)
    moveCheckpoint(state, state.newestMs - graceMs)
    forgetBefore(state.ledger, state.newestMs - graceMs)
  }

  /** Cuts windows that nothing but time can still change before their end is final. */
  function completeWindows(state: UnitState): void {
    const { live, context } = state
    for (let endMs = nextWindowEndMs(live); endMs <= finalToMs(state); endMs = nextWindowEndMs(live))
      moveTo(live, context, endMs)
    const { complete } = state.changes
    let notFinal = 0
    for (const window of complete)
      if (window.endMs > finalToMs(state)) complete[notFinal++] = window
      else touch(context, window)
    complete.length = notFinal
  }

  const finalToMs = (state: UnitState): number => Math.max(state.clockMs, state.newestMs) - graceMs

  function send(state: UnitState, emit: Emit<UnitOutput>): void {
    const { ledger, foldNumber, live, context } = state
    if (state.changes.touched.length === 0 && !state.isRepeated) return
    const to: Publication = {
      owner: state,
      ledger,
      foldNumber,
      fold: live,
      context,
      finalToMs: finalToMs(state),
      emit,
    }
    const { touched } = state.changes
    if (touched.length > 0) {
      state.changes.touched = []
      publish(to, touched)
    }
    if (state.isRepeated) retractMissing(to)
    state.isRepeated = false
  }

  function nextTimerMs(state: UnitState): number {
    refresh(state)
    const { live, changes } = state
    let dueMs = live.instantIsOpen ? live.positionMs : live.dueMs
    if (dueMs === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY
    for (const window of changes.complete) dueMs = Math.min(dueMs, window.endMs + graceMs)
    return Math.min(dueMs, nextWindowEndMs(live) + graceMs)
  }

  return {
    name: 'unit',
    tables: ['unit-configs', 'unit-entries'],
    streams: ['readings'],
    outputs: unitOutputs,
    changelog: 'unit-changelog',
    reads: { readings: readingFields },
    initial: emptyUnit,
    eventTimeMs: (input) => (input.topic === 'readings' ? input.value.recordedAt : null),
    onRecord,
    settle,
    nextTimerMs,
    timers: 'kept',
    save: (state) => saveUnit(state, nextTimerMs(state)),
    load: loadUnit,
    look(state, clockMs, emit) {
      settle(state, clockMs, emit)
      moveTo(state.live, state.context, clockMs)
      touchOpen(state.live, state.context)
      send(state, emit)
    },
  }
}

const unitOutputs: readonly UnitOutput[] = [
  'excursions',
  'door-events',
  'door-openings',
  'silences',
  'gateway-silences',
  'budgets',
  'unit-status',
  'alerts',
  'rollups',
  'late-readings',
]

function bringTo(state: UnitState, clockMs: number): void {
  if (clockMs > state.clockMs) state.clockMs = clockMs
  refresh(state)
  advance(state.live, state.context, state.clockMs, 'through')
}

/**
 * A simulated reading moves nothing; one beyond grace marks its hour. What is to be refused is refused here: a throw when the
 * unit is settled would stop the partition.
 */
function takeReading(state: UnitState, reading: ReadingRead, graceMs: number, emit: Emit<UnitOutput>): void {
  if (reading.simulated) return
  if (!(Math.abs(reading.recordedAt) <= INSTANT_MAX_MS))
    throw new RangeError(`recordedAt ${reading.recordedAt} is no instant`)
  if (state.config === null) state.organizationId = reading.organizationId
  if (reading.recordedAt < state.newestMs - graceMs) {
    const { organizationId, deviceId, recordedAt, receivedAt } = reading
    const { unitId } = state
    const hourStart = state.context.zone.hourAt(recordedAt).startMs
    emit('late-readings', unitId, { unitId, organizationId, deviceId, recordedAt, receivedAt, hourStart })
    return
  }
  if (reading.recordedAt > state.newestMs) state.newestMs = reading.recordedAt
  addRecord(state, observationOf(reading))
}

const observationOf = (reading: ReadingRead): Observation => ({
  timeMs: reading.recordedAt,
  deviceId: reading.deviceId,
  kind: reading.kind,
  temperatureC: reading.temperature,
  humidity: reading.humidity,
  doorOpen: reading.doorOpen,
  doorOpenCount: reading.doorOpenCount,
  lastOpenSeconds: reading.lastOpenSeconds,
  batteryPercent: reading.batteryPercent,
  batteryVolts: reading.batteryVolts,
  fault: reading.fault,
  gatewayId: reading.gatewayId,
  history: reading.history,
})
