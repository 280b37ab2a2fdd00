// A client on a real broker whose answers stop coming: nothing fails, no error is told, and the process would stand still for
// ever. It notices, builds its clients anew, and goes on as if nothing had been. (A librdkafka that had forgotten its broker once
// did this to the second kind of call.)
import rdkafka from 'node-rdkafka'
import { afterEach, expect, test, vi } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import type { ClockMode } from './clock-board.ts'
import { type ProcessConfig, type RunningProcess, runProcess } from './main.ts'
import { counting } from './testing/counting.ts'
import { PARTITIONS, World } from './testing/world.ts'

const { kafkaBrokers: brokers, schemaRegistryUrl } = testEngines()
const running: RunningProcess[] = []

afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  await Promise.all(running.splice(0).map((one) => one.close()))
})

async function start(CLOCK: ClockMode) {
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  const config: Omit<ProcessConfig, 'CLOCK'> = {
    ...{ KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl, TOPIC_PREFIX: prefix },
    ...{ INSTANCE: '', GRACE: 7_200_000, STANDBY: 'false', SESSION_TIMEOUT: 6_000 },
    ...{ COMMIT_INTERVAL: 20, COMMIT_RECORDS_MAX: 50, PROCESS_PORT: 0, LOG_LEVEL: 'error' },
  }
  const started = await runProcess({ ...config, CLOCK }, counting)
  running.push(started)
  const { runtime } = started
  await vi.waitFor(() => {
    expect(runtime.isReady()).toBe(true)
    expect(runtime.tasks()).toHaveLength(2 * PARTITIONS)
  }, 30_000)
  return { prefix, runtime }
}

/** All time-outs of callbacks are over, at once; what is called afterwards is answered. */
async function giveUp(silent: { mockRestore(): void }, { totals }: RunningProcess['runtime']): Promise<void> {
  silent.mockRestore()
  vi.advanceTimersByTime(30_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(totals.rebuilds).toBe(1), 10_000)
}

test('clocks whose look-ups are never answered go on after the clients have been built anew', {
  timeout: 60_000,
}, async () => {
  const { runtime } = await start('wall')
  const slowestMs = () => Math.min(...runtime.tasks().map(({ clockMs }) => clockMs))
  const follow = () => vi.waitFor(() => expect(Date.now() - slowestMs()).toBeLessThan(5_000), 30_000)
  await follow()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const lookup = vi
    .spyOn(rdkafka.KafkaConsumer.prototype, 'offsetsForTimes')
    .mockReturnValue(undefined as never)
  await vi.waitFor(() => expect(lookup).toHaveBeenCalled())
  const [callsBefore, clockBefore] = [lookup.mock.calls.length, slowestMs()]
  await vi.waitFor(() => expect(Date.now() - slowestMs()).toBeGreaterThan(3_000), 10_000)
  expect(lookup).toHaveBeenCalledTimes(callsBefore)
  await giveUp(lookup, runtime)
  await vi.waitFor(() => expect(runtime.isReady()).toBe(true), 30_000)
  await vi.waitFor(() => expect(slowestMs()).toBeGreaterThan(clockBefore), 30_000)
  await follow()
})

test('a transaction whose offsets are never answered is dropped, and its records are taken once', {
  timeout: 60_000,
}, async () => {
  const { prefix, runtime } = await start('events')
  const world = new World({
    ...{ brokers, prefix, registryUrl: schemaRegistryUrl },
    codecs: await openCodecs(registryAt(schemaRegistryUrl), prefix),
    reader: readerSettings(brokers, `${prefix}test`),
    writer: transactionalSettings(brokers, `${prefix}writer`),
  })
  await world.feed(500)
  await vi.waitFor(() => expect(runtime.totals.commits).toBeGreaterThan(0), 10_000)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const sending = vi
    .spyOn(rdkafka.Producer.prototype, 'sendOffsetsToTransaction')
    .mockReturnValue(undefined as never)
  await world.feed(500)
  await vi.waitFor(() => expect(sending).toHaveBeenCalledOnce(), 10_000)
  await giveUp(sending, runtime)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
})
