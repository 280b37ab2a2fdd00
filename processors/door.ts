// The unit's door: the last report of any device. Sensors repeat themselves for a living; only a change is news, and an
// opening is an episode with a warning and a critical instant.
//
//   unknown ──▶ open ◀──▶ closed
import type { DoorEvent, DoorOpening } from '../schemas/generated/types.ts'
import { endAlert } from './alert.ts'
import { armAlert, type FoldContext, touch } from './fold-context.ts'
import {
  type Door,
  type DoorEventFact,
  idOf,
  type OpeningFact,
  type Owner,
  type UnitFold,
} from './fold-state.ts'
import type { Limits } from './limits.ts'
import { countDoor } from './rollup.ts'

/** A door report at the fold's position. True: it started an opening. */
export function takeDoor(fold: UnitFold, context: FoldContext, isOpen: boolean, deviceId: string): boolean {
  const atMs = fold.positionMs
  if (fold.door?.isOpen === isOpen) return false
  countDoor(fold, atMs)
  touchEvent(context, atMs, isOpen, deviceId, fold.door === null ? null : atMs - fold.door.sinceMs)
  if (fold.door?.opening) closeOpening(context, fold.door.opening, atMs)
  const opening = isOpen ? startOpening(fold, context) : null
  fold.door ??= newDoor()
  const { door } = fold
  door.isOpen = isOpen
  door.sinceMs = atMs
  door.countedMs = atMs
  door.opening = opening
  if (opening === null) return false
  door.lastOpenedMs = opening.atMs
  door.lastOrdinal = opening.ordinal
  return true
}

/** One that has never been open. */
const newDoor = (): Door => ({
  ...{ isOpen: false, sinceMs: 0, countedMs: 0, opening: null },
  ...{ lastOpenedMs: Number.NEGATIVE_INFINITY, lastOrdinal: 0 },
})

function touchEvent(
  context: FoldContext,
  atMs: number,
  isOpen: boolean,
  deviceId: string,
  durationMs: number | null,
): void {
  if (context.changes === null) return
  const tag = `${isOpen ? 'open' : 'closed'}|${deviceId}`
  const event: DoorEventFact = {
    kind: 'door-event',
    atMs,
    tag,
    touched: false,
    sent: null,
    isOpen,
    durationMs,
  }
  touch(context, event)
}

function startOpening(fold: UnitFold, context: FoldContext): OpeningFact {
  const atMs = fold.positionMs
  const ordinal = fold.door?.lastOpenedMs === atMs ? fold.door.lastOrdinal + 1 : 0
  if (fold.windows !== null) fold.windows.hour.sums.doorOpenings++
  const opening = newOpening(atMs, ordinal)
  touch(context, opening)
  return opening
}

export function newOpening(atMs: number, ordinal: number): OpeningFact {
  return {
    kind: 'door-opening',
    atMs,
    tag: ordinal === 0 ? '' : String(ordinal),
    touched: false,
    sent: null,
    ordinal,
    inferred: false,
    closedMs: null,
    durationMs: null,
    warningMs: null,
    criticalMs: null,
    alert: null,
    alertDueMs: Number.POSITIVE_INFINITY,
  }
}

function closeOpening(context: FoldContext, opening: OpeningFact, atMs: number): void {
  opening.closedMs = atMs
  opening.durationMs = atMs - opening.atMs
  endAlert(context, opening, atMs)
  touch(context, opening)
}

export function fireDoorTimers(fold: UnitFold, context: FoldContext): void {
  const opening = fold.door?.opening
  if (!opening) return
  const limits = fold.limits
  const openMs = fold.positionMs - opening.atMs
  const hadPassed = confirmedMs(opening) !== null
  if (opening.warningMs === null && openMs >= limits.doorWarningMs) {
    opening.warningMs = fold.positionMs
    touch(context, opening)
  }
  if (opening.criticalMs === null && openMs >= limits.doorCriticalMs) {
    opening.criticalMs = fold.positionMs
    touch(context, opening)
  }
  if (!hadPassed) armAlert(fold, context, opening, confirmedMs(opening))
}

/** What confirms an opening as the cause of an alert: its first warning or critical instant. */
export function confirmedMs({ warningMs, criticalMs }: OpeningFact): number | null {
  if (warningMs === null || criticalMs === null) return warningMs ?? criticalMs
  return Math.min(warningMs, criticalMs)
}

export function doorDueMs({ door }: UnitFold, limits: Limits): number {
  if (door === null || door.opening === null) return Number.POSITIVE_INFINITY
  const { atMs, warningMs, criticalMs } = door.opening
  return Math.min(
    warningMs === null ? atMs + limits.doorWarningMs : Number.POSITIVE_INFINITY,
    criticalMs === null ? atMs + limits.doorCriticalMs : Number.POSITIVE_INFINITY,
  )
}

export const doorEventRecord = (
  fact: DoorEventFact,
  { unitId, organizationId }: Owner,
  revision: number,
): DoorEvent => ({
  id: idOf(unitId, fact),
  unitId,
  organizationId,
  revision,
  retracted: false,
  deviceId: deviceOf(fact.tag),
  recordedAt: fact.atMs,
  doorOpen: fact.isOpen,
  durationSeconds: fact.durationMs === null ? null : fact.durationMs / 1000,
})

export const deviceOf = (tag: string): string => tag.slice(tag.indexOf('|') + 1)

export const openingRecord = (
  fact: OpeningFact,
  { unitId, organizationId }: Owner,
  revision: number,
): DoorOpening => ({
  id: idOf(unitId, fact),
  unitId,
  organizationId,
  revision,
  state: fact.closedMs === null ? 'open' : 'closed',
  inferred: fact.inferred,
  openedAt: fact.atMs,
  closedAt: fact.closedMs,
  durationSeconds: fact.durationMs === null ? null : fact.durationMs / 1000,
  warningAt: fact.warningMs,
  criticalAt: fact.criticalMs,
})
