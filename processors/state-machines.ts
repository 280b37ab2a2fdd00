// The life of each thing that goes out, as tables: from a phase, to which others, and why. The diagrams of docs/domain.md are
// made from them, and a test holds them against what the stage does in some hundred worlds. (A unit's status has no table:
// it is a function of what is open, `statusOf`.)
import type { AlertStatus } from '../schemas/generated/types.ts'

/** Total: a phase that is forgotten does not compile. */
export type Machine<Phase extends string> = Readonly<Record<Phase, Readonly<Partial<Record<Phase, string>>>>>

const never = 'a late sample shows that it never was'

export type HeldPhase = 'none' | 'known' | 'unknown'
export const heldMachine: Machine<HeldPhase> = {
  none: { known: 'reading' },
  known: { unknown: 'hold limit passed (timer)' },
  unknown: { known: 'reading' },
}

export type ExcursionPhase = 'unconfirmed' | 'confirmed' | 'critical' | 'ended' | 'retracted'
const back = 'in range, or out on the other side'
export const excursionMachine: Machine<ExcursionPhase> = {
  unconfirmed: { confirmed: 'C(t) passed, value known (timer)', ended: back, retracted: never },
  confirmed: { critical: 'maximum passed (timer)', ended: back, retracted: never },
  critical: { ended: back, retracted: never },
  ended: { retracted: never },
  retracted: {},
}

export type DoorPhase = 'unknown' | 'open' | 'closed'
export const doorMachine: Machine<DoorPhase> = {
  unknown: { open: 'first report', closed: 'first report' },
  open: { closed: 'report' },
  closed: { open: 'report' },
}

export type OpeningPhase = 'opened' | 'warned' | 'critical' | 'closed' | 'retracted'
export const openingMachine: Machine<OpeningPhase> = {
  opened: {
    warned: 'warning time passed (timer)',
    critical: 'critical time passed first, or alone (timer)',
    closed: 'closed',
    retracted: never,
  },
  warned: { critical: 'critical time passed (timer)', closed: 'closed', retracted: never },
  critical: { warned: 'warning time passed later (timer)', closed: 'closed', retracted: never },
  closed: { retracted: never },
  retracted: {},
}

export type SilencePhase = 'silent' | 'warned' | 'critical' | 'ended' | 'retracted'
export const silenceMachine: Machine<SilencePhase> = {
  silent: {
    warned: 'warning count missed (timer)',
    critical: 'critical count missed first, or alone (timer)',
    ended: 'check-in',
    retracted: never,
  },
  warned: { critical: 'critical count missed (timer)', ended: 'check-in', retracted: never },
  critical: { warned: 'warning count missed later (timer)', ended: 'check-in', retracted: never },
  ended: { retracted: never },
  retracted: {},
}

export type DeviceSilencePhase = 'heard' | 'silent'
export const deviceSilenceMachine: Machine<DeviceSilencePhase> = {
  heard: { silent: 'another device checks in when its limit has passed' },
  silent: { heard: 'its own check-in' },
}

export type BatteryPhase = 'fine' | 'low'
export const batteryMachine: Machine<BatteryPhase> = {
  fine: { low: 'at or below the limit' },
  low: { fine: 'at or above limit and hysteresis' },
}

export type FaultPhase = 'sound' | 'no_probe' | 'stuck' | 'jump'
const noProbe = 'reports a fault'
export const faultMachine: Machine<FaultPhase> = {
  sound: { no_probe: noProbe, stuck: 'equal often and long enough', jump: 'too far from the one before' },
  no_probe: { sound: 'a temperature' },
  stuck: { sound: 'another temperature', jump: 'another, too far from it', no_probe: noProbe },
  jump: { sound: 'near the one before', stuck: 'equal often and long enough', no_probe: noProbe },
}

export type CalibrationPhase = 'valid' | 'due'
export const calibrationMachine: Machine<CalibrationPhase> = {
  valid: { due: 'notice before its end (timer)' },
  due: { valid: 'a version with a later end' },
}

export type ManualLogPhase = 'not_required' | 'logged' | 'overdue'
export const manualLogMachine: Machine<ManualLogPhase> = {
  not_required: { logged: 'required: the interval begins' },
  logged: { overdue: 'interval and grace passed (timer)', not_required: 'not required any more' },
  overdue: { logged: 'log', not_required: 'not required any more' },
}

export type GatewayIncidentPhase = 'open' | 'closed' | 'retracted'
export const gatewayIncidentMachine: Machine<GatewayIncidentPhase> = {
  open: { closed: 'no two are silent any more', retracted: never },
  closed: { open: 'another one that it explains is silent beside one of them', retracted: never },
  retracted: {},
}

export type BudgetPhase = 'exceeded' | 'ended' | 'retracted'
export const budgetMachine: Machine<BudgetPhase> = {
  exceeded: {
    ended: 'within the limit (consecutive), end of the day, another lot or rule',
    retracted: never,
  },
  ended: { retracted: never },
  retracted: {},
}

const caused = 'a late sample takes its cause away'
export const alertMachine: Machine<AlertStatus> = {
  active: {
    escalated: 'nobody has acknowledged it for the time of the next level (timer)',
    acknowledged: 'somebody has seen it',
    resolved: 'its cause ends',
    retracted: caused,
  },
  escalated: { acknowledged: 'somebody has seen it', resolved: 'its cause ends', retracted: caused },
  acknowledged: { resolved: 'its cause ends', retracted: caused },
  resolved: { retracted: caused },
  retracted: {},
}
