// Silence: no device that gives the unit's temperature has checked in for longer than the hold limit.
//
//              deadline                warning count        critical count
//   heard ──────────────▶ silent ─────────────────▶ … ─────────────────▶ …
//     ▲                      │                      │                    │
//     └──── check-in (in time where it comes at exactly the instant) ────┘
import type { GatewaySilence, Silence } from '../schemas/generated/types.ts'
import { endAlert } from './alert.ts'
import { armAlert, type FoldContext, touch } from './fold-context.ts'
import {
  type FactKey,
  idOf,
  type Observation,
  type Owner,
  type SilenceFact,
  type UnitFold,
} from './fold-state.ts'
import type { Limits } from './limits.ts'

/** An observation at the fold's position: does it show that the unit's temperature is still watched? */
export function takeCheckin(fold: UnitFold, context: FoldContext, observation: Observation): void {
  if (!givesTemperature(fold, observation) || observation.history) return
  fold.lastSeenMs = fold.positionMs
  fold.lastSeenGatewayId = observation.gatewayId
  if (fold.silence !== null) endSilence(fold, context, fold.silence)
}

/** A device gives the temperature by its kind, and without a kind from its first temperature on. */
function givesTemperature({ thermometers }: UnitFold, observation: Observation): boolean {
  const { deviceId, kind, temperatureC } = observation
  // Also while it has a kind: a later version may take the kind away.
  if (temperatureC !== null && !thermometers.includes(deviceId)) thermometers.push(deviceId)
  return kind === null ? thermometers.includes(deviceId) : kind === 'temperature'
}

function endSilence(fold: UnitFold, context: FoldContext, silence: SilenceFact): void {
  const { intervalMs } = fold.limits
  silence.endedMs = fold.positionMs
  silence.missedCheckins = missedCheckins(fold.positionMs - silence.atMs, intervalMs)
  endAlert(context, silence, fold.positionMs)
  touch(context, silence)
  fold.silence = null
}

export const missedCheckins = (silentMs: number, intervalMs: number): number | null =>
  intervalMs === Number.POSITIVE_INFINITY ? null : Math.floor(silentMs / intervalMs)

export function fireSilenceTimers(fold: UnitFold, context: FoldContext): void {
  if (fold.lastSeenMs === null) return
  const limits = fold.limits
  const silentMs = fold.positionMs - fold.lastSeenMs
  if (fold.silence === null) {
    if (silentMs < limits.holdMs) return
    fold.silence = newSilence(fold.lastSeenMs, fold.positionMs, fold.lastSeenGatewayId)
    armAlert(fold, context, fold.silence, fold.silence.detectedMs)
    touch(context, fold.silence)
  }
  const { silence } = fold
  if (silence.warningMs === null && silentMs >= limits.silenceWarningMs) {
    silence.warningMs = fold.positionMs
    touch(context, silence)
  }
  if (silence.criticalMs === null && silentMs >= limits.silenceCriticalMs) {
    silence.criticalMs = fold.positionMs
    touch(context, silence)
  }
}

export const newSilence = (
  lastSeenMs: number,
  detectedMs: number,
  gatewayId: string | null,
): SilenceFact => ({
  kind: 'silence',
  atMs: lastSeenMs,
  tag: '',
  touched: false,
  sent: null,
  detectedMs,
  gatewayId,
  warningMs: null,
  criticalMs: null,
  endedMs: null,
  missedCheckins: null,
  alert: null,
  alertDueMs: Number.POSITIVE_INFINITY,
})

export function silenceDueMs({ lastSeenMs, silence }: UnitFold, limits: Limits): number {
  if (lastSeenMs === null) return Number.POSITIVE_INFINITY
  if (silence === null) return lastSeenMs + limits.holdMs
  return Math.min(
    silence.warningMs === null ? lastSeenMs + limits.silenceWarningMs : Number.POSITIVE_INFINITY,
    silence.criticalMs === null ? lastSeenMs + limits.silenceCriticalMs : Number.POSITIVE_INFINITY,
  )
}

export const silenceRecord = (
  fact: SilenceFact,
  { unitId, organizationId }: Owner,
  revision: number,
): Silence => ({
  id: idOf(unitId, fact),
  unitId,
  organizationId,
  revision,
  state: fact.endedMs === null ? 'open' : 'closed',
  startedAt: fact.atMs,
  detectedAt: fact.detectedMs,
  warningAt: fact.warningMs,
  criticalAt: fact.criticalMs,
  endedAt: fact.endedMs,
  durationSeconds: fact.endedMs === null ? null : (fact.endedMs - fact.atMs) / 1000,
  missedCheckins: fact.missedCheckins,
})

export const gatewayKeyOf = (organizationId: string, gatewayId: string): string =>
  `${organizationId}/${gatewayId}`

/** The same silence for the stage of the gateway that heard the last check-in; its tag is the gateway. */
export const gatewaySilenceKey = (silence: FactKey, gatewayId: string): FactKey => ({
  kind: 'gateway-silence',
  atMs: silence.atMs,
  tag: gatewayId,
})

export const gatewaySilenceRecord = (
  fact: SilenceFact,
  gatewayId: string,
  { unitId, organizationId }: Owner,
  revision: number,
): GatewaySilence => ({
  gatewayKey: gatewayKeyOf(organizationId, gatewayId),
  gatewayId,
  organizationId,
  unitId,
  silenceId: idOf(unitId, fact),
  revision,
  state: fact.endedMs === null ? 'open' : 'closed',
  startedAt: fact.atMs,
  detectedAt: fact.detectedMs,
  endedAt: fact.endedMs,
})
