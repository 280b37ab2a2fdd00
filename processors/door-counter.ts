// Door sensors that count their openings show what the radio lost: where the counter rose by more than the openings that
// were seen, the rest is added, marked `inferred`, at the instant of the report that showed it.
//
// Some sensors count at the opening edge and some at the closing edge, so one opening may be seen ahead of its count.
import { newOpening } from './door.ts'
import { type FoldContext, touch } from './fold-context.ts'
import type { Counter, Observation, OpeningFact, UnitFold } from './fold-state.ts'

/** A jump beyond this is a counter that was reset or swapped, not a door. */
const LOST_MAX = 100

/** A report at the fold's position; `hasOpened`: it started an opening. */
export function takeCounter(
  fold: UnitFold,
  context: FoldContext,
  observation: Observation,
  hasOpened: boolean,
): void {
  const { deviceId, doorOpenCount, lastOpenSeconds } = observation
  if (doorOpenCount === null) {
    const counter = counterOf(fold, deviceId)
    if (hasOpened && counter !== undefined) counter.seen++
    return
  }
  const counter = counterOf(fold, deviceId)
  if (counter === undefined) {
    fold.counters.push({ deviceId, openings: doorOpenCount, seen: observation.doorOpen === true ? 1 : 0 })
    return
  }
  const lost = countLost(counter, doorOpenCount, hasOpened)
  for (let nth = 1; nth <= lost; nth++) {
    // Of several, the duration is that of the last.
    addInferred(fold, context, `${deviceId}|${nth}`, nth === lost ? lastOpenSeconds : null)
  }
}

const counterOf = ({ counters }: UnitFold, deviceId: string): Counter | undefined =>
  counters.find((counter) => counter.deviceId === deviceId)

function countLost(counter: Counter, openings: number, hasOpened: boolean): number {
  const counted = openings - counter.openings
  const seen = counter.seen + (hasOpened ? 1 : 0)
  const isReset = counted < 0 || counted - seen > LOST_MAX
  counter.openings = openings
  counter.seen = isReset ? 0 : Math.min(1, Math.max(0, seen - counted))
  return isReset ? 0 : Math.max(0, counted - seen)
}

function addInferred(fold: UnitFold, context: FoldContext, tag: string, seconds: number | null): void {
  const opening: OpeningFact = {
    ...newOpening(fold.positionMs, 0),
    tag: `inferred|${tag}`,
    inferred: true,
    closedMs: fold.positionMs,
    durationMs: seconds === null ? null : seconds * 1000,
  }
  if (fold.windows !== null) fold.windows.hour.sums.doorOpenings++
  touch(context, opening)
}
