// What is no plain uplink and no join: kept whole, and never a second reading.
import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { LogRecord } from './acknowledged-log.ts'
import { openIntake } from './intake.ts'
import { otherMessages } from './testing/message-shapes.ts'
import { type Json, uplinkBody } from './testing/posting.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const records: LogRecord[] = []
const intake = openIntake({
  append: async (record) => void records.push(record),
  uplinks: { topic: 'uplinks', ...codecs.of('uplinks') },
  deadLetters: { topic: 'dead-letters', ...codecs.of('dead-letters') },
  clockMs: () => 1_770_909_347_000,
})

async function take(body: unknown): Promise<{ outcomes: string[]; written: LogRecord[] }> {
  const before = records.length
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const taken = await intake.take({ connectionId: 'ttn', bytes, contentType: 'application/json' })
  return { outcomes: taken.map(({ outcome }) => outcome), written: records.slice(before) }
}

const codeOf = (body: unknown) =>
  take(body).then(
    () => 'taken',
    (error: { code: string }) => error.code,
  )

const uplinkIn = ({ written }: { written: LogRecord[] }) => codecs.of('uplinks').decode(written[0]!.value)

test.each(otherMessages)(
  '%s is kept whole, under its device, with neither session nor counter',
  async (_, body) => {
    const taken = await take(body)
    expect(taken.outcomes).toEqual(['other'])
    const uplink = uplinkIn(taken)
    expect(uplink).toMatchObject({ type: 'other', devEui: '0004A30B001C0530', sessionKeyId: null, fCnt: 0 })
    expect(JSON.parse(uplink.body ?? '')).toEqual(body)
  },
)

test('an envelope of a later version may hold more than its one message', async () => {
  const taken = await take(uplinkBody({}, { device_attributes: { colour: 'white' }, labels: ['a'] }))
  expect(taken.outcomes).toEqual(['uplink'])
})

test('LR-FHSS has a coding rate of its own, and no spreading factor', async () => {
  const settings = {
    data_rate: { lrfhss: { operating_channel_width: 137000, coding_rate: '1/3' } },
    frequency: '868300000',
  }
  expect(uplinkIn(await take(uplinkBody({ settings })))).toMatchObject({
    codingRate: '1/3',
    spreadingFactor: null,
    frequencyHz: 868_300_000,
  })
})

const uplink = uplinkBody()
const text = JSON.stringify(uplink)
const base64 = Buffer.from(text).toString('base64')

test.each<[string, unknown]>([
  ['Storage Integration', { result: uplink }],
  [
    'an event',
    {
      name: 'as.up.data.forward',
      time: '2026-02-12T15:15:46Z',
      identifiers: [{}],
      data: { '@type': 'type.googleapis.com/ttn.lorawan.v3.ApplicationUp', ...uplink },
    },
  ],
  [
    'Google Pub/Sub',
    { message: { data: base64, messageId: '1', attributes: {} }, subscription: 'projects/p/subscriptions/s' },
  ],
  ['Amazon SNS', { Type: 'Notification', MessageId: '1', TopicArn: 'arn:aws:sns:x', Message: text }],
  ['CloudEvents', { specversion: '1.0', type: 'uplink', source: '/tts', id: '1', data: uplink }],
  ['CloudEvents in base64', { specversion: '1.0', id: '1', data_base64: base64 }],
  [
    'Azure Event Grid of an IoT Hub',
    [
      {
        id: '1',
        eventType: 'Microsoft.Devices.DeviceTelemetry',
        data: { properties: {}, systemProperties: {}, body: base64 },
      },
    ],
  ],
  [
    'Azure IoT Hub',
    { EnqueuedTimeUtc: '2026-02-12T15:15:46Z', Properties: {}, SystemProperties: {}, Body: uplink },
  ],
  [
    'Amazon API Gateway',
    { resource: '/', httpMethod: 'POST', headers: {}, body: text, isBase64Encoded: false },
  ],
  ['a list of one', [uplink]],
])('an uplink wrapped by %s is the same uplink', async (_, body) => {
  const [bare, wrapped] = [await take(uplink), await take(body)]
  expect(wrapped.outcomes).toEqual(['uplink'])
  expect(wrapped.written).toEqual(bare.written)
})

test('of a batch all are written, or none', async () => {
  const batch = [0, 1, 2].map((counter) => ({ data: uplinkBody({ f_cnt: counter }) }))
  expect((await take(batch)).outcomes).toEqual(['uplink', 'uplink', 'uplink'])
  const before = records.length
  expect(await codeOf([...batch, { data: { end_device_ids: {} } }])).toBe('DEVICE_NOT_NAMED')
  expect(await codeOf([])).toBe('DEVICE_NOT_NAMED')
  expect(await codeOf(Array.from({ length: 501 }, () => uplink))).toBe('DEVICE_NOT_NAMED')
  expect(records).toHaveLength(before)
})

test('what a wrapping hides is judged as strictly as a bare body', async () => {
  const poisoned = text.replace('{', '{"__proto__":{"x":1},')
  const twice = text.replace('"f_cnt":7', '"f_cnt":7,"f_cnt":8')
  for (const hidden of [poisoned, twice, '['.repeat(100), 'not json', ''])
    expect(await codeOf({ Type: 'Notification', Message: hidden })).toBe('DEVICE_NOT_NAMED')
  const nested = (levels: number, body: Json): Json =>
    levels === 0 ? body : { data: nested(levels - 1, body) }
  expect(await codeOf(nested(4, uplink))).toBe('taken')
  expect(await codeOf(nested(5, uplink))).toBe('DEVICE_NOT_NAMED')
})

test.each([
  ['two devices', '{"end_device_ids":{"dev_eui":"0004A30B001C0531"},'],
  ['two messages of one name', '{"uplink_message":{},'],
  ['a name written with an escape', '{"end\\u005fdevice_ids":{},'],
])('%s in one body are nobody’s', async (_, start) => {
  expect(await codeOf(text.replace('{', start))).toBe('BODY_NOT_JSON')
})

test('a counter named twice is refused; the same name in two gateways or in a decoded payload is not', async () => {
  expect(await codeOf(text.replace('"f_cnt":7', '"f_cnt":7,"f_cnt":8'))).toBe('BODY_NOT_JSON')
  const gateway = { gateway_ids: { gateway_id: 'a' }, rssi: -3 }
  expect(
    await codeOf(
      uplinkBody({ rx_metadata: [gateway, gateway], decoded_payload: { a: '","a":"', b: ['a', 'a'] } }),
    ),
  ).toBe('taken')
})
