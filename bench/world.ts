// The fleet that the benchmarks measure with: what its registry says, and its uplinks, round by round. Four of five units
// have a thermometer; every fifth device is a door sensor in the unit of its neighbour. Nothing is random: two runs write
// the same bytes.

import { noRule } from '../processors/limits.ts'
import type { DeviceAssignments, Rule, UnitConfig, Uplink } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'

export const INTERVAL_MS = 600_000
const DOOR_EVERY = 5
const ORGANIZATION = derivedId('bench', 'organization')
const CONFIGURED_MS = Date.parse('2020-01-01T00:00:00Z')

const isDoor = (device: number): boolean => device % DOOR_EVERY === DOOR_EVERY - 1

export const deviceIdOf = (device: number): string => derivedId('bench', `device ${device}`)

export const devEuiOf = (device: number): string =>
  (0xc01d_0000 + device).toString(16).toUpperCase().padStart(16, '0')

/** A door sensor stands in the unit of the thermometer before it. */
export const unitIdOf = (device: number): string =>
  derivedId('bench', `unit ${isDoor(device) ? device - 1 : device}`)

export const unitsOf = (devices: number): number[] =>
  Array.from({ length: devices }, (_, device) => device).filter((device) => !isDoor(device))

export const assignmentsOf = (device: number): DeviceAssignments => ({
  devEui: devEuiOf(device),
  deviceId: deviceIdOf(device),
  versions: [
    {
      validFrom: CONFIGURED_MS,
      organizationId: ORGANIZATION,
      unitId: unitIdOf(device),
      kind: isDoor(device) ? 'door' : 'temperature',
      vendor: isDoor(device) ? 'milesight-iot' : 'elsys',
      model: isDoor(device) ? 'em300-mcs' : 'ers',
      probe: null,
      calibrationOffset: 0.1,
      calibrationValidUntil: null,
      openIs: null,
    },
  ],
})

export const configOf = (device: number): UnitConfig => ({
  unitId: unitIdOf(device),
  organizationId: ORGANIZATION,
  siteId: derivedId('bench', 'site'),
  timeZone: 'Europe/Berlin',
  devices: [],
  versions: [rule],
})

const rule: Rule = {
  ...noRule,
  validFrom: CONFIGURED_MS,
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  excursionConfirmMinutesDoorOpen: 30,
  doorOpenMaxMaskMinutesPerDay: 120,
  maxExcursionMinutes: 120,
  doorOpenWarningMinutes: 5,
  doorOpenCriticalMinutes: 30,
  expectedReadingIntervalSeconds: INTERVAL_MS / 1_000,
  offlineTriggerMultiplier: 3,
  offlineTriggerAdditionalMinutes: 5,
  offlineWarningMissedCheckins: 6,
  offlineCriticalMissedCheckins: 12,
  delayMinutes: 5,
}

/** `startMs`: of round 0, UTC ms. */
export type Fleet = { devices: number; startMs: number; intervalMs: number }

/** When a device measures in a round: the fleet's devices are spread evenly over the interval. */
export const recordedAtOf = (
  { devices, startMs, intervalMs }: Fleet,
  round: number,
  device: number,
): number => Math.floor(startMs + (round + device / devices) * intervalMs)

/** What its sensor sends in a round: a fridge that cycles and now and then stays too warm, a door that opens by turns. */
export function uplinkOf(device: number, round: number, recordedAt: number): Uplink {
  return {
    ...common,
    devEui: devEuiOf(device),
    deviceName: `sensor-${device}`,
    recordedAt,
    receivedAt: recordedAt + 180,
    sessionKeyId: `AYfg8rhha5n+FWx0${device}`,
    fCnt: round,
    payload: isDoor(device) ? doorPayload(round) : climatePayload(device, round),
  }
}

const common: Omit<
  Uplink,
  'devEui' | 'deviceName' | 'recordedAt' | 'receivedAt' | 'sessionKeyId' | 'fCnt' | 'payload'
> = {
  type: 'uplink',
  connectionId: 'north',
  applicationId: 'cold-chain',
  joinEui: '70B3D57ED0000000',
  devAddr: '260B1234',
  fPort: 85,
  confirmed: false,
  decodedPayload: null,
  normalizedPayload: null,
  simulated: false,
  brandId: null,
  modelId: null,
  hardwareVersion: null,
  firmwareVersion: null,
  batteryPercent: null,
  gateways: [{ gatewayId: 'roof-north', gatewayEui: null, rssi: -97, snr: 7.5 }],
  spreadingFactor: 7,
  bandwidthHz: 125_000,
  codingRate: '4/5',
  frequencyHz: 868_100_000,
  airtimeMs: 61,
  networkId: '000013/tenant/eu1',
  correlationIds: [],
  body: null,
}

const doorPayload = (round: number): Buffer =>
  Buffer.from([0x01, 0x75, 0x5c, 0x03, 0x67, 0x2d, 0x00, 0x04, 0x68, 0x50, 0x06, 0x00, round % 2])

function climatePayload(device: number, round: number): Buffer {
  const isWarm = (device * 31 + Math.floor(round / 6)) % 97 === 0
  const tenths = Math.round(50 + 20 * Math.sin(round / 3 + device) + (isWarm ? 60 : 0))
  return Buffer.from([0x01, tenths >> 8, tenths & 0xff, 0x02, 40 + (round % 7), 0x07, 0x0e, 0x10])
}
