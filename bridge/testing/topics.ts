// For tests: what is on a topic of a broker.
import { Kafka, logLevel } from 'kafkajs'
import rdkafka from 'node-rdkafka'

const admin = (brokers: string) => new Kafka({ brokers: [brokers], logLevel: logLevel.ERROR }).admin()

export type StoredRecord = { key: string; value: Buffer; partition: number }

async function endOffsets(brokers: string, topic: string): Promise<{ partition: number; end: number }[]> {
  const client = admin(brokers)
  await client.connect()
  try {
    const offsets = await client.fetchTopicOffsets(topic)
    return offsets.map(({ partition, high }) => ({ partition, end: Number(high) }))
  } finally {
    await client.disconnect()
  }
}

/** Everything that is on the topic by now, in the order of its partitions. */
export async function recordsOf(brokers: string, topic: string): Promise<StoredRecord[]> {
  const ends = await endOffsets(brokers, topic)
  const wanted = ends.reduce((sum, { end }) => sum + end, 0)
  const consumer = new rdkafka.KafkaConsumer(
    { 'metadata.broker.list': brokers, 'group.id': `${topic}-reader`, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  )
  await new Promise<void>((resolve, reject) => {
    consumer.connect({ timeout: 10_000 }, (error) => (error ? reject(new Error(error.message)) : resolve()))
  })
  try {
    consumer.setDefaultConsumeTimeout(50)
    consumer.assign(ends.map(({ partition }) => ({ topic, partition, offset: 0 })))
    const records: StoredRecord[] = []
    const deadlineMs = performance.now() + 20_000
    while (records.length < wanted && performance.now() < deadlineMs)
      records.push(...(await consume(consumer)))
    return records.sort((a, b) => a.partition - b.partition)
  } finally {
    await new Promise<void>((done) => consumer.disconnect(() => done()))
  }
}

function consume(consumer: rdkafka.KafkaConsumer): Promise<StoredRecord[]> {
  return new Promise((resolve, reject) => {
    consumer.consume(1_000, (error, messages) => {
      if (error) return reject(new Error(error.message))
      resolve(
        messages.map(({ key, value, partition }) => ({
          key: String(key),
          value: value ?? Buffer.alloc(0),
          partition,
        })),
      )
    })
  })
}
