// The gateway stage: the silences of the units behind a gateway become its incidents. What an incident is follows from the
// set of silences alone, so their order does not matter; whatever changes goes out under the same id with the next revision.
import type { GatewayChangelog, GatewayIncident, GatewaySilence as Told } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'
import { digestOfText } from './digest.ts'
import { type GatewaySilence, groupsOf, type Incident, incidentOf } from './gateway-incident.ts'
import type { Emit, Processor } from './processor.ts'

/** How long silences that are over are kept: a late sample may yet change one. */
const KEPT_MS = 7 * 86_400_000

type Sent = { revision: number; digest: number | null }

export type GatewayState = {
  gatewayKey: string
  gatewayId: string
  organizationId: string
  /** What began before this and is not known has been forgotten, and stays so. */
  forgottenToMs: number
  silences: Map<string, GatewaySilence>
  sent: Map<number, Sent>
}

export type GatewayStage = Processor<
  GatewayState,
  'gateway-silences',
  'gateway-incidents',
  'gateway-changelog'
>

export function gatewayStage(): GatewayStage {
  return {
    name: 'gateway',
    tables: [],
    streams: ['gateway-silences'],
    outputs: ['gateway-incidents'],
    changelog: 'gateway-changelog',
    initial: emptyGateway,
    eventTimeMs: ({ value }) => value.detectedAt,
    onRecord: (state, { value }) => takeSilence(state, value),
    settle,
    nextTimerMs: () => Number.POSITIVE_INFINITY,
    save: saveGateway,
    load: loadGateway,
  }
}

const emptyGateway = (gatewayKey: string): GatewayState => ({
  gatewayKey,
  gatewayId: '',
  organizationId: '',
  forgottenToMs: Number.NEGATIVE_INFINITY,
  silences: new Map(),
  sent: new Map(),
})

function takeSilence(state: GatewayState, told: Told): void {
  const { unitId, silenceId, revision, startedAt, detectedAt, endedAt } = told
  const known = state.silences.get(silenceId)
  if (known === undefined ? startedAt < state.forgottenToMs : known.revision >= revision) return
  state.gatewayId = told.gatewayId
  state.organizationId = told.organizationId
  const silence = {
    unitId,
    silenceId,
    revision,
    startedMs: startedAt,
    detectedMs: detectedAt,
    endedMs: endedAt,
  }
  if (told.state === 'retracted') state.silences.delete(silenceId)
  else state.silences.set(silenceId, silence)
}

function settle(state: GatewayState, clockMs: number, emit: Emit<'gateway-incidents'>): void {
  const groups = groupsOf(state.silences.values())
  const incidents = groups.map(incidentOf).filter((incident) => incident !== null)
  for (const incident of incidents) send(state, recordOf(state, incident), incident.keyMs, emit)
  const keys = new Set(incidents.map(({ keyMs }) => keyMs))
  for (const [keyMs, { digest }] of state.sent)
    if (!keys.has(keyMs) && digest !== null) send(state, neverWas(state, keyMs), keyMs, emit)
  for (const group of groups) forget(state, group, clockMs)
}

function send(
  state: GatewayState,
  record: GatewayIncident,
  keyMs: number,
  emit: Emit<'gateway-incidents'>,
): void {
  const sent = state.sent.get(keyMs) ?? { revision: 0, digest: null }
  const digest = record.state === 'retracted' ? null : digestOfText(JSON.stringify(record))
  if (digest !== null && digest === sent.digest) return
  sent.digest = digest
  sent.revision++
  state.sent.set(keyMs, sent)
  emit('gateway-incidents', state.gatewayKey, { ...record, revision: sent.revision })
}

const ofGateway = ({ gatewayKey, gatewayId, organizationId }: GatewayState, keyMs: number) => ({
  id: derivedId('gateway-incident', gatewayKey, keyMs),
  gatewayKey,
  gatewayId,
  organizationId,
  revision: 0,
})

function recordOf(
  state: GatewayState,
  { keyMs, startedMs, detectedMs, endedMs, silences }: Incident,
): GatewayIncident {
  return {
    ...ofGateway(state, keyMs),
    state: endedMs === null ? 'open' : 'closed',
    startedAt: startedMs,
    detectedAt: detectedMs,
    endedAt: endedMs,
    unitIds: silences.map(({ unitId }) => unitId),
    silenceIds: silences.map(({ silenceId }) => silenceId),
  }
}

const neverWas = (state: GatewayState, keyMs: number): GatewayIncident => ({
  ...ofGateway(state, keyMs),
  state: 'retracted',
  startedAt: keyMs,
  detectedAt: keyMs,
  endedAt: null,
  unitIds: [],
  silenceIds: [],
})

/** A whole group at once, so that those before and after it stay what they are. */
function forget(state: GatewayState, group: readonly GatewaySilence[], clockMs: number): void {
  const isOld = group.every(({ endedMs }) => endedMs !== null && endedMs + KEPT_MS < clockMs)
  if (!isOld) return
  for (const { silenceId, startedMs } of group) {
    state.silences.delete(silenceId)
    state.sent.delete(startedMs)
    state.forgottenToMs = Math.max(state.forgottenToMs, startedMs + 1)
  }
  for (const [keyMs, { digest }] of state.sent)
    if (digest === null && keyMs < state.forgottenToMs) state.sent.delete(keyMs)
}

const saveGateway = ({
  gatewayKey,
  gatewayId,
  organizationId,
  ...state
}: GatewayState): GatewayChangelog => ({
  gatewayKey,
  gatewayId,
  organizationId,
  forgottenToMs: Number.isFinite(state.forgottenToMs) ? state.forgottenToMs : null,
  silences: [...state.silences.values()],
  sent: Array.from(state.sent, ([startedMs, { revision, digest }]) => ({ startedMs, revision, digest })),
})

const loadGateway = ({ forgottenToMs, silences, sent, ...own }: GatewayChangelog): GatewayState => ({
  ...own,
  forgottenToMs: forgottenToMs ?? Number.NEGATIVE_INFINITY,
  silences: new Map(silences.map((silence) => [silence.silenceId, { ...silence }])),
  sent: new Map(sent.map(({ startedMs, revision, digest }) => [startedMs, { revision, digest }])),
})
