// Against the stub of the documented API and a bridge of this process whose Kafka is a list.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogRecord } from '../../bridge/acknowledged-log.ts'
import { apiKeys } from '../../bridge/api-keys.ts'
import { openIntake } from '../../bridge/intake.ts'
import { bridgeMetrics } from '../../bridge/metrics.ts'
import { bridgeServer } from '../../bridge/server.ts'
import { exampleKey, type Json } from '../../bridge/testing/posting.ts'
import {
  type Stub,
  stubApiKey,
  stubApplication,
  thingsStackStub,
} from '../../bridge/testing/things-stack-stub.ts'
import { memoryRegistry, openCodecs } from '../../schemas/codec.ts'
import { type ConnectOptions, connectThingsStack, messageTypes } from './connect.ts'

const codecs = await openCodecs(memoryRegistry(), '')
let stub: Stub
let bridge: FastifyInstance
let bridgeUrl: string
let records: LogRecord[]

beforeEach(async () => {
  records = []
  stub = await thingsStackStub()
  bridge = bridgeServer({
    keys: apiKeys(new Map([['north', [exampleKey]]])),
    intake: openIntake({
      append: async (record) => void records.push(record),
      uplinks: { topic: 'uplinks', ...codecs.of('uplinks') },
      deadLetters: { topic: 'dead-letters', ...codecs.of('dead-letters') },
      clockMs: Date.now,
    }),
    isReady: async () => true,
    rates: { perSecond: 1, take: () => true },
    pressure: { isTooHigh: () => false },
    metrics: bridgeMetrics({ inFlight: () => 0, spoolBytes: () => 0 }),
    bodyBytesMax: 65_536,
    logger: pino({ level: 'silent' }),
  })
  await bridge.listen({ host: '127.0.0.1', port: 0 })
  bridgeUrl = `http://127.0.0.1:${(bridge.server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await bridge.close()
  await stub.close()
})

async function connect(options: Partial<ConnectOptions> = {}): Promise<string[]> {
  const steps: string[] = []
  await connectThingsStack(
    {
      server: { origin: stub.url, application: stubApplication, apiKey: stubApiKey },
      identityOrigin: stub.url,
      bridgeUrl,
      connection: 'north',
      bridgeKey: exampleKey,
      webhookId: 'coldstream',
      deviceId: null,
      arrivalWithinMs: 2_000,
      ...options,
    },
    (step, found) => steps.push(`${step}: ${found}`),
  )
  return steps
}

const webhook = () => stub.state.webhooks.get('coldstream') as Json

test('an application is connected in one go: rights, bridge, webhook, and an uplink that arrives', async () => {
  expect(await connect()).toEqual([
    'rights: the API key has all that is needed',
    `bridge: it answers at ${bridgeUrl}/things-stack/north and knows the key`,
    `webhook: coldstream created, with ${messageTypes.length} message types`,
    'uplink: simulated for fridge-1, and the bridge has it in Kafka',
  ])
  expect(webhook()).toMatchObject({
    base_url: `${bridgeUrl}/things-stack/north`,
    headers: { 'X-Api-Key': exampleKey },
    format: 'json',
    paused: false,
    ...Object.fromEntries(messageTypes.map((type) => [type, {}])),
  })
  const uplink = codecs.of('uplinks').decode(records[0]!.value)
  expect(uplink).toMatchObject({ devEui: '0004A30B001C0530', simulated: true, fPort: 1 })
})

test('a second time updates the same webhook, keeps headers of others, and says where it pointed to', async () => {
  stub.state.webhooks.set('coldstream', {
    ids: { webhook_id: 'coldstream' },
    base_url: 'https://old.example',
    headers: { 'x-api-key': 'old', 'X-Team': 'kitchen' },
  })
  const steps = await connect()
  expect(steps[2]).toMatch(/updated.*it pointed to https:\/\/old\.example/)
  expect(webhook().headers).toEqual({ 'X-Team': 'kitchen', 'X-Api-Key': exampleKey })
  expect(stub.state.requests).toContain('PUT /api/v3/as/webhooks/kitchen/coldstream')
})

test('nothing is written where a right is missing, or the bridge would not take the messages', async () => {
  stub.state.rights = ['RIGHT_APPLICATION_TRAFFIC_READ', 'RIGHT_APPLICATION_DEVICES_READ']
  await expect(connect()).rejects.toThrow(
    /RIGHT_APPLICATION_SETTINGS_BASIC \(to write the webhook\), RIGHT_APPLICATION_TRAFFIC_UP_WRITE/,
  )
  stub.state.rights = ['RIGHT_APPLICATION_ALL']
  await expect(connect({ bridgeKey: 'another-key-00000000' })).rejects.toThrow(
    /does not know the connection north/,
  )
  await expect(connect({ bridgeUrl: stub.url })).rejects.toThrow(/is not the bridge|does not know/)
  await expect(connect({ bridgeUrl: 'http://127.0.0.1:1' })).rejects.toThrow(/does not answer/)
  await expect(
    connect({ server: { origin: stub.url, application: stubApplication, apiKey: 'x' } }),
  ).rejects.toThrow(/401, .*Check the API key/)
  await expect(
    connect({ server: { origin: stub.url, application: 'none', apiKey: stubApiKey } }),
  ).rejects.toThrow(/knows no application none/)
  expect(stub.state.webhooks.size).toBe(0)
})

test('an uplink that does not arrive is an error that says where to look', async () => {
  stub.state.devices = [{ device_id: 'fridge-1', dev_eui: 'not hex' }]
  await expect(connect({ arrivalWithinMs: 300 })).rejects.toThrow(/has not come to the connection north/)
  await expect(connect({ deviceId: 'unknown' })).rejects.toThrow(/no device unknown/)
  stub.state.devices = []
  expect((await connect()).at(-1)).toMatch(/no device yet/)
})
