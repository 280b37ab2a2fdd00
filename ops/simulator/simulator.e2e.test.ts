// The simulator against the real bridge and a real broker: everything that it delivered is on the topic, in each device's
// order, and a second run of the same window posts the very same.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type RunningBridge, runBridge } from '../../bridge/main.ts'
import { recordsOf } from '../../bridge/testing/topics.ts'
import { keysOf, readConfig } from '../../infra/config.ts'
import { registryAt } from '../../infra/registry.ts'
import { freshPrefix, testEngines } from '../../infra/testing/engines.ts'
import { createTopics } from '../../infra/topics.ts'
import { type Codecs, openCodecs } from '../../schemas/codec.ts'
import { runSimulation } from './run.ts'
import { demoFleet } from './testing.ts'

const prefix = freshPrefix()
const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const apiKey = 'a-key-of-the-simulator'
const hourMs = 3_600_000
const anchorMs = Date.UTC(2026, 2, 1, 12)
let bridge: RunningBridge
let codecs: Codecs

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
      BRIDGE_CONNECTIONS: `demo=${apiKey}`,
      BRIDGE_BODY_BYTES_MAX: String(64 * 1024),
      LOG_LEVEL: 'error',
    }),
  )
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${bridge.port}/health/ready`)).status).toBe(200),
    10_000,
  )
})
afterAll(() => bridge.close())

const simulate = () =>
  runSimulation({
    fleet: demoFleet,
    seed: 3,
    fromMs: anchorMs - 22 * hourMs,
    toMs: anchorMs - 10 * hourMs,
    anchorMs,
    scenarios: ['demo'],
    speed: Number.POSITIVE_INFINITY,
    live: false,
    url: `http://127.0.0.1:${bridge.port}`,
    connection: 'demo',
    apiKey,
    concurrency: 32,
    rateMax: Number.POSITIVE_INFINITY,
    report: () => {},
  })

const stored = async () =>
  (await recordsOf(kafkaBrokers, `${prefix}uplinks`)).map(({ value }) => codecs.of('uplinks').decode(value))

test('what was delivered is on the topic, and posting the window again adds no new uplink', async () => {
  const summary = await simulate()
  const first = await stored()
  expect(first).toHaveLength(summary.posted)
  expect(summary.posted).toBe(summary.uplinks + summary.joins + summary.copies - summary.underWay)
  const identity = ({ receivedAt: _, ...uplink }: (typeof first)[number]) => JSON.stringify(uplink)
  const identities = new Set(first.map(identity))
  expect(identities.size).toBeGreaterThanOrEqual(summary.posted - summary.copies)

  await simulate()
  const both = await stored()
  expect(both).toHaveLength(2 * summary.posted)
  expect(new Set(both.map(identity))).toEqual(identities)
})
