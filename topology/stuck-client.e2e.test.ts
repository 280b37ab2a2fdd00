// A client on a real broker whose answers stop coming: nothing fails, no error is told, and every clock would stand still for
// ever. The process notices, builds its clients anew, and the clocks go on.
import rdkafka from 'node-rdkafka'
import { afterEach, expect, test, vi } from 'vitest'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { type RunningProcess, runProcess } from './main.ts'
import { counting } from './testing/counting.ts'

const { kafkaBrokers: brokers, schemaRegistryUrl } = testEngines()
const PARTITIONS = 2
let running: RunningProcess | undefined

afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  await running?.close()
})

test('clocks whose look-ups are never answered go on after the clients have been built anew', {
  timeout: 60_000,
}, async () => {
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  running = await runProcess(
    {
      ...{
        KAFKA_BROKERS: brokers,
        SCHEMA_REGISTRY_URL: schemaRegistryUrl,
        TOPIC_PREFIX: prefix,
        INSTANCE: '',
      },
      ...{
        GRACE: 7_200_000,
        CLOCK: 'wall',
        STANDBY: 'false',
        SESSION_TIMEOUT: 6_000,
        COMMIT_INTERVAL: 20,
        COMMIT_RECORDS_MAX: 50,
      },
      ...{ PROCESS_PORT: 0, LOG_LEVEL: 'error' },
    },
    counting,
  )
  const { runtime } = running
  const slowestMs = () => Math.min(...runtime.tasks().map(({ clockMs }) => clockMs))
  const follow = async () => {
    await vi.waitFor(() => {
      expect(runtime.isReady()).toBe(true)
      expect(runtime.tasks()).toHaveLength(2 * PARTITIONS)
      expect(Date.now() - slowestMs()).toBeLessThan(5_000)
    }, 30_000)
  }
  await follow()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const lookup = vi
    .spyOn(rdkafka.KafkaConsumer.prototype, 'offsetsForTimes')
    .mockReturnValue(undefined as never)
  await vi.waitFor(() => expect(lookup).toHaveBeenCalled())
  const [callsBefore, clockBefore] = [lookup.mock.calls.length, slowestMs()]
  await vi.waitFor(() => expect(Date.now() - slowestMs()).toBeGreaterThan(3_000), 10_000)
  expect(lookup).toHaveBeenCalledTimes(callsBefore)
  lookup.mockRestore()
  vi.advanceTimersByTime(30_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(runtime.totals.rebuilds).toBe(1), 10_000)
  await follow()
  expect(slowestMs()).toBeGreaterThan(clockBefore)
})
