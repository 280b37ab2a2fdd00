import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Uplink } from '../schemas/generated/types.ts'
import { type Json, uplinkBody } from './testing/posting.ts'
import { parseThingsStack } from './things-stack.ts'

const receivedAtMs = Date.UTC(2026, 1, 12, 15, 15, 47)
const understand = (body: unknown) =>
  parseThingsStack(body, { connectionId: 'ttn', receivedAtMs, bodyText: JSON.stringify(body) })

function uplinkOf(body: unknown): Uplink {
  const parsed = understand(body)
  if (parsed.kind !== 'uplink') throw new Error(`${parsed.kind}: ${parsed.reason}`)
  return parsed.uplink
}

const example = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`./testing/${name}.json`, import.meta.url), 'utf8'))

test('the documented uplink is understood whole', () => {
  expect(uplinkOf(example('01-docs-uplink'))).toEqual({
    type: 'uplink',
    devEui: '0004A30B001C0530',
    connectionId: 'ttn',
    applicationId: 'app1',
    deviceName: 'dev1',
    joinEui: '800000000000000C',
    devAddr: '00BCB929',
    recordedAt: Date.UTC(2020, 1, 12, 15, 15, 45, 789),
    receivedAt: receivedAtMs,
    sessionKeyId: 'AXA50tHUGUucuzS/bCGMNw==',
    fCnt: 1,
    fPort: null,
    confirmed: false,
    payload: Buffer.from('8241de', 'hex'),
    decodedPayload: '{"temperature":1,"luminosity":0.64}',
    normalizedPayload: null,
    simulated: false,
    brandId: 'the-things-products',
    modelId: 'the-things-uno',
    hardwareVersion: '1.0',
    firmwareVersion: 'quickstart',
    batteryPercent: null,
    gateways: [{ gatewayId: 'gtw1', gatewayEui: '9C5C8E00001A05C4', rssi: -35, snr: 5 }],
    spreadingFactor: 7,
    bandwidthHz: 125_000,
    codingRate: '4/6',
    frequencyHz: 868_300_000,
    airtimeMs: 56.576,
    networkId: '000013/tenant1/nam1',
    correlationIds: expect.arrayContaining(['as:up:01E0WZGT6Y7657CPFPE5WEYDSQ']),
    body: null,
  })
})

test('the documented join starts a session and carries no payload', () => {
  expect(uplinkOf(example('02-docs-join-accept'))).toMatchObject({
    type: 'join',
    sessionKeyId: 'AXBSH1Pk6Z0G166RlH16CQ==',
    recordedAt: Date.UTC(2020, 1, 17, 7, 49, 9, 736),
    fCnt: 0,
    payload: Buffer.alloc(0),
    body: null,
  })
})

test('the documented downlink event is kept whole, as other', () => {
  const body = example('03-docs-downlink-ack')
  expect(uplinkOf(body)).toMatchObject({
    type: 'other',
    recordedAt: Date.UTC(2020, 1, 17, 10, 32, 24, 590),
    body: JSON.stringify(body),
  })
})

test('a normalized companion is no second uplink: it has neither session nor counter', () => {
  const { uplink_message: message, ...envelope } = uplinkBody()
  const companion = uplinkOf({ ...envelope, uplink_normalized: message })
  expect(companion).toMatchObject({ type: 'other', sessionKeyId: null, fCnt: 0, payload: Buffer.alloc(0) })
})

test('messages of a type that nobody has heard of are kept, not refused', () => {
  const { uplink_message: _, ...envelope } = uplinkBody()
  for (const name of ['location_solved', 'service_data', 'downlink_queue_invalidated', 'invented_2031'])
    expect(uplinkOf({ ...envelope, [name]: {} }).type).toBe('other')
})

