// A broker with TLS and SASL is reached by each client, by its address alone.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withAdmin } from './kafka.ts'
import { BrokerConnection } from './kafka-wire/broker-connection.ts'
import { BulkReader, wholePartitions } from './kafka-wire/bulk-reader.ts'
import { authenticate } from './kafka-wire/sasl.ts'
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

test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
  'by %s topics are made, written and read',
  async (mechanism) => {
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
    expect(await valuesInBulk(brokers, topic)).toEqual(['cold'])
  },
)

test('by TLS alone a topic is read in bulk', async () => {
  const address = `ssl://${broker.tlsAddress}`
  const topic = 'by-tls'
  await withAdmin(`${address}?ca=${broker.ca}`, (admin) =>
    admin.createTopics({ waitForLeaders: false, topics: [{ topic }] }),
  )
  const publisher = await openPublisher(`${address}?ca=${broker.ca}`)
  await publisher.publish([{ topic, key: 'fridge', value: Buffer.from('colder') }])
  await publisher.close()
  expect(await valuesInBulk(`${address}?ca=${broker.ca}`, topic)).toEqual(['colder'])
})

async function valuesInBulk(brokers: string, topic: string): Promise<string[]> {
  const reader = await BulkReader.open(brokers, [{ topic, partition: 0 }], wholePartitions)
  reader.follow({ topic, partition: 0, offset: 0 })
  const values: string[] = []
  while (values.length === 0)
    await reader.read(({ bytes, valueFrom, valueTo }) =>
      values.push(bytes.toString('utf8', valueFrom, valueTo)),
    )
  reader.close()
  return values
}

test('a wrong password and an unknown authority are refused, and the reason is said', async () => {
  await expect(listTopics(addressWith({ password: 'wrong' }), '')).rejects.toThrow(/authentication/i)
  await expect(listTopics(addressWith({ ca: '' }), '')).rejects.toThrow(/self.signed certificate/i)
  const [host = '', port] = broker.address.split(':')
  const tls = { ca: readFileSync(broker.ca) }
  const at = { host, port: Number(port) }
  await expect(BrokerConnection.open({ ...at, tls: {} })).rejects.toThrow(/self.signed certificate/i)
  for (const mechanism of ['plain', 'scram-sha-512'] as const) {
    const connection = await BrokerConnection.open({ ...at, tls })
    const login = { mechanism, username: broker.user, password: 'wrong' }
    await expect(authenticate(connection, login)).rejects.toThrow(/lets nobody in: .*authentication/i)
    connection.close()
  }
})
