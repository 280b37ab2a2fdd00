// A small topology for the engine's own tests, of two stages over borrowed contracts. `spread` numbers the uplinks of a
// device and hands each to a unit; `minutes` counts what a unit gets by the minute and says so, by timer, once the
// minute is over. A minute's count is right only if the clock never ran ahead of what was still to come, and nothing
// was lost, doubled or fired early.
import type { Processor } from '../../processors/processor.ts'
import type { Reading, Rollup, Rule, Uplink } from '../../schemas/generated/types.ts'
import { defineTopology } from '../define.ts'

const MINUTE_MS = 60_000

type Spread = { devEui: string; uplinks: number; offset: number }

/** A payload that makes the processor throw. */
export const POISON = Buffer.from('poison')
/** A payload that makes the next `settle` throw. */
export const LATENT_POISON = Buffer.from('latent')

export const spread: Processor<
  Spread & { broken?: boolean },
  'uplinks' | 'devices',
  'readings',
  'late-readings'
> = {
  name: 'spread',
  tables: ['devices'],
  streams: ['uplinks'],
  outputs: ['readings'],
  changelog: 'late-readings',
  initial: (devEui) => ({ devEui, uplinks: 0, offset: 0 }),
  eventTimeMs: (input) => (input.topic === 'uplinks' ? input.value.recordedAt : null),
  onRecord(state, input, emit) {
    if (input.topic === 'devices') {
      state.offset = input.value.versions[0]?.calibrationOffset ?? 0
      return
    }
    state.uplinks += 1
    if (LATENT_POISON.equals(input.value.payload)) state.broken = true
    emit('readings', unitOf(input.value), readingOf(input.value, state.uplinks + state.offset))
    if (POISON.equals(input.value.payload)) throw new Error('the payload is poison')
  },
  settle(state) {
    if (state.broken) throw new Error('the state is broken')
  },
  nextTimerMs: () => Number.POSITIVE_INFINITY,
  save: (state) => ({
    unitId: state.devEui,
    organizationId: '',
    deviceId: '',
    recordedAt: state.uplinks,
    receivedAt: state.offset,
    hourStart: 0,
  }),
  load: (value) => ({ devEui: value.unitId, uplinks: value.recordedAt, offset: value.receivedAt }),
}

export const unitOf = (uplink: Uplink): string => `unit-${uplink.fCnt % 7}`

/** Open minutes by their start; `early`: records whose minute had been told already. */
type Minutes = {
  unitId: string
  open: Map<number, { count: number; sum: number }>
  toldMs: number
  early: number
}

export const minutes: Processor<Minutes, 'readings', 'rollups', 'unit-configs'> = {
  name: 'minutes',
  tables: [],
  streams: ['readings'],
  outputs: ['rollups'],
  changelog: 'unit-configs',
  initial: (unitId) => ({ unitId, open: new Map(), toldMs: 0, early: 0 }),
  eventTimeMs: (input) => input.value.recordedAt,
  onRecord(state, { value }) {
    const start = value.recordedAt - (value.recordedAt % MINUTE_MS)
    if (start < state.toldMs) state.early += 1
    const minute = state.open.get(start) ?? { count: 0, sum: 0 }
    state.open.set(start, { count: minute.count + 1, sum: minute.sum + (value.temperature ?? 0) })
  },
  settle(state, clockMs, emit) {
    for (const [start, { count, sum }] of [...state.open].sort(([a], [b]) => a - b)) {
      if (start + MINUTE_MS > clockMs) continue
      emit('rollups', state.unitId, rollupOf(state.unitId, start, count, sum, state.early))
      state.open.delete(start)
      state.toldMs = Math.max(state.toldMs, start + MINUTE_MS)
    }
  },
  nextTimerMs: (state) => Math.min(Number.POSITIVE_INFINITY, ...state.open.keys()) + MINUTE_MS,
  save: (state) => ({
    unitId: state.unitId,
    organizationId: String(state.early),
    siteId: String(state.toldMs),
    timeZone: '',
    devices: [],
    versions: Array.from(state.open, ([start, { count, sum }]) => ruleOf(start, count, sum)),
  }),
  load: (value) => ({
    unitId: value.unitId,
    early: Number(value.organizationId),
    toldMs: Number(value.siteId),
    open: new Map(value.versions.map((v) => [v.validFrom, { count: v.tempMin ?? 0, sum: v.tempMax ?? 0 }])),
  }),
}

