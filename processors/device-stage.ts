// The device stage: a device's uplinks become readings of the unit that it was in, or go to quarantine.
import type {
  DeviceAssignments,
  DeviceChangelog,
  GatewayReception,
  Reading,
} from '../schemas/generated/types.ts'
import { type DecodedUplink, decodeUplink, type Sample } from './decode-uplink.ts'
import { digestOfText } from './digest.ts'
import type { Emit, Input, Processor } from './processor.ts'
import { quarantined } from './quarantine.ts'
import { type UplinkRead, uplinkFields } from './reads.ts'
import { keepSpace, restoreSpace } from './seen.ts'
import {
  type Accepted,
  assignmentAt,
  emptySequence,
  forgetUnassigned,
  isCopy,
  type Judged,
  judgeUplink,
  type SeenUplink,
  type Sequence,
  type SequenceOptions,
  sequenceDefaults,
} from './sequence.ts'

export type DeviceInput = 'devices' | 'uplinks'
export type DeviceOutput = 'readings' | 'quarantine'

export type DeviceState = Sequence & { devEui: string; assignments: DeviceAssignments | null }

export type DeviceStage = Processor<DeviceState, DeviceInput, DeviceOutput, 'device-changelog'>

export function deviceStage(options: SequenceOptions = sequenceDefaults): DeviceStage {
  return {
    name: 'device',
    tables: ['devices'],
    streams: ['uplinks'],
    outputs: ['readings', 'quarantine'],
    changelog: 'device-changelog',
    reads: { uplinks: uplinkFields },
    initial: (devEui) => ({ ...emptySequence(), devEui, assignments: null }),
    eventTimeMs: (input) => (input.topic === 'uplinks' ? input.value.recordedAt : null),
    onRecord(state, input, emit) {
      if (input.topic === 'devices') takeAssignments(state, input)
      else if (input.value.type === 'uplink') takeUplink(state, options, input.value, emit)
    },
    settle: () => undefined,
    nextTimerMs: () => Number.POSITIVE_INFINITY,
    timers: 'none',
    save: saveDevice,
    load: loadDevice,
  }
}

const saveDevice = ({ devEui, assignments, real, simulated, newestMs }: DeviceState): DeviceChangelog => ({
  devEui,
  assignments,
  real: keepSpace(real),
  simulated: keepSpace(simulated),
  newestMs: Number.isFinite(newestMs) ? newestMs : null,
})

const loadDevice = (kept: DeviceChangelog): DeviceState => ({
  devEui: kept.devEui,
  assignments: kept.assignments,
  real: restoreSpace(kept.real),
  simulated: restoreSpace(kept.simulated),
  newestMs: kept.newestMs ?? Number.NEGATIVE_INFINITY,
})

function takeAssignments(
  state: DeviceState,
  { value }: Extract<Input<DeviceInput>, { topic: 'devices' }>,
): void {
  // After a restart the table is read again: only a change lets unassigned uplinks count anew.
  if (JSON.stringify(value) === JSON.stringify(state.assignments)) return
  state.assignments = value
  forgetUnassigned(state)
}

function takeUplink(
  state: DeviceState,
  options: SequenceOptions,
  uplink: UplinkRead,
  emit: Emit<DeviceOutput>,
): void {
  const seen = seenOf(uplink)
  if (isCopy(state, seen)) return
  const versions = state.assignments?.versions ?? []
  const decoded = decodeUplink(uplink, assignmentAt(versions, uplink.recordedAt))
  const judged = judgeUplink(state, options, seen, versions, decoded.samples)
  for (const one of judged) emitJudged(state, uplink, decoded, one, emit)
  emitUndecodable(state, uplink, decoded, judged[0], emit)
}

const seenOf = (uplink: UplinkRead): SeenUplink => ({
  sessionKeyId: uplink.sessionKeyId,
  fCnt: uplink.fCnt,
  recordedAtMs: uplink.recordedAt,
  digest: digestOfPayload(uplink),
  receivedAtMs: uplink.receivedAt,
  simulated: uplink.simulated,
})

function digestOfPayload({ sessionKeyId, fPort, payload }: UplinkRead): number {
  return sessionKeyId === null ? digestOfText(`${fPort}|${payload.toString('latin1')}`) : 0
}