test('zero is omitted in that JSON, so absent is zero', () => {
  const silent = uplinkBody({
    f_cnt: undefined,
    confirmed: undefined,
    frm_payload: undefined,
    f_port: undefined,
    last_battery_percentage: { f_cnt: 3 },
    rx_metadata: [{ gateway_ids: { gateway_id: 'gtw1' } }],
  })
  expect(uplinkOf(silent)).toMatchObject({
    fCnt: 0,
    confirmed: false,
    payload: Buffer.alloc(0),
    fPort: null,
    batteryPercent: 0,
    gateways: [{ gatewayId: 'gtw1', gatewayEui: null, rssi: 0, snr: 0 }],
  })
})

test.each([
  [
    'nanoseconds are cut, never rounded up',
    '2026-02-12T15:15:45.999999999Z',
    Date.UTC(2026, 1, 12, 15, 15, 45, 999),
  ],
  ['no fraction', '2026-02-12T15:15:45Z', Date.UTC(2026, 1, 12, 15, 15, 45)],
  ['one digit', '2026-02-12T15:15:45.5Z', Date.UTC(2026, 1, 12, 15, 15, 45, 500)],
  ['an offset to the east', '2026-02-12T16:15:45.5+01:00', Date.UTC(2026, 1, 12, 15, 15, 45, 500)],
  ['an offset of half an hour to the west', '2026-02-12T05:45:45-09:30', Date.UTC(2026, 1, 12, 15, 15, 45)],
])('event time: %s', (_, text, expected) => {
  expect(uplinkOf(uplinkBody({ received_at: text })).recordedAt).toBe(expected)
})

test('event time falls back to the envelope, then to our clock; year 1 means not set', () => {
  const unset = '0001-01-01T00:00:00Z'
  const envelopeMs = Date.UTC(2026, 1, 12, 15, 15, 46, 14)
  expect(uplinkOf(uplinkBody({ received_at: undefined })).recordedAt).toBe(envelopeMs)
  expect(uplinkOf(uplinkBody({ received_at: unset })).recordedAt).toBe(envelopeMs)
  expect(uplinkOf(uplinkBody({ received_at: unset }, { received_at: unset })).recordedAt).toBe(receivedAtMs)
  expect(uplinkOf(uplinkBody({ received_at: undefined }, { received_at: undefined })).recordedAt).toBe(
    receivedAtMs,
  )
})

test('gateway clocks are never event time', () => {
  const entry = {
    gateway_ids: { gateway_id: 'g' },
    time: '2031-01-01T00:00:00Z',
    received_at: '2031-01-01T00:00:00Z',
  }
  const settings = { time: '2031-01-01T00:00:00Z' }
  const { recordedAt } = uplinkOf(uplinkBody({ rx_metadata: [entry], settings }))
  expect(recordedAt).toBe(Date.UTC(2026, 1, 12, 15, 15, 45, 789))
})

test('several gateways stay in their order, and an odd one costs no reading', () => {
  const { gateways } = uplinkOf(
    uplinkBody({
      rx_metadata: [
        { gateway_ids: { gateway_id: 'b' }, rssi: -100.5, snr: -7 },
        'not a gateway',
        {
          gateway_ids: { gateway_id: 'packetbroker' },
          packet_broker: { forwarder_gateway_eui: '9c5c8e00001a05c4' },
        },
        { gateway_ids: {}, rssi: -1 },
        { gateway_ids: { gateway_id: 'a' }, rssi: 'loud' },
      ],
    }),
  )
  expect(gateways).toEqual([
    { gatewayId: 'b', gatewayEui: null, rssi: -100.5, snr: -7 },
    { gatewayId: 'packetbroker', gatewayEui: '9C5C8E00001A05C4', rssi: 0, snr: 0 },
    { gatewayId: 'a', gatewayEui: null, rssi: null, snr: 0 },
  ])
})

test('no radio metadata at all is no reason to lose a reading', () => {
  const bare = uplinkOf(
    uplinkBody({ rx_metadata: undefined, settings: undefined, version_ids: 7, network_ids: [] }),
  )
  expect(bare).toMatchObject({
    gateways: [],
    frequencyHz: null,
    codingRate: null,
    brandId: null,
    networkId: null,
  })
})

