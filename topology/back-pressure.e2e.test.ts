// Two partitions of a backlog that are very unequal, on a real broker: one's fetch holds an hour of large uplinks, the other's a
// minute. The large ones are more than a process lets wait; the order of writing is kept all the same.
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { TopicPartition } from 'node-rdkafka'
import { afterAll, expect, test, vi } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import type { Uplink } from '../schemas/generated/types.ts'
import { topicName } from '../schemas/topics.ts'
import { WAITING_BYTES_MAX } from './back-pressure.ts'
import { type RunningProcess, runProcess } from './main.ts'
import { partitionOfText } from './partitioner.ts'
import { StreamReader } from './stream-reader.ts'
import { counting, uplinkOf } from './testing/counting.ts'
import { PARTITIONS, World } from './testing/world.ts'

const { kafkaBrokers: brokers, schemaRegistryUrl: registryUrl } = testEngines()
const prefix = freshPrefix()
const START_MS = Date.parse('2026-02-01T10:00:00Z')
const SPAN_MS = 5 * 3_600_000
const LARGE = { count: 200, bytes: 700_000 }
const SMALL = { count: 9_000, bytes: 3_000 }

await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
const codecs = await openCodecs(registryAt(registryUrl), prefix)
const world = new World({
  ...{ brokers, registryUrl, prefix, codecs },
  reader: readerSettings(brokers, `${prefix}test`),
  writer: transactionalSettings(brokers, `${prefix}writer`),
})

let running: RunningProcess | undefined

afterAll(() => running?.close())

const deviceIn = (partition: number): string => {
  for (let n = 0; ; n++) if (partitionOfText(`device-${n}`, PARTITIONS) === partition) return `device-${n}`
}

/** Evenly over the span; zeros are compressed to nothing, random bytes are not. */
const uplinks = (partition: number, count: number, payload: () => Buffer): Uplink[] =>
  Array.from({ length: count }, (_, i) =>
    uplinkOf(deviceIn(partition), i, START_MS + (i * SPAN_MS) / count, payload()),
  )

test('a backlog larger than what may wait is taken in the order of writing', {
  timeout: 90_000,
}, async () => {
  expect(LARGE.count * LARGE.bytes).toBeGreaterThan(WAITING_BYTES_MAX)
  const zeros = Buffer.alloc(LARGE.bytes)
  const large = uplinks(0, LARGE.count, () => zeros)
  const small = uplinks(1, SMALL.count, () => randomBytes(SMALL.bytes))
  world.input.push(...[...large, ...small].sort((a, b) => a.recordedAt - b.recordedAt))
  await world.write(
    world.input.map((uplink) => ({
      key: uplink.devEui,
      value: Buffer.from(codecs.of('uplinks').encode(uplink)),
      writtenMs: uplink.recordedAt,
    })),
  )
  const [left, followed] = [
    vi.spyOn(StreamReader.prototype, 'leave'),
    vi.spyOn(StreamReader.prototype, 'follow'),
  ]
  running = await runProcess(
    {
      ...{ KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl, TOPIC_PREFIX: prefix, INSTANCE: '' },
      ...{
        GRACE: 7_200_000,
        CLOCK: 'events',
        STANDBY: 'false',
        SESSION_TIMEOUT: 6_000,
        COMMIT_INTERVAL: 20,
        COMMIT_RECORDS_MAX: 500,
      },
      ...{ PROCESS_PORT: 0, LOG_LEVEL: 'error' },
    },
    counting,
  )
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  expect(await world.disorderMs()).toBe(0)
  // Each is followed once at the start.
  const ofLarge = { topic: topicName(prefix, 'uplinks'), partition: 0 }
  const isOfLarge = ({ topic, partition }: TopicPartition) => isDeepStrictEqual({ topic, partition }, ofLarge)
  expect(left.mock.calls.flat(2).filter(isOfLarge).length).toBeGreaterThan(0)
  expect(followed.mock.calls.flat(2).filter(isOfLarge).length).toBeGreaterThan(1)
})
