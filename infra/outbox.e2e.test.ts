import { expect, onTestFinished, test } from 'vitest'
import { openCodecs } from '../schemas/codec.ts'
import type { DeviceAssignments } from '../schemas/generated/types.ts'
import { publishOutbox } from './outbox.ts'
import { openPostgres } from './postgres.ts'
import { openPublisher } from './publisher.ts'
import { registryAt } from './registry.ts'
import { freshDatabase, freshPrefix, testEngines } from './testing/engines.ts'
import { readTopic } from './topic-reader.ts'
import { createTopics } from './topics.ts'

const record = (devEui: string, offset: number): DeviceAssignments => ({
  devEui,
  deviceId: '00000000-0000-5000-8000-000000000001',
  versions: [
    {
      ...{ validFrom: 0, organizationId: '00000000-0000-5000-8000-000000000002', unitId: null, kind: null },
      ...{
        vendor: null,
        model: null,
        probe: null,
        openIs: null,
        calibrationOffset: offset,
        calibrationValidUntil: null,
      },
    },
  ],
})

async function openOutbox() {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const prefix = freshPrefix()
  await createTopics(kafkaBrokers, prefix, { partitions: 2, replication: 1 })
  const db = openPostgres(await freshDatabase(), { connectionsMax: 4 })
  const publisher = await openPublisher(kafkaBrokers)
  onTestFinished(async () => {
    await publisher.close()
    await db.end()
  })
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  const queue = (value: DeviceAssignments) =>
    db.query("insert into outbox (topic, key, value) values ('devices', $1, $2)", [
      value.devEui,
      JSON.stringify(value),
    ])
  const published = async () => {
    const found: DeviceAssignments[] = []
    await readTopic({ brokers: kafkaBrokers, topic: `${prefix}devices` }, (messages) => {
      for (const { value } of messages) found.push(codecs.of('devices').decode(value!))
    })
    return found
  }
  return { db, target: { codecs, prefix, publisher }, queue, published }
}

test('records go out in the order in which they were queued, once', async () => {
  const { db, target, queue, published } = await openOutbox()
  const records = Array.from({ length: 1_200 }, (_, index) => record('A84041000000000A', index))
  for (const value of records) await queue(value)
  expect(await publishOutbox(db, target)).toBe(1_200)
  expect(await publishOutbox(db, target)).toBe(0)
  expect(await published()).toEqual(records)
})

test('a crash after Kafka has them and before they are marked publishes them again', async () => {
  const { db, target, queue, published } = await openOutbox()
  await queue(record('A84041000000000A', 1))
  const crashing = {
    publish: async (records: Parameters<typeof target.publisher.publish>[0]) => {
      await target.publisher.publish(records)
      throw new Error('killed')
    },
  }
  await expect(publishOutbox(db, { ...target, publisher: crashing })).rejects.toThrow('killed')
  expect(await publishOutbox(db, target)).toBe(1)
  expect(await published()).toEqual([record('A84041000000000A', 1), record('A84041000000000A', 1)])
})

test('two publishers at once take turns', async () => {
  const { db, target, queue, published } = await openOutbox()
  for (let index = 0; index < 30; index++) await queue(record('A84041000000000B', index))
  const counts = await Promise.all([publishOutbox(db, target), publishOutbox(db, target)])
  expect(counts.sort()).toEqual([0, 30])
  expect((await published()).map(({ versions }) => versions[0]!.calibrationOffset)).toEqual(
    Array.from({ length: 30 }, (_, index) => index),
  )
})
