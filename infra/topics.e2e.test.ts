import { expect, test, vi } from 'vitest'
import { topicNames } from '../schemas/topics.ts'
import { withAdmin } from './kafka.ts'
import { freshPrefix, testEngines } from './testing/engines.ts'
import { checkTopics, createTopics, listTopics } from './topics.ts'

const { kafkaBrokers } = testEngines()

async function configOf(name: string): Promise<Record<string, string>> {
  const { resources } = await withAdmin(kafkaBrokers, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] }),
  )
  return Object.fromEntries(resources[0]?.configEntries.map((e) => [e.configName, e.configValue]) ?? [])
}

test('missing topics are created from their contracts, and those that are there are left alone', async () => {
  const prefix = freshPrefix()
  const first = await createTopics(kafkaBrokers, prefix, { partitions: 3, replication: 1 })
  expect(first.map((status) => status.topic)).toEqual(topicNames)
  expect(first.every((status) => status.isNew)).toBe(true)
  const again = await createTopics(kafkaBrokers, prefix, { partitions: 5, replication: 1 })
  expect(again.some((status) => status.isNew)).toBe(false)
  const counts = new Map(again.map(({ topic, partitions }) => [topic, partitions]))
  expect(counts.get('uplinks')).toBe(3)
  expect(counts.get('watermarks')).toBe(1)
  expect(await configOf(`${prefix}devices`)).toMatchObject({ 'cleanup.policy': 'compact' })
  expect(await configOf(`${prefix}uplinks`)).toMatchObject({
    'cleanup.policy': 'delete',
    'retention.ms': String(400 * 86_400_000),
  })
})

test('a start is refused where topics are missing, and all of them are named', async () => {
  const prefix = freshPrefix()
  expect((await listTopics(kafkaBrokers, prefix)).every((status) => status.partitions === null)).toBe(true)
  await expect(checkTopics(kafkaBrokers, prefix, ['uplinks', 'devices'], [])).rejects.toMatchObject({
    code: 'TOPICS_MISSING',
    details: { topics: [`${prefix}uplinks`, `${prefix}devices`] },
  })
})

test('a start is refused where joined topics differ in their number of partitions', async () => {
  const prefix = freshPrefix()
  await withAdmin(kafkaBrokers, (admin) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [
        { topic: `${prefix}uplinks`, numPartitions: 2 },
        { topic: `${prefix}devices`, numPartitions: 3 },
      ],
    }),
  )
  const check = () => checkTopics(kafkaBrokers, prefix, ['uplinks', 'devices'], [['uplinks', 'devices']])
  // Until the metadata know the new topics, they are missing.
  await vi.waitFor(() => expect(check()).rejects.toMatchObject({ code: 'TOPICS_MISMATCH' }), 10_000)
  await expect(check()).rejects.toMatchObject({
    details: { counts: { [`${prefix}uplinks`]: 2, [`${prefix}devices`]: 3 } },
  })
  const apart = await checkTopics(kafkaBrokers, prefix, ['uplinks', 'devices'], [['uplinks'], ['devices']])
  expect(apart).toEqual(
    new Map([
      ['uplinks', 2],
      ['devices', 3],
    ]),
  )
})
