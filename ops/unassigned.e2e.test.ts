import { expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../infra/postgres.ts'
import { openPublisher } from '../infra/publisher.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { readTopic } from '../infra/topic-reader.ts'
import { createTopics } from '../infra/topics.ts'
import { applyFleet } from './fleet/apply.ts'
import { listUnassigned, replayDevice } from './unassigned.ts'

test('only the device asked for is replayed: each uplink once, same key, same bytes, same partition, in order', async () => {
  const { kafkaBrokers: brokers } = testEngines()
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: 4, replication: 1 })
  const publisher = await openPublisher(brokers)
  onTestFinished(() => publisher.close())
  const topic = `${prefix}uplinks`
  const uplinks = Array.from({ length: 60 }, (_, index) => ({
    topic,
    key: index % 3 === 0 ? 'A84041000000000A' : `A8404100000000${10 + (index % 20)}`,
    value: Buffer.from([0, 0, 0, 0, 1, index]),
  }))
  await publisher.publish(uplinks)
  const options = { brokers, prefix, devEui: 'A84041000000000A' }
  expect(await replayDevice(options, publisher)).toBe(20)
  expect(await replayDevice(options, publisher)).toBe(20)
  const found: [number, number][] = []
  await readTopic({ brokers, topic }, (messages) => {
    for (const { key, value, partition } of messages)
      if (key?.toString() === options.devEui) found.push([partition, value![5]!])
  })
  const own = uplinks.filter(({ key }) => key === options.devEui).map(({ value }) => value[5])
  expect(found.map(([, index]) => index)).toEqual([...own, ...own, ...own])
  expect(new Set(found.map(([partition]) => partition)).size).toBe(1)
  expect(await replayDevice({ ...options, devEui: 'FFFFFFFFFFFFFFFF' }, publisher)).toBe(0)
})

test('the list names devices without a unit, with what the network says of them, until a unit has them', async () => {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  const quarantined = (devEui: string, hour: number, reason = 'unassigned') =>
    db.query(
      `insert into quarantine (id, dev_eui, recorded_at, received_at, reason, explanation, brand_id, model_id)
       values (gen_random_uuid(), $1, $2, $2, $3, '', 'dragino', 'lht65')`,
      [devEui, new Date(Date.UTC(2026, 0, 1, hour)), reason],
    )
  for (const hour of [1, 2, 5]) await quarantined('A84041000000000A', hour)
  await quarantined('A84041000000000B', 3)
  await quarantined('A84041000000000C', 4, 'clock')
  expect(await listUnassigned(db)).toEqual([
    {
      ...{ devEui: 'A84041000000000A', brandId: 'dragino', modelId: 'lht65', count: 3 },
      ...{ firstAt: new Date('2026-01-01T01:00:00Z'), lastAt: new Date('2026-01-01T05:00:00Z') },
    },
    {
      ...{ devEui: 'A84041000000000B', brandId: 'dragino', modelId: 'lht65', count: 1 },
      ...{ firstAt: new Date('2026-01-01T03:00:00Z'), lastAt: new Date('2026-01-01T03:00:00Z') },
    },
  ])
  const unit = {
    slug: 'u',
    name: 'U',
    type: 'fridge',
    devices: [{ devEui: 'A84041000000000A', name: 'found' }],
  }
  const site = { slug: 's', name: 'S', areas: [{ slug: 'a', name: 'A', units: [unit] }] }
  await applyFleet(db, { organizations: [{ slug: 'o', name: 'O', sites: [site] }] }, Date.UTC(2026, 1, 1))
  expect((await listUnassigned(db)).map(({ devEui }) => devEui)).toEqual(['A84041000000000B'])
})
