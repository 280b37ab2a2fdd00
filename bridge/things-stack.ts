// A Things Stack v3 message as an uplink record: pure, and the one place that knows that JSON. Empty and zero fields are
// omitted there, so absent is zero. What decides identity or a reading (frame counter, port, session, payload, event
// time) must be right or the message is not understood; what only describes (radio, versions) is null where it is odd,
// because a broken gateway entry is no reason to lose a temperature.
import type { GatewayReception, Uplink } from '../schemas/generated/types.ts'
import {
  durationMs,
  finite,
  hex,
  isObject,
  type JsonObject,
  jsonText,
  objectAt,
  requiredBytes,
  requiredFlag,
  requiredInstantMs,
  requiredSessionKeyId,
  requiredWhole,
  text,
  WrongForm,
  wholeWithin,
} from './json-fields.ts'

export type Arrival = { connectionId: string; receivedAtMs: number; bodyText: string }

export type Understood =
  | { kind: 'uplink'; uplink: Uplink }
  /** Attributed to a device, but not understood: for dead-letters. */
  | { kind: 'not-understood'; devEui: string; reason: string }
  /** Nobody's: there is no device to keep it under. */
  | { kind: 'unattributed'; reason: string }

const uint32Max = 2 ** 32 - 1
const int32Max = 2 ** 31 - 1

/** The messages that there are as of v3.36. */
const messageNames: readonly string[] = [
  ...['uplink_message', 'uplink_normalized', 'join_accept', 'location_solved', 'service_data'],
  ...['downlink_ack', 'downlink_nack', 'downlink_sent', 'downlink_failed', 'downlink_queued'],
  'downlink_queue_invalidated',
]

/** What an envelope holds beside its one message. */
const envelopeFields = new Set([
  ...['end_device_ids', 'correlation_ids', 'received_at', 'simulated', 'name', 'context'],
  ...['@type', 'unique_id', 'identifiers', 'origin', 'visibility'],
])

export function parseThingsStack(body: unknown, arrival: Arrival): Understood {
  const envelope = objectAt(body)
  const devEui = hex(objectAt(envelope.end_device_ids).dev_eui, 16)
  if (devEui === null) return { kind: 'unattributed', reason: whyUnattributed(body) }
  try {
    return { kind: 'uplink', uplink: uplinkOf(envelope, devEui, arrival) }
  } catch (error) {
    if (error instanceof WrongForm) return { kind: 'not-understood', devEui, reason: error.message }
    throw error
  }
}

function whyUnattributed(body: unknown): string {
  if (!isObject(body)) return 'the body is not an object'
  if (!isObject(body.end_device_ids)) return 'it has no end_device_ids'
  const { dev_eui: devEui } = body.end_device_ids
  return devEui === undefined
    ? 'its end_device_ids have no dev_eui'
    : 'its end_device_ids.dev_eui is not 16 hex digits'
}

function uplinkOf(envelope: JsonObject, devEui: string, arrival: Arrival): Uplink {
  const [name, message] = theMessage(envelope)
  const base = {
    ...envelopePart(envelope, devEui, arrival),
    recordedAt: recordedAt(envelope, message, arrival),
  }
  if (name === 'uplink_message') return { ...base, type: 'uplink', ...uplinkPart(message) }
  if (name === 'join_accept')
    return { ...base, type: 'join', sessionKeyId: requiredSessionKeyId(message.session_key_id) }
  // An uplink_normalized repeats its uplink's session and counter: as `other` it has neither, so it can be taken neither
  // for a second reading nor for the first delivery of the real one.
  return { ...base, type: 'other', body: arrival.bodyText }
}

/** A known message, whatever stands beside it; else the first that may be one of a later version. */
function theMessage(envelope: JsonObject): [name: string, message: JsonObject] {
  const known = messageNames.filter((name) => (envelope[name] ?? null) !== null)
  if (known.length > 1) throw new WrongForm(`it holds several messages at once: ${known.join(', ')}`)
  const others = Object.keys(envelope).filter((name) => !envelopeFields.has(name) && envelope[name] !== null)
  const name = known[0] ?? others.find((other) => isObject(envelope[other])) ?? others[0]
  if (name === undefined) throw new WrongForm('it holds no message')
  if (!isObject(envelope[name])) throw new WrongForm('its message is not an object')
  return [name, envelope[name]]
}

/** The network server's time, else the application server's, else ours: all three are instants of receiving. */
function recordedAt(envelope: JsonObject, message: JsonObject, { receivedAtMs }: Arrival): number {
  return (
    requiredInstantMs('the received_at of the message', message.received_at) ??
    requiredInstantMs('the received_at of the envelope', envelope.received_at) ??
    receivedAtMs
  )
}

