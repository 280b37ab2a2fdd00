// Rollups: the sums of each local hour, day, ISO week and month. Only the hour is summed from readings; a day is the
// sum of its hours in order, a week and a month the sum of its days, so they add up exactly.
import type { Granularity, Rollup } from '../schemas/generated/types.ts'
import { endDays } from './budget.ts'
import { type FoldContext, touch } from './fold-context.ts'
import type { Owner, UnitFold, WindowFact, Windows } from './fold-state.ts'
import { countHeld, isKnown } from './hold.ts'
import type { Limits } from './limits.ts'
import type { Span } from './local-time.ts'
import { addHeld, addSums, emptySums, isEmpty, type Sums, setToSum } from './sums.ts'

const nothing: Readonly<Sums> = emptySums()

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
      windows.week = follow(windows.week, context, context.zone.weekAt(nextMs))
    }
    if (nextMs >= windows.month.endMs) {
      complete(fold, context, windows.month)
      windows.month = follow(windows.month, context, context.zone.monthAt(nextMs))
    }
    windows.day = follow(windows.day, context, context.zone.dayAt(nextMs))
  }
  windows.hour = follow(windows.hour, context, context.zone.hourAt(nextMs))
}

/** The window after a complete one. In the fold of the checkpoint nobody looks back at it: it becomes the next. */
function follow(window: WindowFact, { changes }: FoldContext, { startMs, endMs }: Span): WindowFact {
  if (changes !== null) return openWindow(window.kind, { startMs, endMs })
  window.atMs = startMs
  window.endMs = endMs
  window.ranToMs = startMs
  window.isOpen = true
  setToSum(window.sums, nothing, nothing)
  return window
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

type WindowSums = Record<Granularity, Sums>

/** What `openSums` gives. It is asked for each unit and commit, and its sums are looked at and forgotten. */
const running: WindowSums = { hour: emptySums(), day: emptySums(), week: emptySums(), month: emptySums() }

/** The open windows' sums as of `ranToMs`, each the sum of its parts, until the next call; the fold is left as it is. */
export function openSums(fold: UnitFold, limits: Limits): WindowSums | null {
  const { windows, held, door } = fold
  if (windows === null) return null
  const { hour, day, week, month } = running
  setToSum(hour, windows.hour.sums, nothing)
  if (isKnown(held) && fold.ranToMs > held.countedMs)
    addHeld(hour, held.valueC, fold.ranToMs - held.countedMs, limits)
  if (door?.isOpen) hour.doorOpenMs += fold.ranToMs - door.countedMs
  setToSum(day, windows.day.sums, hour)
  setToSum(week, windows.week.sums, day)
  setToSum(month, windows.month.sums, day)
  return running
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Four go out for each unit and commit, and are of thirty fields: what is emitted is encoded at once, so there is one. */
const told: Rollup = {
  ...{ unitId: '', organizationId: '', granularity: 'hour', start: 0, end: 0 },
  ...{ revision: 0, retracted: false, isFinal: false, asOf: 0 },
  ...{ count: 0, min: null, max: null, sum: 0, sumSquares: 0 },
  ...{ knownSeconds: 0, weightedSum: 0, mktNumerator: 0, mktDenominator: 0 },
  ...{ secondsAbove: 0, secondsBelow: 0, degreeMinutesAbove: 0, degreeMinutesBelow: 0 },
  ...{ readingsOutOfRange: 0, doorOpenings: 0, doorOpenSeconds: 0 },
  ...{ humidityCount: 0, humiditySum: 0, humidityMin: null, humidityMax: null },
}

/** Good until the next call. */
export function rollupRecord(
  window: { kind: Granularity; atMs: number; endMs: number },
  sums: Sums,
  owner: Owner,
  revision: number,
  asOfMs: number,
  isFinal: boolean,
): Rollup {
  told.unitId = owner.unitId
  told.organizationId = owner.organizationId
  told.granularity = window.kind
  told.start = window.atMs
  told.end = window.endMs
  told.revision = revision
  told.isFinal = isFinal
  told.asOf = asOfMs
  told.count = sums.count
  told.min = orNull(sums.minC)
  told.max = orNull(sums.maxC)
  told.sum = sums.sumC
  told.sumSquares = sums.sumSquares
  told.knownSeconds = sums.knownMs / 1000
  told.weightedSum = sums.weightedSum
  told.mktNumerator = sums.mktNumerator
  told.mktDenominator = sums.knownMs / 1000
  told.secondsAbove = sums.aboveMs / 1000
  told.secondsBelow = sums.belowMs / 1000
  told.degreeMinutesAbove = sums.degreeMinutesAbove
  told.degreeMinutesBelow = sums.degreeMinutesBelow
  told.readingsOutOfRange = sums.outOfRange
  told.doorOpenings = sums.doorOpenings
  told.doorOpenSeconds = sums.doorOpenMs / 1000
  told.humidityCount = sums.humidityCount
  told.humiditySum = sums.humiditySum
  told.humidityMin = orNull(sums.humidityMin)
  told.humidityMax = orNull(sums.humidityMax)
  return told
}
