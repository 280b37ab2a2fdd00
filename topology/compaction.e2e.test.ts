// A changelog is its own snapshot: a record holds all of a key's state, and the broker keeps the newest of each key. So what a
// restore reads is bounded by the number of keys and one open segment, and not by how long the stage has run.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { offsetsSettings, readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { BulkReader, wholePartitions } from '../infra/kafka-wire/bulk-reader.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { type RestoreProgress, restore } from './changelog.ts'
import { Task } from './engine.ts'
import { Consumer, Transactions } from './kafka-clients.ts'
import { topology } from './topology.ts'

const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const KEYS = 100
const STATE_BYTES = 40_000
/** More than one segment of 64 MiB, which is closed then, and compacted. */
const ROUNDS = 20

test('a restore reads the newest states and one open segment, however often they were written', async () => {
  const prefix = freshPrefix()
  await createTopics(kafkaBrokers, prefix, { partitions: 1, replication: 1 })
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  const stage = topology.stages.find(({ name }) => name === 'device')
  if (stage === undefined) throw new Error('There is no device stage.')
  const topicOf = (topic: typeof stage.changelog) => topicName(prefix, topic)
  const offsets = await Consumer.connect(offsetsSettings(kafkaBrokers, prefix))
  const transactions = await Transactions.connect(transactionalSettings(kafkaBrokers, prefix), () => true)
  const newest = new Map<string, Buffer>()
  for (let round = 0; round < ROUNDS; round++) {
    await transactions.begin()
    for (let n = 0; n < KEYS; n++) {
      const value = randomBytes(STATE_BYTES)
      newest.set(`device ${n}`, value)
      await transactions.produce(topicOf(stage.changelog), 0, value, `device ${n}`)
    }
    await transactions.commit()
  }

  const restored = async () => {
    const task = new Task(stage, 0, codecs, Date.now)
    let records = 0
    const report = (progress: RestoreProgress) => {
      records = progress.records
    }
    const settings = readerSettings(kafkaBrokers, prefix)
    const isWanted = () => true
    await restore({
      ...{ tasks: [task], topicOf, settings, offsets, codecs, isWanted, report },
      openBulk: (starts) => BulkReader.open(kafkaBrokers, starts, wholePartitions),
      onBulkFailure: (error) => expect.unreachable(String(error)),
    })
    expect(task.keys).toBe(KEYS)
    return records
  }
  const written = KEYS * ROUNDS
  // The broker's cleaner looks around every 15 s.
  await expect.poll(restored, { timeout: 100_000, interval: 3_000 }).toBeLessThan(written / 2)
  await transactions.disconnect()
  await offsets.disconnect()
})
