// The bridge on a real broker and a real registry: what is answered 202 is on the topic, byte for byte.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Aedes } from 'aedes'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { keysOf, readConfig } from '../infra/config.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import { type RunningBridge, runBridge } from './main.ts'
import { exampleKey, post, uplinkBody } from './testing/posting.ts'
import { recordsOf } from './testing/topics.ts'

const prefix = freshPrefix()
const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const olderKey = 'a-key-of-the-tests-0000'
let bridge: RunningBridge
let codecs: Codecs
const at = (path: string) => `http://127.0.0.1:${bridge.port}/${path}`
const url = (connection = 'ttn') => at(`things-stack/${connection}`)
const uplinksOfTopic = async () =>
  (await recordsOf(kafkaBrokers, `${prefix}uplinks`)).map(({ key, value, partition }) => ({
    key,
    partition,
    uplink: codecs.of('uplinks').decode(value),
  }))

beforeAll(async () => {
  await createTopics(kafkaBrokers, prefix, { partitions: 3, replication: 1 })
  codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  bridge = await runBridge(
    readConfig(keysOf('bridge'), {
      KAFKA_BROKERS: kafkaBrokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      BRIDGE_HOST: '127.0.0.1',
      BRIDGE_PORT: '0',
      BRIDGE_CONNECTIONS: `ttn=${exampleKey}+${olderKey}`,
      BRIDGE_BODY_BYTES_MAX: String(64 * 1024),
      LOG_LEVEL: 'error',
    }),
  )
  await vi.waitFor(async () => expect((await fetch(at('health/ready'))).status).toBe(200), 10_000)
})
afterAll(() => bridge.close())

test('what is accepted is on the topic under its device, byte for byte', async () => {
  const payloads = Array.from({ length: 100 }, (_, i) => Buffer.from([i, 0, 255, i ^ 0x5a]))
  const answers = await Promise.all(
    payloads.map((payload, i) =>
      post(
        url(),
        JSON.stringify(
          uplinkBody(
            { f_cnt: i, frm_payload: payload.toString('base64') },
            { end_device_ids: { dev_eui: `00000000000000${(i % 10).toString(16).padStart(2, '0')}` } },
          ),
        ),
      ),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  const stored = await uplinksOfTopic()
  const payloadOf = new Map(stored.map(({ uplink }) => [uplink.fCnt, uplink.payload.toString('hex')]))
  expect(stored).toHaveLength(100)
  expect(payloads.map((payload) => payload.toString('hex'))).toEqual(payloads.map((_, i) => payloadOf.get(i)))
  expect(stored.every(({ key, uplink }) => key === uplink.devEui)).toBe(true)
})

test('a message that is attributed but not understood is kept whole in dead-letters', async () => {
  const body = JSON.stringify(uplinkBody({ f_cnt: -1 }))
  const answer = await post(url(), body, { 'x-downlink-apikey': 'NNSXS.SECRET' })
  expect(answer.status).toBe(202)
  expect(answer.json).toMatchObject({ accepted: 'dead-letter', note: expect.stringContaining('f_cnt') })
  const [record] = await recordsOf(kafkaBrokers, `${prefix}dead-letters`)
  const letter = codecs.of('dead-letters').decode(record!.value)
  expect(record!.key).toBe('0004A30B001C0530')
  expect(letter).toMatchObject({ code: 'UPLINK_NOT_UNDERSTOOD', source: 'bridge:ttn' })
  expect(letter.value?.toString()).toBe(body)
  expect(letter.headers).toEqual({ 'content-type': 'application/json' })
})

test('a wrong key and an unknown connection get the very same answer', async () => {
  const body = JSON.stringify(uplinkBody())
  const wrongKey = await post(url(), body, { 'x-api-key': 'another-key-0000000' })
  const unknown = await post(url('nobody'), body)
  expect([wrongKey.status, unknown.status]).toEqual([401, 401])
  expect(wrongKey.json).toEqual(unknown.json)
})

test('both keys of a connection are valid, in either header', async () => {
  const body = JSON.stringify(uplinkBody({ f_cnt: 1001 }))
  const [byOlder, byBearer] = await Promise.all([
    post(url(), body, { 'x-api-key': olderKey }),
    fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${olderKey}` },
      body,
    }),
  ])
  expect([byOlder.status, byBearer.status]).toEqual([202, 202])
})

test('it counts what it did, without naming strangers', async () => {
  await post(url('invented-by-a-stranger'), '{}')
  const metrics = await (await fetch(at('metrics'))).text()
  expect(metrics).toContain('coldstream_bridge_messages_total{connection="ttn",outcome="uplink"}')
  expect(metrics).not.toContain('invented-by-a-stranger')
  expect(metrics).not.toContain(exampleKey)
})

test('what an MQTT server sends is on the topic, and counted under its connection', async () => {
  const broker = await Aedes.createBroker()
  const server = createServer((socket) => broker.handle(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const subscribed = once(broker, 'subscribe')
  const listening = await runBridge(
    readConfig(keysOf('bridge'), {
      KAFKA_BROKERS: kafkaBrokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      BRIDGE_HOST: '127.0.0.1',
      BRIDGE_PORT: '0',
      BRIDGE_MQTT: `kitchen=mqtt://app%40tenant:key@127.0.0.1:${(server.address() as AddressInfo).port}`,
      LOG_LEVEL: 'error',
    }),
  )
  onTestFinished(async () => {
    await listening.close()
    await new Promise<void>((done) => broker.close(done))
    server.close()
  })
  await subscribed
  const payload = JSON.stringify(uplinkBody({ f_cnt: 4_242 }))
  const topic = 'v3/app@tenant/devices/fridge-1/up'
  broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => {})
  const metrics = async () => (await fetch(`http://127.0.0.1:${listening.port}/metrics`)).text()
  await vi.waitFor(
    async () =>
      expect(await metrics()).toContain(
        'coldstream_bridge_messages_total{connection="kitchen",outcome="uplink"} 1',
      ),
    10_000,
  )
  expect(await metrics()).toContain('coldstream_bridge_mqtt_connected{connection="kitchen"} 1')
  const found = (await uplinksOfTopic()).filter(({ uplink }) => uplink.fCnt === 4_242)
  expect(found).toMatchObject([{ key: '0004A30B001C0530', uplink: { connectionId: 'kitchen' } }])
})
