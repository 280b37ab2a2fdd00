// Rollups: the sums of each local hour, day, ISO week and month. Only the hour is summed from readings; a day is the
// sum of its hours in order, a week and a month the sum of its days, so they add up exactly.
import type { Granularity, Rollup } from '../schemas/generated/types.ts'
import { endDays } from './budget.ts'
import { type FoldContext, touch } from './fold-context.ts'
import type { Owner, UnitFold, WindowFact, Windows } from './fold-state.ts'
import { countHeld, isKnown } from './hold.ts'
import type { Limits } from './limits.ts'
import type { Span } from './local-time.ts'
import { addHeld, addSums, emptySums, isEmpty, type Sums } from './sums.ts'

export const granularities: readonly Granularity[] = ['hour', 'day', 'week', 'month']

export function openWindow(kind: Granularity, { startMs, endMs }: Span): WindowFact {
  return {
    kind,
    atMs: startMs,
    tag: '',
    touched: false,
    sent: null,
    endMs,
    sums: emptySums(),
    isOpen: true,
    ranToMs: startMs,
  }
}

export function openWindows({ zone }: FoldContext, ms: number): Windows {
  return {
    hour: openWindow('hour', zone.hourAt(ms)),
    day: openWindow('day', zone.dayAt(ms)),
    week: openWindow('week', zone.weekAt(ms)),
    month: openWindow('month', zone.monthAt(ms)),
  }
}

/** All four or none: they are told together. */
export function touchWindows(context: FoldContext, { hour, day, week, month }: Windows): void {
  if (hour.touched) return
  touch(context, hour)
  touch(context, day)
  touch(context, week)
  touch(context, month)
}

/** Whether time alone adds to the open windows. */
export const isRunning = ({ held, door }: UnitFold): boolean => isKnown(held) || door?.isOpen === true

/** Cuts windows and integrals at every border up to `toMs`, that instant included. */
export function moveTo(fold: UnitFold, context: FoldContext, toMs: number): void {
  const { windows, excursion } = fold
  if (toMs <= fold.movedToMs) return
  while (windows !== null && toMs >= windows.hour.endMs) crossHour(fold, context, windows, toMs)
  fold.movedToMs = toMs
  if (excursion !== null) touch(context, excursion)
  if (isRunning(fold)) addedTo(fold, context)
}

/** Something was added to the open windows, up to where the fold is. */
export function addedTo(fold: UnitFold, context: FoldContext): void {
  fold.ranToMs = fold.movedToMs
  if (fold.windows !== null) touchWindows(context, fold.windows)
}

function crossHour(fold: UnitFold, context: FoldContext, windows: Windows, toMs: number): void {
  const borderMs = windows.hour.endMs
  const isRun = isRunning(fold)
  countHeld(fold, fold.limits, borderMs)
  countDoor(fold, borderMs)
  if (isRun) {
    fold.ranToMs = borderMs
    touchWindows(context, windows)
  }
  addSums(windows.day.sums, windows.hour.sums)
  complete(fold, context, windows.hour)
  // With nothing running, the hours up to the next event are empty: the borders of longer windows are all that is left.
  const nextMs = isRun ? borderMs : toMs
  if (nextMs >= windows.day.endMs) {
    addSums(windows.week.sums, windows.day.sums)
    addSums(windows.month.sums, windows.day.sums)
    complete(fold, context, windows.day)
    endDays(fold, context, windows.day.endMs)
    if (nextMs >= windows.week.endMs) {
      complete(fold, context, windows.week)
      windows.week = openWindow('week', context.zone.weekAt(nextMs))
    }
    if (nextMs >= windows.month.endMs) {
      complete(fold, context, windows.month)
      windows.month = openWindow('month', context.zone.monthAt(nextMs))
    }
    windows.day = openWindow('day', context.zone.dayAt(nextMs))
  }
  windows.hour = openWindow('hour', context.zone.hourAt(nextMs))
}