type Base = Omit<Uplink, 'type' | 'recordedAt'>

function envelopePart(envelope: JsonObject, devEui: string, arrival: Arrival): Base {
  const ids = objectAt(envelope.end_device_ids)
  const correlationIds = envelope.correlation_ids
  return {
    devEui,
    connectionId: arrival.connectionId,
    applicationId: text(objectAt(ids.application_ids).application_id),
    deviceName: text(ids.device_id),
    joinEui: hex(ids.join_eui, 16),
    devAddr: hex(ids.dev_addr, 8),
    receivedAt: arrival.receivedAtMs,
    simulated: requiredFlag('simulated', envelope.simulated),
    correlationIds: Array.isArray(correlationIds) ? correlationIds.flatMap((id) => text(id) ?? []) : [],
    ...nothingSaid,
  }
}

const nothingSaid = {
  sessionKeyId: null,
  fCnt: 0,
  fPort: null,
  confirmed: false,
  payload: Buffer.alloc(0),
  decodedPayload: null,
  normalizedPayload: null,
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
  body: null,
}

function uplinkPart(message: JsonObject): Partial<Uplink> {
  const version = objectAt(message.version_ids)
  const settings = objectAt(message.settings)
  return {
    sessionKeyId: requiredSessionKeyId(message.session_key_id),
    fCnt: requiredWhole('f_cnt', message.f_cnt, uint32Max),
    fPort: requiredWhole('f_port', message.f_port, 255) || null,
    confirmed: requiredFlag('confirmed', message.confirmed),
    payload: requiredBytes('frm_payload', message.frm_payload),
    decodedPayload: jsonText(message.decoded_payload),
    normalizedPayload: jsonText(message.normalized_payload),
    brandId: text(version.brand_id),
    modelId: text(version.model_id),
    hardwareVersion: text(version.hardware_version),
    firmwareVersion: text(version.firmware_version),
    batteryPercent: batteryPercent(message.last_battery_percentage),
    gateways: gateways(message.rx_metadata, objectAt(settings.data_rate)),
    ...radio(settings),
    airtimeMs: durationMs(message.consumed_airtime),
    networkId: networkId(objectAt(message.network_ids)),
  }
}

function radio(settings: JsonObject): Partial<Uplink> {
  const dataRate = objectAt(settings.data_rate)
  const lora = objectAt(dataRate.lora)
  return {
    spreadingFactor: wholeWithin(lora.spreading_factor, 1, 255),
    bandwidthHz: wholeWithin(lora.bandwidth, 1, int32Max),
    // Messages before v3.22 have it beside the data rate.
    codingRate:
      text(lora.coding_rate) ?? text(objectAt(dataRate.lrfhss).coding_rate) ?? text(settings.coding_rate),
    frequencyHz: wholeWithin(settings.frequency, 1, Number.MAX_SAFE_INTEGER),
  }
}

function gateways(metadata: unknown, dataRate: JsonObject): GatewayReception[] {
  if (!Array.isArray(metadata)) return []
  // Only LoRa measures a signal-to-noise ratio: absent is 0 there, and unknown for FSK.
  const absentSnr = dataRate.fsk === undefined ? 0 : null
  return metadata.filter(isObject).flatMap((entry) => {
    const ids = objectAt(entry.gateway_ids)
    // Packet Broker calls every foreign gateway "packetbroker"; only the forwarder's EUI tells them apart.
    const gatewayEui = hex(ids.eui, 16) ?? hex(objectAt(entry.packet_broker).forwarder_gateway_eui, 16)
    const gatewayId = text(ids.gateway_id) ?? gatewayEui
    if (gatewayId === null) return []
    return [
      {
        gatewayId,
        gatewayEui,
        rssi: zeroIfAbsent(entry.rssi, 0),
        snr: zeroIfAbsent(entry.snr, absentSnr),
      },
    ]
  })
}

const zeroIfAbsent = (value: unknown, absent: number | null): number | null =>
  value === undefined || value === null ? absent : finite(value)

/** `{value: 84.6, …}`; an empty battery's 0 is omitted inside it, and a device that never told has none of it. */
function batteryPercent(last: unknown): number | null {
  if (!isObject(last)) return null
  const percent = zeroIfAbsent(last.value, 0)
  return percent !== null && percent >= 0 && percent <= 100 ? percent : null
}

function networkId(ids: JsonObject): string | null {
  const parts = [ids.net_id, ids.tenant_id, ids.cluster_id].map((part) => text(part) ?? '')
  return parts.join('/').replace(/\/+$/, '') || null
}
