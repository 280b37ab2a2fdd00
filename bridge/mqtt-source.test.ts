// A real broker (aedes) in this process; Kafka is a function that keeps, or does not.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type PublishPacket } from 'aedes'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PipelineError } from '../schemas/failure.ts'
import type { Intake } from './intake.ts'
import { type MqttSource, openMqttSource } from './mqtt-source.ts'

let broker: Aedes
let server: Server
let sources: MqttSource[]
let kept: string[]
let told: string[]
let isAway: boolean
let attempts: number

const intake: Intake = {
  async take({ bytes }) {
    const text = bytes.toString()
    attempts += 1
    if (isAway) throw new PipelineError('KAFKA_UNAVAILABLE', { reason: 'gone' })
    if (text === 'broken') throw new PipelineError('BODY_NOT_JSON', { reason: 'it is broken' })
    kept.push(text)
    return []
  },
}

async function listen(fresh: Server, port = 0): Promise<number> {
  fresh.listen(port, '127.0.0.1')
  await once(fresh, 'listening')
  return (fresh.address() as AddressInfo).port
}

async function startBroker(port = 0): Promise<number> {
  server = createServer((socket) => broker.handle(socket))
  return listen(server, port)
}

const freshBroker = () =>
  Aedes.createBroker({
    authenticate: (_client, username, password, done) =>
      done(null, username === 'app@tenant' && String(password) === 'NNSXS.KEY'),
  })

beforeEach(async () => {
  kept = []
  told = []
  isAway = false
  attempts = 0
  sources = []
  broker = await freshBroker()
})
afterEach(async () => {
  for (const source of sources) await source.close()
  await new Promise<void>((done) => broker.close(done))
  await new Promise((done) => server.close(done))
})

function source(port: number, query = '', scheme = 'mqtt', password = 'NNSXS.KEY'): MqttSource {
  const opened = openMqttSource({
    connectionId: 'ttn',
    url: new URL(`${scheme}://app%40tenant:${password}@127.0.0.1:${port}${query}`),
    intake,
    warn: (_, message) => told.push(message),
  })
  sources.push(opened)
  return opened
}

const publish = (topic: string, payload: string, qos: 0 | 1 = 1) =>
  new Promise<void>((done, fail) => {
    const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain: false, dup: false }
    broker.publish(packet, (error) => (error ? fail(error) : done()))
  })

const topicOf = (event: string, device = 'dev1') => `v3/app@tenant/devices/${device}/${event}`

test('every event of the application is taken, orders to the network are not, nor other applications’ events', async () => {
  const subscription = once(broker, 'subscribe')
  source(await startBroker())
  await subscription
  const events = [
    'up',
    'join',
    'down/queued',
    'down/sent',
    'down/ack',
    'down/nack',
    'down/failed',
    'location/solved',
    'service/data',
  ]
  for (const event of [...events, 'down/push', 'down/replace']) await publish(topicOf(event), event)
  await publish('v3/other@tenant/devices/dev1/up', 'other')
  await publish(topicOf('up', 'dev2'), 'last')
  await vi.waitFor(() => expect(kept).toEqual([...events, 'last']))
})

test('what cannot be kept just now is tried again, in its order; what never can be holds nobody up', async () => {
  const subscription = once(broker, 'subscribe')
  source(await startBroker())
  await subscription
  isAway = true
  for (const payload of ['one', 'broken', 'two']) await publish(topicOf('up'), payload)
  isAway = false
  await vi.waitFor(() => expect(kept).toEqual(['one', 'two']), 5_000)
  expect(told).toContain('a message of the MQTT server is refused')
})

test('a named session gets what came while the bridge was away, and what was not kept; what was kept is acknowledged', async () => {
  const subscription = once(broker, 'subscribe')
  const port = await startBroker()
  const first = source(port, '?client=bridge-1')
  await subscription
  await publish(topicOf('up'), 'kept at once')
  await vi.waitFor(() => expect(kept).toEqual(['kept at once']), 5_000)
  isAway = true
  await publish(topicOf('up'), 'not kept')
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(1), 5_000)
  await first.close()
  await publish(topicOf('up'), 'while away')
  isAway = false
  source(port, '?client=bridge-1')
  await vi.waitFor(() => expect(kept).toEqual(['kept at once', 'not kept', 'while away']), 10_000)
})

test('a server that goes away is found again', async () => {
  const subscription = once(broker, 'subscribe')
  const port = await startBroker()
  const opened = source(port)
  await subscription
  await new Promise<void>((done) => broker.close(done))
  await new Promise((done) => server.close(done))
  await vi.waitFor(() => expect(opened.isConnected()).toBe(false), 5_000)
  broker = await freshBroker()
  const again = once(broker, 'subscribe')
  await startBroker(port)
  await again
  await publish(topicOf('up'), 'after')
  await vi.waitFor(() => expect(kept).toEqual(['after']), 5_000)
  expect(told).toContain('the MQTT server is away: connecting again')
})

test('a share and a topic of one’s own are asked for as they are given', async () => {
  const filters: string[] = []
  broker.on('subscribe', (subscriptions) => void filters.push(...subscriptions.map(({ topic }) => topic)))
  const port = await startBroker()
  source(port, '?share=bridges')
  source(port, `?topic=${encodeURIComponent('tts/#')}`)
  const expected = ['$share/bridges/v3/app@tenant/devices/+/#', 'tts/#']
  await vi.waitFor(() => expect(filters.toSorted()).toEqual(expected), 5_000)
})

test('QoS 0 is read only as fast as it can be kept, and nothing of it is dropped', async () => {
  const subscription = once(broker, 'subscribe')
  source(await startBroker())
  await subscription
  isAway = true
  for (let n = 0; n < 2_500; n += 1) await publish(topicOf('up'), String(n), 0)
  isAway = false
  await vi.waitFor(() => expect(new Set(kept).size).toBe(2_500), 10_000)
})

test('a wrong password is told, and tried again: it may be corrected at the server', async () => {
  source(await startBroker(), '', 'mqtt', 'wrong')
  await vi.waitFor(
    () => expect(told.filter((line) => line === 'the MQTT server refuses').length).toBeGreaterThan(1),
    10_000,
  )
})

test('an option that does not exist is refused at the start', async () => {
  const port = await startBroker()
  expect(() => source(port, '?shared=x')).toThrow(/unknown option shared/)
})

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test.runIf(hasOpenssl)('TLS: a server of a known authority is trusted, another is not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-mqtt-'))
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ]
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) =>
    broker.handle(socket),
  )
  const port = await listen(server)
  const distrusting = source(port, '', 'mqtts')
  await vi.waitFor(() => expect(told).toContain('the MQTT server refuses'), 5_000)
  expect(distrusting.isConnected()).toBe(false)
  const subscription = once(broker, 'subscribe')
  source(port, `?ca=${encodeURIComponent(cert)}`, 'mqtts')
  await subscription
  await publish(topicOf('up'), 'secret')
  await vi.waitFor(() => expect(kept).toEqual(['secret']), 5_000)
  rmSync(dir, { recursive: true })
})
