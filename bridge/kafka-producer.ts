// The producer behind the acknowledged log: every record to all in-sync replicas, once, or a report that it is not.
import rdkafka, { type Producer, type ProducerGlobalConfig, type ProducerTopicConfig } from 'node-rdkafka'
import { PipelineError } from '../schemas/failure.ts'
import type { RawProducer } from './acknowledged-log.ts'
import { recordBytesMax } from './deliveries.ts'

export type ProducerOptions = {
  /** Those of every idempotent producer of ours. */
  settings: { global: ProducerGlobalConfig; topic: ProducerTopicConfig }
  clientId: string
  giveUpMs: number
  /** Must exist. */
  topics: readonly string[]
}

const connectTimeoutMs = 3_000
/** Polling is what delivers the reports; it costs 2 µs when there are none. */
const pollIntervalMs = 4

const globalSettings = ({ settings, clientId }: ProducerOptions): ProducerGlobalConfig => ({
  ...settings.global,
  'client.id': clientId,
  'message.max.bytes': recordBytesMax,
  // After an outage Kafka is found again within a second, not within ten.
  'reconnect.backoff.ms': 50,
  'reconnect.backoff.max.ms': 1_000,
  // A broker that is stopped but still holds its sockets: give a request up, and try a fresh connection.
  'socket.timeout.ms': 10_000,
  'socket.keepalive.enable': true,
})

const topicSettings = ({ settings, giveUpMs }: ProducerOptions): ProducerTopicConfig => ({
  ...settings.topic,
  'request.required.acks': -1,
  'message.timeout.ms': giveUpMs,
})

/** Rejects where no broker has answered in time, or a topic is not there; then nothing of it is left. */
export async function connectProducer(options: ProducerOptions): Promise<RawProducer> {
  const producer = new rdkafka.Producer(globalSettings(options), topicSettings(options))
  // Without a listener a connection error before "ready" would be an uncaught one.
  producer.on('event.error', () => {})
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: connectTimeoutMs, allTopics: false }, (error) =>
      error ? reject(new Error(error.message)) : resolve(),
    )
  })
  try {
    for (const topic of options.topics) await requireTopic(producer, topic)
  } catch (error) {
    producer.disconnect(0, () => {})
    throw error
  }
  producer.setPollInterval(pollIntervalMs)
  return producer as unknown as RawProducer
}

/** Asked once: a topic that is missing must not look like a broker that does not answer. */
function requireTopic(producer: Producer, topic: string): Promise<void> {
  return new Promise((resolve, reject) => {
    producer.getMetadata({ topic, timeout: connectTimeoutMs }, (error, metadata) => {
      if (error) return reject(new Error(error.message))
      const found = metadata.topics.find(({ name }) => name === topic)
      if ((found?.partitions.length ?? 0) > 0) resolve()
      else reject(new PipelineError('TOPICS_MISSING', { topics: [topic] }))
    })
  })
}