export const counting = defineTopology('counting', ({ source, stage }) => {
  const { readings } = stage(spread, { uplinks: source('uplinks'), devices: source('devices') })
  stage(minutes, { readings })
})

export function uplinkOf(
  devEui: string,
  fCnt: number,
  recordedAt: number,
  payload: Buffer = Buffer.alloc(4),
): Uplink {
  return {
    type: 'uplink',
    devEui,
    connectionId: 'test',
    applicationId: null,
    deviceName: null,
    joinEui: null,
    devAddr: null,
    recordedAt,
    receivedAt: recordedAt + 200,
    sessionKeyId: 'session',
    fCnt,
    fPort: 1,
    confirmed: false,
    payload,
    decodedPayload: null,
    normalizedPayload: null,
    simulated: false,
    brandId: null,
    modelId: null,
    hardwareVersion: null,
    firmwareVersion: null,
    batteryPercent: null,
    gateways: [],
    spreadingFactor: null,
    bandwidthHz: null,
    codingRate: null,
    frequencyHz: null,
    airtimeMs: null,
    networkId: null,
    correlationIds: [],
    body: null,
  }
}

export function readingOf(uplink: Uplink, temperature: number): Reading {
  return {
    unitId: unitOf(uplink),
    organizationId: 'o',
    deviceId: uplink.devEui,
    devEui: uplink.devEui,
    kind: null,
    recordedAt: uplink.recordedAt,
    receivedAt: uplink.receivedAt,
    temperature,
    humidity: null,
    doorOpen: null,
    doorOpenCount: null,
    lastOpenSeconds: null,
    batteryPercent: null,
    batteryVolts: null,
    rssi: null,
    snr: null,
    gatewayId: null,
    fault: false,
    history: false,
    simulated: false,
    decoder: 'test',
    decoderVersion: 1,
  }
}

/** `revision` carries the records that came after their minute had been told: 0 where time was kept right. */
function rollupOf(unitId: string, start: number, count: number, sum: number, early: number): Rollup {
  return {
    unitId,
    organizationId: 'o',
    granularity: 'hour',
    start,
    end: start + MINUTE_MS,
    revision: early,
    retracted: false,
    isFinal: true,
    asOf: start + MINUTE_MS,
    count,
    min: null,
    max: null,
    sum,
    sumSquares: 0,
    knownSeconds: 0,
    weightedSum: 0,
    mktNumerator: 0,
    mktDenominator: 0,
    secondsAbove: 0,
    secondsBelow: 0,
    degreeMinutesAbove: 0,
    degreeMinutesBelow: 0,
    readingsOutOfRange: 0,
    doorOpenings: 0,
    doorOpenSeconds: 0,
    humidityCount: 0,
    humiditySum: 0,
    humidityMin: null,
    humidityMax: null,
  }
}

function ruleOf(validFrom: number, tempMin: number, tempMax: number): Rule {
  return {
    validFrom,
    tempMin,
    tempMax,
    excursionConfirmMinutesDoorClosed: null,
    excursionConfirmMinutesDoorOpen: null,
    doorOpenMaxMaskMinutesPerDay: null,
    maxExcursionMinutes: null,
    doorOpenWarningMinutes: null,
    doorOpenCriticalMinutes: null,
    expectedReadingIntervalSeconds: null,
    offlineTriggerMultiplier: null,
    offlineTriggerAdditionalMinutes: null,
    offlineWarningMissedCheckins: null,
    offlineCriticalMissedCheckins: null,
    manualIntervalMinutes: null,
    manualGraceMinutes: null,
    manualOnlyWhenSilent: null,
    lowBatteryPercent: null,
    lowBatteryVolts: null,
    batteryHysteresisPercent: null,
    batteryHysteresisVolts: null,
    faultStuckReadings: null,
    faultStuckMinutes: null,
    faultJumpC: null,
    deviceSilentMinutes: null,
    calibrationNoticeDays: null,
    delayMinutes: null,
    severity: null,
    escalationMinutes: null,
    schedule: null,
    budgets: null,
  }
}