/** Of a check-in whose reading stands already: the table keeps the first under an identity, the unit hears the device. */
const noValues = {
  temperature: null,
  humidity: null,
  doorOpen: null,
  doorOpenCount: null,
  lastOpenSeconds: null,
  batteryPercent: null,
  batteryVolts: null,
  fault: false,
}

function emitJudged(
  state: DeviceState,
  uplink: UplinkRead,
  decoded: DecodedUplink,
  judged: Judged<Sample>,
  emit: Emit<DeviceOutput>,
): void {
  if (judged.reason === null || judged.reason === 'check-in') {
    const sample = judged.reason === null ? judged.sample : { ...judged.sample, ...noValues }
    emit('readings', judged.unitId, readingOf(state, uplink, decoded, judged, sample))
    return
  }
  emitQuarantine(state, uplink, judged, judged.reason, emit)
}

/** The uplink is a check-in all the same; only its first delivery says that it could not be read. */
function emitUndecodable(
  state: DeviceState,
  uplink: UplinkRead,
  { error }: DecodedUplink,
  own: Judged<Sample> | undefined,
  emit: Emit<DeviceOutput>,
): void {
  if (error !== null && own?.reason === null) emitQuarantine(state, uplink, own, 'undecodable', emit, error)
}

function emitQuarantine(
  state: DeviceState,
  uplink: UplinkRead,
  { sample, assignment }: Judged<Sample>,
  reason: 'clock' | 'unassigned' | 'conflict' | 'undecodable',
  emit: Emit<DeviceOutput>,
  detail?: string,
): void {
  const unitId = assignment?.unitId ?? null
  const refused = {
    unitId,
    organizationId: assignment?.organizationId ?? null,
    deviceId: state.assignments?.deviceId ?? null,
    devEui: state.devEui,
    recordedAt: sample.recordedAtMs,
    receivedAt: uplink.receivedAt,
    reason,
    temperature: sample.temperature,
    humidity: sample.humidity,
    doorOpen: sample.doorOpen,
    sessionKeyId: uplink.sessionKeyId,
    fCnt: uplink.fCnt,
    brandId: uplink.brandId,
    modelId: uplink.modelId,
    simulated: uplink.simulated,
  }
  emit('quarantine', unitId ?? state.devEui, quarantined(refused, detail))
}

/**
 * Many a door sensor (Browan TBDW100, Milesight EM300-MCS) measures the air around itself. On the door's outside that is
 * the room's: in the unit's series it would make excursions that never were. Nor is its missing probe the unit's.
 */
const noClimate = { temperature: null, humidity: null, fault: false }

function readingOf(
  state: DeviceState,
  uplink: UplinkRead,
  { decoder, decoderVersion }: DecodedUplink,
  { assignment, unitId }: Accepted<Sample>,
  sample: Sample,
): Reading {
  const best = bestOf(uplink.gateways)
  const { temperature, humidity, fault } = assignment.kind === 'door' ? noClimate : sample
  return {
    unitId,
    organizationId: assignment.organizationId,
    deviceId: state.assignments?.deviceId ?? state.devEui,
    devEui: state.devEui,
    kind: assignment.kind,
    recordedAt: sample.recordedAtMs,
    receivedAt: uplink.receivedAt,
    temperature: temperature === null ? null : temperature + assignment.calibrationOffset,
    humidity,
    doorOpen: sample.doorOpen,
    doorOpenCount: sample.doorOpenCount,
    lastOpenSeconds: sample.lastOpenSeconds,
    batteryPercent: sample.batteryPercent ?? (sample.history ? null : uplink.batteryPercent),
    batteryVolts: sample.batteryVolts,
    rssi: best?.rssi ?? null,
    snr: best?.snr ?? null,
    gatewayId: best?.gatewayId ?? null,
    fault,
    history: sample.history,
    simulated: uplink.simulated,
    decoder,
    decoderVersion,
  }
}

/** The gateway that heard it loudest, the first of equals. */
function bestOf(gateways: readonly GatewayReception[]): GatewayReception | undefined {
  let best: GatewayReception | undefined
  for (const gateway of gateways) {
    if (best === undefined || (gateway.rssi ?? -Infinity) > (best.rssi ?? -Infinity)) best = gateway
  }
  return best
}
