// Reads the topics that subscribers are told of: one consumer for the whole process, in no group, of committed records only. It
// begins a while before now, so that cursors from before a restart still work.

import type { FastifyBaseLogger } from 'fastify'
import rdkafka, {
  type ConsumerGlobalConfig,
  type ConsumerTopicConfig,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type TopicPartitionOffset,
} from 'node-rdkafka'
import { type Codecs, UnlearnedSchema } from '../../schemas/codec.ts'
import { eventOf, type LiveTopic } from './events.ts'
import type { Feed, Kept } from './feed.ts'

export type SourceOptions = {
  settings: { global: ConsumerGlobalConfig; topic: ConsumerTopicConfig }
  /** Full names of the topics, and the feed of each. */
  feeds: ReadonlyMap<string, readonly [LiveTopic, Feed]>
  codecs: Codecs
  kept: Kept
  log: FastifyBaseLogger
  /** Seconds from a record's writing until its subscribers were told. */
  onLag: (seconds: number) => void
}

export type LiveSource = { close(): Promise<void>; failed: Promise<Error> }

const CONNECT_WITHIN_MS = 10_000
const ANSWER_WITHIN_MS = 10_000
/** consume() holds one of libuv's four threads for so long. */
const CONSUME_WAIT_MS = 20
const MESSAGES_MAX = 500
/** What librdkafka calls the newest and the oldest offset, given as a time. */
const NEWEST = -1
const OLDEST = -2

type Done<T> = (error: LibrdKafkaError | null | undefined, value: T) => void

const answer = <T>(call: (done: Done<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

/** Resolves once what is kept has been read, and events are told as they come. Rejects where Kafka or a topic is away. */
export async function openLiveSource(options: SourceOptions): Promise<LiveSource> {
  const global = { ...options.settings.global, 'enable.partition.eof': true }
  const consumer = new rdkafka.KafkaConsumer(global as ConsumerGlobalConfig, options.settings.topic)
  consumer.on('event.error', () => {}) // brokers that are away are waited for
  consumer.setDefaultConsumeTimeout(CONSUME_WAIT_MS)
  await answer<unknown>((done) => consumer.connect({ timeout: CONNECT_WITHIN_MS }, done as never))
  try {
    const starts = await startsOf(consumer, options)
    return await reading(consumer, starts, options)
  } catch (error) {
    await disconnect(consumer)
    throw error
  }
}

const disconnect = (consumer: KafkaConsumer) =>
  answer<unknown>((done) => consumer.disconnect(done as never)).catch(() => {})

async function startsOf(
  consumer: KafkaConsumer,
  { feeds, kept }: SourceOptions,
): Promise<TopicPartitionOffset[]> {
  const starts: TopicPartitionOffset[] = []
  for (const [topic, [, feed]] of feeds) {
    const partitions = await partitionsOf(consumer, topic)
    const at = (time: number) => offsetsAt(consumer, topic, partitions, time)
    const [oldest, newest, since] = [await at(OLDEST), await at(NEWEST), await at(Date.now() - kept.ms)]
    const eachMax = Math.ceil(kept.eventsMax / partitions.length)
    const begin = partitions.map((_, index) => {
      const end = newest[index] ?? 0
      const sinceThen = since[index] ?? NEWEST
      const from = Math.max(sinceThen < 0 ? end : sinceThen, end - eachMax)
      return Math.max(from, oldest[index] ?? 0)
    })
    feed.begin(begin)
    starts.push(...partitions.map((partition, index) => ({ topic, partition, offset: begin[index] ?? 0 })))
  }
  return starts
}

async function partitionsOf(consumer: KafkaConsumer, topic: string): Promise<number[]> {
  const { topics } = await answer<rdkafka.Metadata>((done) =>
    consumer.getMetadata({ topic, timeout: ANSWER_WITHIN_MS }, done as never),
  )
  const found = topics.find(({ name }) => name === topic)?.partitions ?? []
  if (found.length === 0) throw new Error(`There is no topic ${topic} yet: run \`coldstream topics create\`.`)
  return found.map(({ id }) => id).sort((a, b) => a - b)
}

async function offsetsAt(
  consumer: KafkaConsumer,
  topic: string,
  partitions: readonly number[],
  time: number,
): Promise<number[]> {
  const asked = partitions.map((partition) => ({ topic, partition, offset: time }))
  const found = await answer<TopicPartitionOffset[]>((done) =>
    consumer.offsetsForTimes(asked, ANSWER_WITHIN_MS, done),
  )
  return partitions.map((partition) => found.find((one) => one.partition === partition)?.offset ?? 0)
}

async function reading(
  consumer: KafkaConsumer,
  starts: readonly TopicPartitionOffset[],
  options: SourceOptions,
): Promise<LiveSource> {
  const behind = new Set(starts.map(({ topic, partition }) => `${topic} ${partition}`))
  const caughtUp = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<Error>()
  consumer.on('partition.eof', ({ topic, partition }) => {
    if (behind.delete(`${topic} ${partition}`) && behind.size === 0) caughtUp.resolve()
  })
  consumer.assign([...starts])
  let isClosing = false
  const run = async () => {
    while (!isClosing) {
      const messages = await answer<Message[]>((done) => consumer.consume(MESSAGES_MAX, done))
      for (const message of messages) await tell(message, options, behind.size === 0)
    }
  }
  const ended = run().catch((error: Error) => {
    failed.resolve(error)
    caughtUp.reject(error)
  })
  const close = async () => {
    isClosing = true
    await ended
    await disconnect(consumer)
  }
  await caughtUp.promise
  return { close, failed: failed.promise }
}

async function tell(message: Message, options: SourceOptions, isLive: boolean): Promise<void> {
  const { topic, partition, offset, value } = message
  const [name, feed] = options.feeds.get(topic) ?? []
  if (name === undefined || feed === undefined || value === null) return
  const writtenMs = message.timestamp ?? Date.now()
  try {
    const decoded = await decode(options.codecs, name, value)
    feed.push(eventOf(name, decoded as never, { partition, offset, writtenMs }))
  } catch (error) {
    options.log.error({ err: error, topic, partition, offset }, 'subscribers are not told of this record')
    return
  }
  if (isLive) options.onLag(Math.max(0, Date.now() - writtenMs) / 1000)
}

async function decode(codecs: Codecs, topic: LiveTopic, value: Buffer): Promise<unknown> {
  const codec = codecs.of(topic)
  try {
    return codec.decode(value)
  } catch (error) {
    if (!(error instanceof UnlearnedSchema)) throw error
    await codecs.learn(topic, error.schemaId)
    return codec.decode(value)
  }
}
