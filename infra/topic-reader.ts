// Reads a topic once, from its oldest record to what was its end when the reading began: for tools and tests.
import rdkafka, {
  type ConsumerGlobalConfig,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
} from 'node-rdkafka'
import { PipelineError } from '../schemas/failure.ts'
import { readerSettings } from './kafka.ts'

const CONNECT_WITHIN_MS = 10_000
const CONSUME_WAIT_MS = 20
const MESSAGES_MAX = 1_000

type Done<T> = (error: LibrdKafkaError | null | undefined, value: T) => void

const answer = <T>(call: (done: Done<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, value) =>
      error
        ? reject(new PipelineError('KAFKA_UNAVAILABLE', { reason: error.message }, error))
        : resolve(value),
    )
  })

export type ReadOptions = {
  brokers: string
  topic: string
  isolation?: 'read_committed' | 'read_uncommitted'
  /** Of each partition the offset to begin at; not given: its first. */
  from?: ReadonlyMap<number, number>
  /** Of each partition the offset to end before; not given: its end. */
  to?: ReadonlyMap<number, number>
}

/** Committed records only, in order by partition; `onMessages` may be asynchronous and is waited for. */
export async function readTopic(
  { brokers, topic, isolation = 'read_committed', ...range }: ReadOptions,
  onMessages: (messages: Message[]) => void | Promise<void>,
): Promise<void> {
  const settings = readerSettings(brokers, `reader-${process.pid}`)
  const global = { ...settings.global, 'enable.partition.eof': true, 'isolation.level': isolation }
  const consumer = new rdkafka.KafkaConsumer(global as ConsumerGlobalConfig, settings.topic)
  consumer.on('event.error', () => {}) // brokers that are away are waited for
  consumer.setDefaultConsumeTimeout(CONSUME_WAIT_MS)
  await answer<unknown>((done) => consumer.connect({ timeout: CONNECT_WITHIN_MS }, done as never))
  try {
    await readToEnd(consumer, topic, range, onMessages)
  } finally {
    await answer<unknown>((done) => consumer.disconnect(done as never))
  }
}

async function readToEnd(
  consumer: KafkaConsumer,
  topic: string,
  { from, to }: Pick<ReadOptions, 'from' | 'to'>,
  onMessages: (messages: Message[]) => void | Promise<void>,
): Promise<void> {
  const partitions = await partitionsOf(consumer, topic)
  const endOf = (partition: number) => to?.get(partition) ?? Number.POSITIVE_INFINITY
  const left = new Set(partitions.filter((partition) => (from?.get(partition) ?? 0) < endOf(partition)))
  consumer.on('partition.eof', ({ partition }) => left.delete(partition))
  const starts = [...left].map((partition) => ({ topic, partition, offset: from?.get(partition) ?? 0 }))
  consumer.assign(starts)
  for (;;) {
    const messages = await answer<Message[]>((done) => consumer.consume(MESSAGES_MAX, done))
    const wanted = messages.filter(({ partition, offset }) => offset < endOf(partition))
    for (const { partition, offset } of messages) if (offset + 1 >= endOf(partition)) left.delete(partition)
    if (wanted.length > 0) await onMessages(wanted)
    else if (left.size === 0) return
  }
}

async function partitionsOf(consumer: KafkaConsumer, topic: string): Promise<number[]> {
  const { topics } = await answer<rdkafka.Metadata>((done) =>
    consumer.getMetadata({ topic, timeout: CONNECT_WITHIN_MS }, done as never),
  )
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? []
  if (partitions.length === 0) throw new PipelineError('TOPICS_MISSING', { topics: [topic] })
  return partitions.map(({ id }) => id)
}
