// A restore reads in bulk what it can, and leaves the rest to the Kafka client.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { offsetsSettings, readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { BulkReader, wholePartitions } from '../infra/kafka-wire/bulk-reader.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import { type TopicName, topicName } from '../schemas/topics.ts'
import { type Restore, restore } from './changelog.ts'
import { Task } from './engine.ts'
import { Consumer, Transactions } from './kafka-clients.ts'
import { topology } from './topology.ts'

const { kafkaBrokers: brokers, schemaRegistryUrl } = testEngines()
const prefix = freshPrefix()
const topicOf = (topic: TopicName) => topicName(prefix, topic)
const device = topology.stages.find(({ name }) => name === 'device')
if (device === undefined) throw new Error('There is no device stage.')
const stage = device
let codecs: Codecs
let offsets: Consumer
const writers: Transactions[] = []

beforeAll(async () => {
  await createTopics(brokers, prefix, { partitions: 3, replication: 1 })
  codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  offsets = await Consumer.connect(offsetsSettings(brokers, prefix))
})
afterAll(() => Promise.all([offsets, ...writers].map((client) => client?.disconnect())))

async function writer(compression: 'lz4' | 'gzip'): Promise<Transactions> {
  const { global, topic } = transactionalSettings(brokers, `${prefix}${compression}`)
  const settings = { global: { ...global, 'compression.codec': compression }, topic }
  const opened = await Transactions.connect(settings, () => true)
  writers.push(opened)
  return opened
}

const write = (to: Transactions, partition: number, key: string, value: string | null): Promise<void> =>
  to.produce(topicOf(stage.changelog), partition, value === null ? null : Buffer.from(value), key)

async function restored(partition: number, openBulk: Restore['openBulk']) {
  const task = new Task(stage, partition, codecs, Date.now)
  const failures: string[] = []
  let records = 0
  const isWhole = await restore({
    ...{ tasks: [task], topicOf, settings: readerSettings(brokers, prefix), offsets, codecs, openBulk },
    isWanted: () => true,
    report: (progress) => {
      records = progress.records
    },
    onBulkFailure: (error) => failures.push(String(error)),
  })
  return { isWhole, keys: task.keys, records, failures }
}

const inBulk: Restore['openBulk'] = (starts) => BulkReader.open(brokers, starts, wholePartitions)

test('what is compressed another way is read by the client, from where it begins', async () => {
  const [lz4, gzip] = [await writer('lz4'), await writer('gzip')]
  await lz4.begin()
  for (let n = 0; n < 1_000; n++) await write(lz4, 0, `device ${n}`, `first state of ${n}`)
  await lz4.commit()
  await gzip.begin()
  for (let n = 500; n < 1_500; n++) await write(gzip, 0, `device ${n}`, 'a later state '.repeat(10))
  await gzip.commit()
  await lz4.begin()
  await write(lz4, 0, 'device 7', null)
  await lz4.commit()
  const { isWhole, keys, failures } = await restored(0, inBulk)
  expect([isWhole, keys]).toEqual([true, 1_499])
  expect(failures).toEqual([expect.stringMatching('compressed another way')])
})

test('with brokers that cannot be read in bulk, all is read by the client', async () => {
  const lz4 = await writer('lz4')
  await lz4.begin()
  for (let n = 0; n < 10; n++) await write(lz4, 1, `device ${n}`, 'state')
  await lz4.commit()
  const refused = () => Promise.reject(new Error('not here'))
  expect(await restored(1, refused)).toEqual({
    ...{ isWhole: true, keys: 10, records: 10 },
    failures: ['Error: not here'],
  })
  expect(await restored(1, inBulk)).toEqual({ isWhole: true, keys: 10, records: 10, failures: [] })
})

test('an open transaction is waited for: what it wrote is restored once it is committed', async () => {
  const lz4 = await writer('lz4')
  await lz4.begin()
  await write(lz4, 2, 'device', 'before')
  await lz4.commit()
  await lz4.begin()
  await write(lz4, 2, 'another device', 'of the open transaction')
  await new Promise((resolve) => lz4.client.flush(5_000, resolve))
  const restoring = restored(2, inBulk)
  const isEarly = await Promise.race([
    restoring.then(() => true),
    new Promise((r) => setTimeout(r, 1_000, false)),
  ])
  expect(isEarly).toBe(false)
  await lz4.commit()
  expect(await restoring).toEqual({ isWhole: true, keys: 2, records: 2, failures: [] })
})
