// Streams are read in bulk as long as they are plain. Where they are not, the client goes on with them, and nobody sees it.
import { afterEach, expect, test } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { end, PARTITIONS, World } from './testing/world.ts'

let world: World | undefined
afterEach(() => world?.killAll())

test('uplinks that are compressed another way half-way are taken once, also by the next owner', {
  timeout: 120_000,
}, async () => {
  const { kafkaBrokers: brokers, schemaRegistryUrl: registryUrl } = testEngines()
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  const writer = transactionalSettings(brokers, `${prefix}writer`)
  world = new World({
    ...{ brokers, registryUrl, prefix, writer },
    codecs: await openCodecs(registryAt(registryUrl), prefix),
    reader: readerSettings(brokers, `${prefix}test`),
  })
  await world.feed(800)
  const first = await world.start()
  await world.outcome()
  writer.global['compression.codec'] = 'gzip'
  await world.feed(800)
  await world.outcome()
  await world.start()
  writer.global['compression.codec'] = 'lz4'
  await world.feed(800)
  await end(first, 'SIGKILL')
  await world.feed(400)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
})