test('the coding rate is found at its old place and at its new one; FSK has no signal-to-noise ratio', () => {
  const rx = [{ gateway_ids: { gateway_id: 'g' } }]
  const codingRate = (settings: Json) => uplinkOf(uplinkBody({ settings, rx_metadata: rx }))
  expect(codingRate({ coding_rate: '4/6', data_rate: { lora: {} } }).codingRate).toBe('4/6')
  expect(codingRate({ coding_rate: '4/6', data_rate: { lora: { coding_rate: '4/5' } } }).codingRate).toBe(
    '4/5',
  )
  expect(codingRate({ data_rate: { fsk: { bit_rate: 50000 } } }).gateways[0]?.snr).toBe(null)
})

test('base64 of either alphabet, padded or not, gives the same bytes', () => {
  const bytes = Buffer.from('fbff3e00', 'hex')
  for (const text of ['+/8+AA==', '+/8+AA', '-_8-AA==', '-_8-AA'])
    expect(uplinkOf(uplinkBody({ frm_payload: text })).payload).toEqual(bytes)
})

test.each([
  ['a payload that is no base64', { frm_payload: 'not base64!' }],
  ['a payload cut off', { frm_payload: 'y/YLD' }],
  ['a payload that is no text', { frm_payload: [1, 2, 3] }],
  ['a negative counter', { f_cnt: -1 }],
  ['a fractional counter', { f_cnt: 1.5 }],
  ['a counter beyond 32 bits', { f_cnt: 2 ** 32 }],
  ['an infinite counter', { f_cnt: Number.POSITIVE_INFINITY }],
  ['a port beyond a byte', { f_port: 256 }],
  ['a session that would break ids', { session_key_id: 'a|b' }],
  ['a session that is no text', { session_key_id: {} }],
  ['a flag that is none', { confirmed: 'yes' }],
  ['an instant in words', { received_at: 'yesterday' }],
  ['a 30th of February', { received_at: '2026-02-30T00:00:00Z' }],
  ['a 24th hour', { received_at: '2026-02-03T24:00:00Z' }],
  ['an instant as a number', { received_at: 1770909345 }],
])('%s is attributed, but not understood', (_, message) => {
  expect(understand(uplinkBody(message))).toMatchObject({
    kind: 'not-understood',
    devEui: '0004A30B001C0530',
  })
})

test.each([
  ['no message', { uplink_message: undefined }],
  ['null for a message', { uplink_message: null }],
  ['a message that is a list', { uplink_message: [] }],
  ['two messages at once', { join_accept: {} }],
  ['a simulated flag that is none', { simulated: 1 }],
])('%s is attributed, but not understood', (_, envelope) => {
  const body = JSON.parse(JSON.stringify(uplinkBody({}, envelope)))
  expect(understand(body).kind).toBe('not-understood')
})

test.each([
  ['no object', 42],
  ['null', null],
  ['a list', [uplinkBody()]],
  ['no ids', uplinkBody({}, { end_device_ids: undefined })],
  ['no dev_eui', uplinkBody({}, { end_device_ids: { device_id: 'dev1' } })],
  ['a dev_eui that is too short', uplinkBody({}, { end_device_ids: { dev_eui: '0004A30B' } })],
  ['a dev_eui that is not hex', uplinkBody({}, { end_device_ids: { dev_eui: 'G004A30B001C0530' } })],
  ['a dev_eui that is no text', uplinkBody({}, { end_device_ids: { dev_eui: ['0004A30B001C0530'] } })],
])('%s is nobody’s', (_, body) => {
  expect(understand(body).kind).toBe('unattributed')
})

test('simulated uplinks are marked', () => {
  expect(uplinkOf(uplinkBody({}, { simulated: true })).simulated).toBe(true)
})

test('texts that Postgres or UTF-8 cannot hold travel no further', () => {
  const { deviceName } = uplinkOf(
    uplinkBody({}, { end_device_ids: { device_id: 'a\0b\ud800', dev_eui: '0004A30B001C0530' } }),
  )
  expect(deviceName).toBe('a��b�'.replace('��', '�'))
})
