// STANDBY: what a killed process had is taken over from warm copies, and not from the beginning of its changelogs.
import { afterAll, expect, test } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { counterOf, end, PARTITIONS, statusOf, until, World } from './testing/world.ts'

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
})

afterAll(() => world.killAll())

test('a process with copies takes over what another one had, reads hardly anything, and tells the same', {
  timeout: 120_000,
}, async () => {
  const owner = await world.start({ COMMIT_RECORDS_MAX: 20 })
  await until('it has its tasks', async () => (await statusOf(owner)).tasks.length === 2 * PARTITIONS)
  await world.feed(2_000)
  const heir = await world.start({ STANDBY: 'true' })
  await until('they share the tasks', async () => {
    const [{ tasks }, { isReady }] = await Promise.all([statusOf(owner), statusOf(heir)])
    return isReady && tasks.length === PARTITIONS
  })
  await world.feed(2_000)
  const before = await world.outcome()
  expect(before.got).toEqual(before.want)
  const copied = async () => (await statusOf(heir)).standbyCopies
  await until('the copies are warm', async () => (await copied()).every(({ isWarm }) => isWarm))
  const copies = await copied()
  expect(copies).toHaveLength(PARTITIONS)
  const held = copies.reduce((sum, { offset }) => sum + offset, 0)
  const restored = await counterOf(heir, 'coldstream_restored_records_total')

  await end(owner, 'SIGKILL')
  await world.feed(1_000)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  const { isReady, tasks, standbyCopies } = await statusOf(heir)
  expect({ isReady, tasks: tasks.length, copies: standbyCopies.length }).toEqual({
    isReady: true,
    tasks: 2 * PARTITIONS,
    copies: 0,
  })
  const more = (await counterOf(heir, 'coldstream_restored_records_total')) - restored
  expect(held).toBeGreaterThan(200)
  expect(more).toBeLessThan(held / 10)
})
