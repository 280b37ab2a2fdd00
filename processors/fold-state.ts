// What the fold of a unit knows at one instant. Plain data: it is copied, saved and folded on from there.
//
// A *fact* is what goes out: an episode, an event, an alert, a window. It is identified in its unit by kind, instant
// and tag; its id is derived from these, so a fact that is folded again is the same fact.

import type {
  AlertType,
  BudgetSide,
  BudgetSpan,
  DeviceKind,
  Direction,
  Granularity,
  Severity,
  UnitStatus,
} from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'
import { type Limits, noLimits } from './limits.ts'
import type { Sums } from './sums.ts'

/** Causes of alerts that no topic of their own tells. */
export type ConditionKind = 'battery' | 'sensor-fault' | 'calibration' | 'device-silence' | 'manual-log'

export type FactKey = {
  kind:
    | 'excursion'
    | 'budget'
    | 'door-event'
    | 'door-opening'
    | 'silence'
    | 'gateway-silence'
    | 'status'
    | 'alert'
    | Granularity
    | ConditionKind
  /** The instant that identifies it: start, change, or that of an alert's cause. */
  atMs: number
  /** What tells apart facts of one kind and instant. */
  tag: string
}

/** Whose the facts are. */
export type Owner = { unitId: string; organizationId: string }

/** What the ledger knows of a fact that went out. */
export type Sent = FactKey & {
  revision: number
  /** Of the content that went out last; null: it was retracted. */
  digest: number | null
  /** From here on nothing can change it any more; Infinity while it is open. */
  closedMs: number
  /** The fold that has it: facts of the fold before the last one that are not in it are to be retracted. */
  foldNumber: number
}

export type Fact = FactKey & {
  /** It is on the list of what has changed. */
  touched: boolean
  sent: Sent | null
}

/** An alert is due `delayMs` after its cause is confirmed; `alertDueMs` says nothing once there is one. */
export type Cause = Fact & { alert: AlertFact | null; alertDueMs: number }

export type AlertFact = Fact & {
  kind: 'alert'
  alertType: AlertType
  severity: Severity
  cause: FactKey
  triggeredMs: number
  /** When each level of escalation was reached. */
  escalatedMs: number[]
  acknowledgedMs: number | null
  resolvedMs: number | null
}

/** Tagged with its reason and, unless it is the whole unit's, its device. */
export type Condition = Cause & {
  kind: ConditionKind
  confirmedMs: number
  /** The value that it was last judged by, in the unit of its reason. */
  level: number | null
}

/** What is watched of one device of the unit. */
export type Sensor = {
  deviceId: string
  /** Its last temperature and since when, and in how many readings, it has been that; null: it is not watched. */
  run: { valueC: number; recordedMs: number; sinceMs: number; readings: number } | null
  battery: Condition | null
  fault: Condition | null
  calibration: Condition | null
  /** Its last check-in; null: its silence is not watched, or it has not been seen. */
  seenMs: number | null
  silence: Condition | null
}

/** The last check-in of any device of the unit, and the first one after none for the limit of the device that it was of. */
export type Heard = { lastMs: number; sinceMs: number }

export type ExcursionFact = Cause & {
  kind: 'excursion'
  direction: Direction
  /** Excursions of one instant before this one. */
  ordinal: number
  confirmedMs: number | null
  criticalMs: number | null
  endedMs: number | null
  minC: number
  maxC: number
  count: number
  knownMs: number
  degreeMinutes: number
}

export type DoorEventFact = Fact & { kind: 'door-event'; isOpen: boolean; durationMs: number | null }

export type OpeningFact = Cause & {
  kind: 'door-opening'
  ordinal: number
  inferred: boolean
  closedMs: number | null
  durationMs: number | null
  warningMs: number | null
  criticalMs: number | null
}

export type SilenceFact = Cause & {
  kind: 'silence'
  detectedMs: number
  /** The gateway that heard the last check-in best. */
  gatewayId: string | null
  warningMs: number | null
  criticalMs: number | null
  endedMs: number | null
  missedCheckins: number | null
}

/** The use of a budget from its first known time beyond the limit on; it goes out once it is exceeded. */
export type BudgetFact = Cause & {
  kind: 'budget'
  name: string
  side: BudgetSide
  limitC: number
  over: BudgetSpan
  lot: string | null
  budgetMs: number
  /** Up to the held value's `countedMs`. */
  usedMs: number
  exceededMs: number | null
  endedMs: number | null
}

export type StatusFact = Fact & { kind: 'status'; status: UnitStatus; cause: FactKey | null }

export type WindowFact = Fact & {
  kind: Granularity
  endMs: number
  /** The hour's own; of longer windows, the sum of the shorter ones that are complete. */
  sums: Sums
  isOpen: boolean
  /** Once complete: the last instant at which anything was added. */
  ranToMs: number
}

export type Windows = { hour: WindowFact; day: WindowFact; week: WindowFact; month: WindowFact }

/** The value that the unit's series holds. */
export type Held = {
  valueC: number
  recordedMs: number
  /** Integrals are complete up to here. */
  countedMs: number
  /** Past the hold limit: unknown, until the next reading. */
  lapsed: boolean
}

