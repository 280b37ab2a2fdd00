// Writes records to Kafka one after another and says when all of them are acknowledged: for what is published rarely
// and must not be lost, the registry's outbox and replays.
import rdkafka, { type LibrdKafkaError, type ProducerGlobalConfig } from 'node-rdkafka'
import { PipelineError } from '../schemas/failure.ts'
import { producerSettings } from './kafka.ts'

export type OutgoingRecord = {
  topic: string
  key: string | Buffer | null
  value: Buffer | null
  /** Given, it is kept; else the same key meets the same partition as everywhere. */
  partition?: number
  headers?: Readonly<Record<string, string>>
  /** When it was written, UTC ms; not given: now. */
  writtenMs?: number
}

export type Publisher = {
  /** Resolves once the brokers have all of them; rejects with KAFKA_UNAVAILABLE, and then some may be there. */
  publish(records: readonly OutgoingRecord[]): Promise<void>
  close(): Promise<void>
}

const CONNECT_WITHIN_MS = 10_000
const GIVE_UP_MS = 15_000
const CLOSE_WITHIN_MS = 5_000
const POLL_INTERVAL_MS = 20

export async function openPublisher(brokers: string): Promise<Publisher> {
  const { global, topic } = producerSettings(brokers)
  const producer = new rdkafka.Producer(global as ProducerGlobalConfig, {
    ...topic,
    'message.timeout.ms': GIVE_UP_MS,
  })
  producer.on('event.error', () => {}) // brokers that are away are waited for, up to the time-out
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: CONNECT_WITHIN_MS }, (error) =>
      error ? reject(unavailable(error)) : resolve(),
    )
  })
  producer.setPollInterval(POLL_INTERVAL_MS)
  producer.on('delivery-report', (error, { opaque }) => (opaque as Outstanding).settle(error))
  return {
    publish: (records) =>
      new Promise((resolve, reject) => {
        if (records.length === 0) return resolve()
        const outstanding = new Outstanding(records.length, resolve, (error) => reject(unavailable(error)))
        for (const { topic, key, value, partition = null, writtenMs = null, headers = {} } of records)
          producer.produce(topic, partition, value, key, writtenMs, outstanding, headersOf(headers))
      }),
    close: () => new Promise((resolve) => producer.disconnect(CLOSE_WITHIN_MS, () => resolve())),
  }
}

/** Counts the reports of one call; the first failure decides, but only once all are in. */
class Outstanding {
  #open: number
  #failure: LibrdKafkaError | undefined
  readonly #resolve: () => void
  readonly #reject: (error: LibrdKafkaError) => void

  constructor(open: number, resolve: () => void, reject: (error: LibrdKafkaError) => void) {
    this.#open = open
    this.#resolve = resolve
    this.#reject = reject
  }

  settle(error: LibrdKafkaError | null | undefined): void {
    this.#failure ??= error ?? undefined
    this.#open -= 1
    if (this.#open > 0) return
    if (this.#failure === undefined) this.#resolve()
    else this.#reject(this.#failure)
  }
}

const headersOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => ({ [name]: value }))

const unavailable = (error: LibrdKafkaError) =>
  new PipelineError('KAFKA_UNAVAILABLE', { reason: error.message }, error)
