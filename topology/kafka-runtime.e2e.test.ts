import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { producerSettings, readerSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import type { TopicValues, Uplink } from '../schemas/generated/types.ts'
import { type TopicName, topicName } from '../schemas/topics.ts'
import { Consumer, Transactions } from './kafka-clients.ts'
import type { ProcessConfig } from './main.ts'
import { TestDriver } from './test-driver.ts'
import { counting, uplinkOf } from './testing/counting.ts'

const PARTITIONS = 4
const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const START_MS = Date.parse('2026-02-01T10:00:00Z')

type World = { prefix: string; codecs: Codecs }

async function makeWorld(): Promise<World> {
  const prefix = freshPrefix()
  await createTopics(kafkaBrokers, prefix, { partitions: PARTITIONS, replication: 1 })
  return { prefix, codecs: await openCodecs(registryAt(schemaRegistryUrl), prefix) }
}

/** Uplinks of 40 devices, event time running from START_MS at `stepMs` an uplink. */
const uplinks = (from: number, to: number, stepMs: number): Uplink[] =>
  Array.from({ length: to - from }, (_, i) =>
    uplinkOf(`device-${((from + i) * 7919) % 40}`, from + i, START_MS + (from + i) * stepMs),
  )

async function write({ prefix, codecs }: World, values: readonly Uplink[]): Promise<void> {
  const settings = producerSettings(kafkaBrokers)
  const producer = await Transactions.connect(
    { ...settings, global: { ...settings.global, dr_cb: false, 'transactional.id': `${prefix}writer` } },
    () => true,
  )
  await producer.begin()
  for (const value of values)
    await producer.produce(
      topicName(prefix, 'uplinks'),
      null,
      codecs.of('uplinks').encode(value),
      value.devEui,
    )
  await producer.commit()
  await producer.disconnect()
}

/** Every committed record of the topic. */
async function readAll<N extends TopicName>({ prefix, codecs }: World, topic: N): Promise<TopicValues[N][]> {
  const reader = await Consumer.connect(readerSettings(kafkaBrokers, `${prefix}test`))
  const count = topic === 'watermarks' ? 1 : PARTITIONS
  const partitions = Array.from({ length: count }, (_, partition) => ({
    topic: topicName(prefix, topic),
    partition,
  }))
  const ends = await reader.endOffsets(partitions)
  const position = partitions.map(() => 0)
  reader.client.assign(partitions.map((partition) => ({ ...partition, offset: 0 })))
  const values: TopicValues[N][] = []
  while (position.some((offset, i) => offset < (ends[i] ?? 0))) {
    const batch = await reader.consume(5_000)
    for (const message of batch.messages) {
      if (message.value) values.push(codecs.of(topic).decode(message.value))
      position[message.partition] = message.offset + 1
    }
    for (const end of batch.ends) position[end.partition] = Math.max(position[end.partition] ?? 0, end.offset)
  }
  await reader.disconnect()
  return values
}

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

type Child = { process: ChildProcess; port: number }

async function start({ prefix }: World, over: Partial<ProcessConfig> = {}): Promise<Child> {
  const config: ProcessConfig = {
    KAFKA_BROKERS: kafkaBrokers,
    SCHEMA_REGISTRY_URL: schemaRegistryUrl,
    TOPIC_PREFIX: prefix,
    INSTANCE: '',
    CLOCK: 'wall',
    COMMIT_INTERVAL: 50,
    COMMIT_RECORDS_MAX: 500,
    PROCESS_PORT: 0,
    LOG_LEVEL: (process.env.TEST_LOG ?? 'error') as ProcessConfig['LOG_LEVEL'],
    ...over,
  }
  const child = fork(new URL('testing/counting-process.ts', import.meta.url), [JSON.stringify(config)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{}])])) as [
    { port?: number },
  ]
  return { process: child, port: message.port ?? 0 }
}

async function kill(child: Child, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
  if (child.process.exitCode !== null) return child.process.exitCode
  const exit = once(child.process, 'exit')
  child.process.kill(signal)
  const [code] = (await exit) as [number | null]
  return code
}

async function until(what: string, condition: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`It never happened within ${withinMs} ms: ${what}`)
    await sleep(100)
  }
}

type Status = { isReady: boolean; tasks: { stage: string; lag: number; caughtUp: boolean; phase: string }[] }

