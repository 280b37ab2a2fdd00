// A broker with TLS and SASL is reached by both clients, by its address alone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPublisher } from './publisher.ts'
import { type ProtectedBroker, startProtectedBroker } from './testing/protected-broker.ts'
import { readTopic } from './topic-reader.ts'
import { createTopics, listTopics } from './topics.ts'

let broker: ProtectedBroker
beforeAll(async () => {
  broker = await startProtectedBroker()
}, 120_000)
afterAll(() => broker?.stop())

function addressWith({
  password = broker.password,
  mechanism = 'scram-sha-512',
  ca = broker.ca,
} = {}): string {
  const login = `${encodeURIComponent(broker.user)}:${encodeURIComponent(password)}`
  const query = new URLSearchParams({ mechanism, ...(ca === '' ? {} : { ca }) })
  return `sasl_ssl://${login}@${broker.address}?${query}`
}

test.each(['plain', 'scram-sha-512'])('by %s topics are made, written and read', async (mechanism) => {
  const brokers = addressWith({ mechanism })
  const prefix = `${mechanism}.`
  const topics = await createTopics(brokers, prefix, { partitions: 1, replication: 1 })
  expect(topics.every(({ isNew }) => isNew)).toBe(true)
  const topic = `${prefix}uplinks`
  const publisher = await openPublisher(brokers)
  await publisher.publish([{ topic, key: 'fridge', value: Buffer.from('cold') }])
  await publisher.close()
  const values: string[] = []
  await readTopic({ brokers, topic }, (messages) => {
    for (const { value } of messages) values.push(String(value))
  })
  expect(values).toEqual(['cold'])
})

test('a wrong password and an unknown authority are refused, and the reason is said', async () => {
  await expect(listTopics(addressWith({ password: 'wrong' }), '')).rejects.toThrow(/authentication/i)
  await expect(listTopics(addressWith({ ca: '' }), '')).rejects.toThrow(/self.signed certificate/i)
})
