// `--threads`: one member, then four, then one again, under load; nothing is lost, nothing doubled, whoever is killed.
import { afterEach, expect, test } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { childrenOf, counterOf, end, PARTITIONS, statusOf, until, World } from './testing/world.ts'

const worlds: World[] = []

async function makeWorld(): Promise<World> {
  const { kafkaBrokers: brokers, schemaRegistryUrl: registryUrl } = testEngines()
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  const world = new World({
    brokers,
    registryUrl,
    prefix,
    codecs: await openCodecs(registryAt(registryUrl), prefix),
    reader: readerSettings(brokers, `${prefix}test`),
    writer: transactionalSettings(brokers, `${prefix}writer`),
    logLevel: process.env.TEST_LOG === undefined ? 'error' : 'info',
  })
  worlds.push(world)
  return world
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.killAll()
})

test('from one to four members and back under load, it tells every minute once and right', {
  timeout: 120_000,
}, async () => {
  const world = await makeWorld()
  const alone = await world.start({ INSTANCE: 'alone' })
  await world.feed(2_000)
  const four = await world.start({ INSTANCE: 'four', threads: 4 })
  await world.feed(2_000)
  await until('the four have joined', async () => {
    const { isReady, tasks } = await statusOf(four)
    return isReady && tasks.length > 0
  })
  expect(await end(alone, 'SIGTERM')).toBe(0)
  await world.feed(2_000)
  await until('the four have all partitions', async () => {
    const { isReady, tasks } = await statusOf(four)
    return isReady && tasks.length === 2 * PARTITIONS
  })
  const heir = await world.start({ INSTANCE: 'heir' })
  await world.feed(2_000)
  expect(await end(four, 'SIGTERM')).toBe(0)
  await world.feed(2_000)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  await until(
    'the heir has all partitions',
    async () => (await statusOf(heir)).tasks.length === 2 * PARTITIONS,
  )
})

test('a member that is killed is started again under its name, and health and metrics go on', {
  timeout: 90_000,
}, async () => {
  const world = await makeWorld()
  const pair = await world.start({ INSTANCE: 'pair', threads: 2 })
  await world.feed(1_500)
  await until('both have tasks', async () => {
    const { isReady, tasks } = await statusOf(pair)
    return isReady && tasks.length === 2 * PARTITIONS
  })
  const [member] = childrenOf(pair)
  if (member === undefined) throw new Error('There is no member to kill.')
  process.kill(member, 'SIGKILL')
  await world.feed(1_500)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  expect(childrenOf(pair)).toHaveLength(2)
  expect(await counterOf(pair, 'coldstream_records_total')).toBeGreaterThan(3_000)
  expect(await end(pair, 'SIGTERM')).toBe(0)
  expect(childrenOf(pair)).toEqual([])
})
