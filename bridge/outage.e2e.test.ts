// Kafka goes away under the bridge, in the two ways it does: it hangs with its sockets open, and it is gone.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { keysOf, readConfig } from '../infra/config.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { findJava } from '../infra/local/maven.ts'
import { anyPorts } from '../infra/local/ports.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { type RunningBridge, runBridge } from './main.ts'
import { exampleKey, type Posted, post, uplinkBody } from './testing/posting.ts'
import { recordsOf } from './testing/topics.ts'

const hasJava = await findJava().then(
  () => true,
  () => false,
)
const prefix = freshPrefix()
const { schemaRegistryUrl } = testEngines()
const dataDir = mkdtempSync(join(tmpdir(), 'coldstream-outage-'))
type Broker = { kafkaBrokers: string; stop(): Promise<void> }
// Whatever has started by then is ended, also where a start fails.
const closings: (() => Promise<void>)[] = []
let broker: Broker
let bridge: RunningBridge
let sent = 0
const accepted = new Set<number>()

async function startBroker(): Promise<Broker> {
  const { kafkaBrokers = '', stop } = await localEngines(['kafka'], {
    dataDir,
    report: () => {},
    ports: 'fixed',
  })
  return { kafkaBrokers, stop }
}

const start = (kafkaBrokers: string, spoolDir = '') =>
  runBridge(
    readConfig(keysOf('bridge'), {
      KAFKA_BROKERS: kafkaBrokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      BRIDGE_HOST: '127.0.0.1',
      BRIDGE_PORT: '0',
      BRIDGE_CONNECTIONS: `ttn=${exampleKey}`,
      BRIDGE_BODY_BYTES_MAX: String(64 * 1024),
      BRIDGE_SPOOL_DIR: spoolDir,
      LOG_LEVEL: 'error',
    }),
  )

async function send(): Promise<Posted> {
  const fCnt = sent++
  const answer = await post(
    `http://127.0.0.1:${bridge.port}/things-stack/ttn`,
    JSON.stringify(uplinkBody({ f_cnt: fCnt })),
  )
  if (answer.status === 202) accepted.add(fCnt)
  return answer
}

const brokerPid = () => JSON.parse(readFileSync(join(dataDir, 'pids/kafka.json'), 'utf8')).pid as number

const untilAccepted = (withinMs: number) =>
  vi.waitFor(async () => expect((await send()).status).toBe(202), { timeout: withinMs, interval: 100 })

beforeAll(async () => {
  if (!hasJava) return
  // Written down, so that the second start gets the ports of the first.
  writeFileSync(join(dataDir, 'ports.json'), JSON.stringify(await anyPorts()))
  broker = await startBroker()
  closings.push(() => broker.stop())
  await createTopics(broker.kafkaBrokers, prefix, { partitions: 3, replication: 1 })
  bridge = await start(broker.kafkaBrokers)
  closings.push(() => bridge.close())
}, 90_000)

afterAll(async () => {
  for (const close of closings.toReversed()) await close()
  rmSync(dataDir, { recursive: true, force: true })
}, 30_000)

test.runIf(hasJava)(
  'a broker that hangs is answered for with 503 in time, and its return is noticed',
  async () => {
    await untilAccepted(10_000)
    process.kill(brokerPid(), 'SIGSTOP')
    try {
      const answers = await Promise.all(Array.from({ length: 50 }, send))
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503))
      expect(Math.max(...answers.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(4_000)
      expect(answers[0]?.headers.get('retry-after')).toBe('5')
      expect(answers[0]?.json).toMatchObject({ error: { code: 'KAFKA_UNAVAILABLE' } })
      expect((await fetch(`http://127.0.0.1:${bridge.port}/health/ready`)).status).toBe(503)
      expect((await fetch(`http://127.0.0.1:${bridge.port}/health`)).status).toBe(200)
    } finally {
      process.kill(brokerPid(), 'SIGCONT')
    }
    await untilAccepted(15_000)
  },
)

test.runIf(hasJava)(
  'a broker that was killed comes back, and nothing that was acknowledged is lost',
  async () => {
    await untilAccepted(10_000)
    process.kill(brokerPid(), 'SIGKILL')
    const whileAway = await send()
    expect(whileAway.status).toBe(503)
    expect(whileAway.elapsedMs).toBeLessThan(4_000)
    const { kafkaBrokers } = broker
    broker = await startBroker()
    expect(broker.kafkaBrokers).toBe(kafkaBrokers)
    await untilAccepted(30_000)
    const codec = (await openCodecs(registryAt(schemaRegistryUrl), prefix)).of('uplinks')
    const stored = (await recordsOf(broker.kafkaBrokers, `${prefix}uplinks`)).map(
      ({ value }) => codec.decode(value).fCnt,
    )
    expect([...accepted].filter((fCnt) => !stored.includes(fCnt))).toEqual([])
  },
  90_000,
)

test.runIf(hasJava)(
  'with a spool, messages are accepted while the broker hangs, and all are on the topic once it is back',
  async () => {
    const spoolDir = join(dataDir, 'spool')
    await bridge.close()
    bridge = await start(broker.kafkaBrokers, spoolDir)
    await untilAccepted(10_000)
    process.kill(brokerPid(), 'SIGSTOP')
    try {
      const slow = await Promise.all(Array.from({ length: 20 }, send))
      // From the first failure on, messages go to the disk at once.
      const quick = await Promise.all(Array.from({ length: 200 }, send))
      const refused = [...slow, ...quick].filter(({ status }) => status !== 202)
      expect(refused.map(({ json }) => json)).toEqual([])
      expect(Math.max(...slow.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(4_500)
      expect((await fetch(`http://127.0.0.1:${bridge.port}/health/ready`)).status).toBe(200)
    } finally {
      process.kill(brokerPid(), 'SIGCONT')
    }
    const spoolFiles = () => readdirSync(spoolDir).filter((name) => name.endsWith('.spool'))
    await vi.waitFor(() => expect(spoolFiles()).toEqual([]), { timeout: 20_000, interval: 100 })
    expect((await send()).status).toBe(202)
    expect(spoolFiles()).toEqual([])
    const codec = (await openCodecs(registryAt(schemaRegistryUrl), prefix)).of('uplinks')
    const stored = (await recordsOf(broker.kafkaBrokers, `${prefix}uplinks`)).map(
      ({ value }) => codec.decode(value).fCnt,
    )
    expect([...accepted].filter((fCnt) => !stored.includes(fCnt))).toEqual([])
  },
  60_000,
)

test('a bridge that starts without Kafka answers 503 at once, and does not end', async () => {
  const lonely = await start('127.0.0.1:1')
  try {
    const answer = await post(
      `http://127.0.0.1:${lonely.port}/things-stack/ttn`,
      JSON.stringify(uplinkBody()),
    )
    expect(answer.status).toBe(503)
    expect(answer.elapsedMs).toBeLessThan(4_000)
  } finally {
    await lonely.close()
  }
})