function complete(fold: UnitFold, context: FoldContext, window: WindowFact): void {
  window.isOpen = false
  window.ranToMs = fold.ranToMs
  if (context.changes !== null && !isEmpty(window.sums)) context.changes.complete.push(window)
}

export function countDoor({ door, windows }: UnitFold, toMs: number): void {
  if (door === null || !door.isOpen || windows === null) return
  windows.hour.sums.doorOpenMs += toMs - door.countedMs
  door.countedMs = toMs
}

/** Door-open time of the local day, up to the fold's position. */
export function doorOpenMsToday({ door, windows, positionMs }: UnitFold): number {
  if (windows === null) return 0
  const runningMs = door?.isOpen ? positionMs - door.countedMs : 0
  return windows.day.sums.doorOpenMs + windows.hour.sums.doorOpenMs + runningMs
}

/** The first end of an open window that exists, or will by then; Infinity: none. */
export function nextWindowEndMs(fold: UnitFold): number {
  const { windows } = fold
  if (windows === null) return Number.POSITIVE_INFINITY
  if (isRunning(fold) || !isEmpty(windows.hour.sums)) return windows.hour.endMs
  if (!isEmpty(windows.day.sums)) return windows.day.endMs
  const weekEndMs = isEmpty(windows.week.sums) ? Number.POSITIVE_INFINITY : windows.week.endMs
  const monthEndMs = isEmpty(windows.month.sums) ? Number.POSITIVE_INFINITY : windows.month.endMs
  return Math.min(weekEndMs, monthEndMs)
}

/** The open windows' sums as of `ranToMs`, each the sum of its parts; the fold is left as it is. */
export function openSums(fold: UnitFold, limits: Limits): Record<Granularity, Sums> | null {
  const { windows, held, door } = fold
  if (windows === null) return null
  const hour = { ...windows.hour.sums }
  if (isKnown(held) && fold.ranToMs > held.countedMs)
    addHeld(hour, held.valueC, fold.ranToMs - held.countedMs, limits)
  if (door?.isOpen) hour.doorOpenMs += fold.ranToMs - door.countedMs
  const day = plus(windows.day.sums, hour)
  return { hour, day, week: plus(windows.week.sums, day), month: plus(windows.month.sums, day) }
}

function plus(complete: Sums, running: Sums): Sums {
  const sums = { ...complete }
  addSums(sums, running)
  return sums
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** A record's sums: without, the window is retracted. */
export function rollupRecord(
  window: { kind: Granularity; atMs: number; endMs: number },
  sums: Sums,
  owner: Owner,
  as: { revision: number; retracted: boolean; isFinal: boolean; asOfMs: number },
): Rollup {
  return {
    unitId: owner.unitId,
    organizationId: owner.organizationId,
    granularity: window.kind,
    start: window.atMs,
    end: window.endMs,
    revision: as.revision,
    retracted: as.retracted,
    isFinal: as.isFinal,
    asOf: as.asOfMs,
    count: sums.count,
    min: orNull(sums.minC),
    max: orNull(sums.maxC),
    sum: sums.sumC,
    sumSquares: sums.sumSquares,
    knownSeconds: sums.knownMs / 1000,
    weightedSum: sums.weightedSum,
    mktNumerator: sums.mktNumerator,
    mktDenominator: sums.knownMs / 1000,
    secondsAbove: sums.aboveMs / 1000,
    secondsBelow: sums.belowMs / 1000,
    degreeMinutesAbove: sums.degreeMinutesAbove,
    degreeMinutesBelow: sums.degreeMinutesBelow,
    readingsOutOfRange: sums.outOfRange,
    doorOpenings: sums.doorOpenings,
    doorOpenSeconds: sums.doorOpenMs / 1000,
    humidityCount: sums.humidityCount,
    humiditySum: sums.humiditySum,
    humidityMin: orNull(sums.humidityMin),
    humidityMax: orNull(sums.humidityMax),
  }
}