const status = async ({ port }: Child): Promise<Status> =>
  (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as Status

const lines = (rollups: readonly TopicValues['rollups'][]): string[] =>
  rollups.map((r) => [r.unitId, r.start, r.count, r.sum, r.revision].join()).sort()

/** What the same engine makes of the same uplinks in memory, undisturbed. */
const expected = (values: readonly Uplink[], untilMs: number): string[] =>
  lines(
    new TestDriver(counting, { partitions: PARTITIONS })
      .pipe('uplinks', ...values)
      .advanceTo(untilMs)
      .drain('rollups'),
  )

const told = (world: World, count: number) => async () => (await readAll(world, 'rollups')).length >= count

test('a backlog gives what the engine gives in memory, and readiness says so', async () => {
  const world = await makeWorld()
  const values = uplinks(0, 3_000, 1_000)
  await write(world, values)
  const child = await start(world)
  const want = expected(values, Date.now())
  await until('all minutes are told', told(world, want.length))
  expect(lines(await readAll(world, 'rollups'))).toEqual(want)
  const { isReady, tasks } = await status(child)
  expect(isReady).toBe(true)
  expect(tasks).toHaveLength(2 * PARTITIONS)
  expect(await kill(child, 'SIGTERM')).toBe(0)
})

/** Numbers in [0, 1) that a seed determines (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** In a replay's clock, what is told depends on the uplinks alone. */
const byEvents = (values: readonly Uplink[]): string[] =>
  lines(new TestDriver(counting, { partitions: PARTITIONS }).pipe('uplinks', ...values).drain('rollups'))

async function expectAll(world: World, values: readonly Uplink[]): Promise<void> {
  const want = byEvents(values)
  await until('all minutes are told', told(world, want.length))
  expect(lines(await readAll(world, 'rollups'))).toEqual(want)
}

test('killed twelve times under load, it tells every minute once and right', {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env.TEST_SEED ?? 20261121)
  const next = random(seed)
  const world = await makeWorld()
  const input: Uplink[] = []
  for (let kills = 0; kills < 12; kills++) {
    const child = await start(world, {
      INSTANCE: 'one',
      CLOCK: 'events',
      COMMIT_RECORDS_MAX: 50,
      COMMIT_INTERVAL: 10,
    })
    const more = uplinks(input.length, input.length + 1_500, 400)
    input.push(...more)
    const [writing] = [write(world, more), sleep(next() * 1_500)]
    await sleep(100 + next() * 1_400)
    await kill(child)
    await writing
  }
  await start(world, { INSTANCE: 'one', CLOCK: 'events' })
  await expectAll(world, input)
})

test('processes share the partitions and hand them over under load', { timeout: 120_000 }, async () => {
  const world = await makeWorld()
  const input: Uplink[] = []
  const feed = async (count: number) => {
    const more = uplinks(input.length, input.length + count, 400)
    input.push(...more)
    await write(world, more)
  }
  const first = await start(world, { CLOCK: 'events', COMMIT_RECORDS_MAX: 50 })
  await feed(2_000)
  const second = await start(world, { CLOCK: 'events', COMMIT_RECORDS_MAX: 50 })
  await feed(2_000)
  await until('both have tasks', async () => {
    const [one, two] = await Promise.all([status(first), status(second)])
    return one.tasks.length === PARTITIONS && two.tasks.length === PARTITIONS && one.isReady && two.isReady
  })
  await feed(2_000)
  expect(await kill(first, 'SIGTERM')).toBe(0)
  await feed(2_000)
  await expectAll(world, input)
  expect((await status(second)).tasks).toHaveLength(2 * PARTITIONS)
})

test('a frozen process that wakes up after its partitions moved writes nothing', {
  timeout: 120_000,
}, async () => {
  const world = await makeWorld()
  const input: Uplink[] = []
  const feed = async (count: number) => {
    const more = uplinks(input.length, input.length + count, 400)
    input.push(...more)
    await write(world, more)
  }
  const zombie = await start(world, { CLOCK: 'events', COMMIT_RECORDS_MAX: 20, COMMIT_INTERVAL: 1 })
  await until('it has its tasks', async () => (await status(zombie)).isReady)
  const feeding = feed(3_000)
  await sleep(600)
  zombie.process.kill('SIGSTOP')
  await feeding
  const heir = await start(world, { CLOCK: 'events' })
  await until(
    'the heir has everything',
    async () => {
      const { isReady, tasks } = await status(heir)
      return isReady && tasks.length === 2 * PARTITIONS
    },
    60_000,
  )
  await feed(1_000)
  zombie.process.kill('SIGCONT')
  await feed(1_000)
  await expectAll(world, input)
  await until(
    'the zombie is a member again',
    async () => (await status(zombie)).isReady && (await status(zombie)).tasks.length > 0,
    60_000,
  )
  await feed(1_000)
  await expectAll(world, input)
})
