// A frame as The Things Stack v3 posts it: empty and zero fields omitted, nanoseconds, base64, ids of its own making.
import type { Frame } from './device.ts'
import type { SimulatedSite } from './fleet.ts'
import type { Radio, Reception } from './radio.ts'
import { chanceOf } from './random.ts'

export type Heard = {
  site: SimulatedSite
  frame: Frame
  radio: Radio
  receptions: readonly Reception[]
  seed: number
}

/** After the last byte: gateway, network server, application server, each a little later. */
const networkMs = 60

/** The network server's receive time: event time. */
export const recordedAtMs = (frame: Frame, radio: Radio): number =>
  Math.floor(frame.atMs + radio.airtimeMs + networkMs)

export function thingsStackBody(heard: Heard): string {
  const { frame, radio, seed } = heard
  const { devEui } = frame.device
  const chance = chanceOf(seed, 'ids', devEui, frame.session, frame.fCnt, String(frame.payload === null))
  const receivedMs = recordedAtMs(frame, radio)
  const nanos = Math.floor(chance.next() * 1e6)
  const receivedAt = instant(receivedMs, nanos)
  const ulid = () => `01${chance.bytes(16).toString('hex').toUpperCase().slice(0, 24)}`
  return JSON.stringify({
    end_device_ids: {
      device_id: `eui-${devEui.toLowerCase()}`,
      application_ids: { application_id: heard.site.applicationId },
      dev_eui: devEui,
      join_eui: '70B3D57ED0000000',
      dev_addr: chanceOf(seed, 'address', devEui, frame.session).bytes(4).toString('hex').toUpperCase(),
    },
    correlation_ids: frame.simulated
      ? [`as:up:${ulid()}`]
      : [`as:up:${ulid()}`, `gs:uplink:${ulid()}`, `ns:uplink:${ulid()}`],
    received_at: instant(receivedMs + 110 + Math.floor(chance.next() * 120), nanos),
    ...(frame.payload === null
      ? { join_accept: { session_key_id: sessionKeyId(heard), received_at: receivedAt } }
      : { uplink_message: uplinkMessage(heard, frame.payload, receivedAt) }),
    ...(frame.simulated && { simulated: true }),
  })
}

function sessionKeyId({ frame, seed }: Heard): string {
  return chanceOf(seed, 'session', frame.device.devEui, frame.session).bytes(16).toString('base64')
}

/** Zero is omitted, as protobuf's JSON does. */
const unlessZero = (name: string, value: number) => (value === 0 ? {} : { [name]: value })

function uplinkMessage(heard: Heard, payload: { fPort: number; bytes: Buffer }, receivedAt: string) {
  const { frame, radio, receptions, site } = heard
  const { brandId, modelId, firmwareVersion } = frame.device.model
  return {
    session_key_id: sessionKeyId(heard),
    f_port: payload.fPort,
    ...unlessZero('f_cnt', frame.fCnt),
    frm_payload: payload.bytes.toString('base64'),
    // The console's simulated uplinks met no gateway.
    rx_metadata: (frame.simulated ? [] : receptions).map((reception) => metadata(reception, receivedAt)),
    settings: {
      data_rate: {
        lora: { bandwidth: radio.bandwidthHz, spreading_factor: radio.spreadingFactor, coding_rate: '4/5' },
      },
      frequency: String(radio.frequencyHz),
    },
    received_at: receivedAt,
    consumed_airtime: `${(radio.airtimeMs / 1_000).toFixed(6)}s`,
    version_ids: {
      brand_id: brandId,
      model_id: modelId,
      hardware_version: '1.0',
      firmware_version: firmwareVersion,
      band_id: site.region,
    },
    network_ids: { net_id: '000013', tenant_id: 'coldstream', cluster_id: 'eu1' },
  }
}

function metadata({ gateway, rssi, snr, channel }: Reception, receivedAt: string) {
  return {
    gateway_ids: { gateway_id: gateway.gatewayId, eui: gateway.gatewayEui },
    ...unlessZero('rssi', rssi),
    ...unlessZero('channel_rssi', rssi),
    ...unlessZero('snr', snr),
    ...unlessZero('channel_index', channel),
    received_at: receivedAt,
  }
}

/** RFC 3339 with nanoseconds: the milliseconds, then six digits more. */
const instant = (ms: number, nanos: number): string =>
  new Date(ms).toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`)
