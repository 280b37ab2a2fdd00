// What the stages read of the records that come most often. An uplink has thirty fields, many of them texts, and half of them
// are for people and for the network's statistics: they are skipped over, not decoded. To read one more, name it here.
import type { Reading, Uplink } from '../schemas/generated/types.ts'

export const uplinkFields = [
  'type',
  'recordedAt',
  'receivedAt',
  'sessionKeyId',
  'fCnt',
  'fPort',
  'payload',
  'decodedPayload',
  'normalizedPayload',
  'simulated',
  'brandId',
  'modelId',
  'firmwareVersion',
  'batteryPercent',
  'gateways',
] as const satisfies readonly (keyof Uplink)[]

export type UplinkRead = Pick<Uplink, (typeof uplinkFields)[number]>

export const readingFields = [
  'organizationId',
  'deviceId',
  'kind',
  'recordedAt',
  'receivedAt',
  'temperature',
  'humidity',
  'doorOpen',
  'doorOpenCount',
  'lastOpenSeconds',
  'batteryPercent',
  'batteryVolts',
  'gatewayId',
  'fault',
  'history',
  'simulated',
] as const satisfies readonly (keyof Reading)[]

export type ReadingRead = Pick<Reading, (typeof readingFields)[number]>