export type Door = {
  isOpen: boolean
  sinceMs: number
  /** Open time is counted up to here. */
  countedMs: number
  opening: OpeningFact | null
  /** Of the last opening, closed or not. */
  lastOpenedMs: number
  lastOrdinal: number
}

export type Counter = { deviceId: string; openings: number; seen: number }

export type UnitFold = {
  /** The instant of the last event: an observation, a version, a timer. */
  positionMs: number
  /** At `positionMs`, timers and status are still to come: more observations may arrive. */
  instantIsOpen: boolean
  /** Windows are cut up to here; never before `positionMs`. */
  movedToMs: number
  /** The last instant at which anything was added to the open windows: their `asOf`. */
  ranToMs: number
  /** The next instant with a timer or a version. */
  dueMs: number
  versionIndex: number
  /** Those of that version. */
  limits: Limits
  /** A version came at `positionMs`. */
  versionIsNew: boolean
  held: Held | null
  excursion: ExcursionFact | null
  lastExcursionMs: number
  lastExcursionOrdinal: number
  door: Door | null
  counters: Counter[]
  /** Devices that have given a temperature. */
  thermometers: string[]
  lastSeenMs: number | null
  lastSeenGatewayId: string | null
  silence: SilenceFact | null
  sensors: Sensor[]
  /** Null: no device's silence is watched. */
  heard: Heard | null
  /** Since when manual logs are required; null: they are not. */
  manualSinceMs: number | null
  loggedMs: number | null
  missedLog: Condition | null
  /** After the end of a confirmed excursion. */
  restoring: { sinceMs: number; cause: FactKey } | null
  budgets: BudgetFact[]
  /** Ended by the end of a local day at or behind the checkpoint's instant: a border is no event, so the fold that goes on
   * from there must bring them along. */
  cutBudgets: BudgetFact[]
  hasStarted: boolean
  status: UnitStatus | null
  windows: Windows | null
}

/** One real reading, as far as it matters to the fold. */
export type Observation = {
  timeMs: number
  deviceId: string
  kind: DeviceKind | null
  temperatureC: number | null
  humidity: number | null
  doorOpen: boolean | null
  doorOpenCount: number | null
  lastOpenSeconds: number | null
  batteryPercent: number | null
  batteryVolts: number | null
  /** No probe, or a fault, in place of a temperature. */
  fault: boolean
  gatewayId: string | null
  history: boolean
}

export const emptyFold = (): UnitFold => ({
  positionMs: Number.NEGATIVE_INFINITY,
  instantIsOpen: false,
  movedToMs: Number.NEGATIVE_INFINITY,
  ranToMs: Number.NEGATIVE_INFINITY,
  dueMs: Number.NEGATIVE_INFINITY,
  versionIndex: -1,
  limits: noLimits,
  versionIsNew: false,
  held: null,
  excursion: null,
  lastExcursionMs: Number.NEGATIVE_INFINITY,
  lastExcursionOrdinal: 0,
  door: null,
  counters: [],
  thermometers: [],
  lastSeenMs: null,
  lastSeenGatewayId: null,
  silence: null,
  sensors: [],
  heard: null,
  manualSinceMs: null,
  loggedMs: null,
  missedLog: null,
  restoring: null,
  budgets: [],
  cutBudgets: [],
  hasStarted: false,
  status: null,
  windows: null,
})

const copyFact = <F extends Fact>(fact: F): F => ({ ...fact, touched: false, sent: null })

const copyCause = <C extends Cause>(cause: C): C => ({
  ...copyFact(cause),
  alert: cause.alert && { ...copyFact(cause.alert), escalatedMs: [...cause.alert.escalatedMs] },
})

const copySensor = (sensor: Sensor): Sensor => {
  const { run, battery, fault, calibration, silence } = sensor
  return {
    ...sensor,
    run: run && { ...run },
    battery: battery && copyCause(battery),
    fault: fault && copyCause(fault),
    calibration: calibration && copyCause(calibration),
    silence: silence && copyCause(silence),
  }
}

const copyWindow = (window: WindowFact): WindowFact => ({ ...copyFact(window), sums: { ...window.sums } })

export function copyFold(fold: UnitFold): UnitFold {
  const { held, excursion, door, silence, windows } = fold
  return {
    ...fold,
    held: held && { ...held },
    excursion: excursion && copyCause(excursion),
    door: door && { ...door, opening: door.opening && copyCause(door.opening) },
    counters: fold.counters.map((counter) => ({ ...counter })),
    thermometers: [...fold.thermometers],
    silence: silence && copyCause(silence),
    sensors: fold.sensors.length === 0 ? [] : fold.sensors.map(copySensor),
    heard: fold.heard && { ...fold.heard },
    missedLog: fold.missedLog && copyCause(fold.missedLog),
    budgets: fold.budgets.map(copyCause),
    cutBudgets: fold.cutBudgets.map(copyCause),
    windows: windows && {
      hour: copyWindow(windows.hour),
      day: copyWindow(windows.day),
      week: copyWindow(windows.week),
      month: copyWindow(windows.month),
    },
  }
}

export const keyOf = ({ kind, atMs, tag }: FactKey): FactKey => ({ kind, atMs, tag })

export const idOf = (unitId: string, { kind, atMs, tag }: FactKey): string =>
  derivedId(kind, unitId, atMs, tag)
