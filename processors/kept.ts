// Parts of a fold as they are kept in the changelog, and back. Avro's long holds no Infinity: there it is null.
import type {
  FactKind,
  KeptAlert,
  KeptDoor,
  KeptExcursion,
  FactKey as KeptKey,
  KeptOpening,
  KeptSilence,
  KeptSums,
  KeptWindow,
} from '../schemas/generated/types.ts'
import { alertOn } from './alert.ts'
import { newOpening } from './door.ts'
import { newExcursion } from './excursion.ts'
import type {
  AlertFact,
  Cause,
  Door,
  ExcursionFact,
  FactKey,
  OpeningFact,
  SilenceFact,
  WindowFact,
} from './fold-state.ts'
import { openWindow } from './rollup.ts'
import { newSilence } from './silence.ts'
import { emptySums, isEmpty, type Sums } from './sums.ts'

export const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null)
export const orEnd = (ms: number | null): number => ms ?? Number.POSITIVE_INFINITY
export const orStart = (ms: number | null): number => ms ?? Number.NEGATIVE_INFINITY

export const keepKind = (kind: FactKey['kind']): FactKind => kind.replace('-', '_') as FactKind
export const restoreKind = (kind: FactKind): FactKey['kind'] => kind.replace('_', '-') as FactKey['kind']

export const keepKey = ({ kind, atMs, tag }: FactKey): KeptKey => ({ kind: keepKind(kind), atMs, tag })
export const restoreKey = ({ kind, atMs, tag }: KeptKey): FactKey => ({ kind: restoreKind(kind), atMs, tag })

const keepAlert = (alert: AlertFact | null): KeptAlert | null =>
  alert && { alertType: alert.alertType, severity: alert.severity, triggeredMs: alert.triggeredMs }

const keepCause = ({ alert, alertDueMs }: Cause) => ({
  alert: keepAlert(alert),
  alertDueMs: finite(alertDueMs),
})

function restoreCause<C extends Cause>(
  cause: C,
  kept: { alert: KeptAlert | null; alertDueMs: number | null },
): C {
  cause.alertDueMs = orEnd(kept.alertDueMs)
  if (kept.alert !== null) cause.alert = alertOn(cause, kept.alert.severity, kept.alert.triggeredMs)
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
  return restoreCause({ ...newSilence(kept.atMs, kept.detectedMs), ...own }, kept)
}

const keepSums = (sums: Sums): KeptSums => ({
  ...sums,
  minC: finite(sums.minC),
  maxC: finite(sums.maxC),
  humidityMin: finite(sums.humidityMin),
  humidityMax: finite(sums.humidityMax),
})

const restoreSums = (kept: KeptSums): Sums => ({
  ...kept,
  minC: orEnd(kept.minC),
  maxC: orStart(kept.maxC),
  humidityMin: orEnd(kept.humidityMin),
  humidityMax: orStart(kept.humidityMax),
})

export const keepWindow = ({ atMs, endMs, sums }: WindowFact): KeptWindow => ({
  atMs,
  endMs,
  sums: isEmpty(sums) ? null : keepSums(sums),
})

export const restoreWindow = (kind: WindowFact['kind'], { atMs, endMs, sums }: KeptWindow): WindowFact => ({
  ...openWindow(kind, { startMs: atMs, endMs }),
  sums: sums === null ? emptySums() : restoreSums(sums),
})
