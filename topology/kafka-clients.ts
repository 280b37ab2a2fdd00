// node-rdkafka as promises, and no more of it than the runtime needs.
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka, {
  type ConsumerGlobalConfig,
  type ConsumerTopicConfig,
  type EofEvent,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type Producer,
  type ProducerGlobalConfig,
  type ProducerTopicConfig,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'node-rdkafka'

export type ConsumerSettings = { global: ConsumerGlobalConfig; topic: ConsumerTopicConfig }
export type ProducerSettings = { global: ProducerGlobalConfig; topic: ProducerTopicConfig }

/** `ends`: partitions that were read to their end, with the offset that comes next. They hold after the messages. */
export type Batch = { messages: Message[]; ends: EofEvent[] }

/** What librdkafka calls the newest and the oldest offset, given as a time. */
const NEWEST = -1
const OLDEST = -2

/** consume() holds one of libuv's four threads for so long. */
const CONSUME_WAIT_MS = 20

const REQUEST_TIMEOUT_MS = 5_000
const RETRY_PAUSE_MS = 50
const REPORT_EVERY_MS = 10_000

export type Done<T> = (error: LibrdKafkaError | null | undefined, value: T) => void

export const answer = <T>(call: (done: Done<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

/** The client's own time-outs come long before: a callback that is so late was lost, and its client is of no use. */
const LOST_AFTER_TICKS = 30
const TICK_MS = 1_000

/** A call of the client whose callback has never come. */
export class NeverAnswered extends Error {
  constructor(what: string) {
    super(`The Kafka client has not answered for ${(LOST_AFTER_TICKS * TICK_MS) / 1_000} s: ${what}.`)
  }
}

/** Ticks and not an instant: a process that was frozen for long must hear the answer that was there all the time. */
export async function answered<T>(what: string, call: (done: Done<T>) => unknown): Promise<T> {
  let ticks = 0
  let ticking: NodeJS.Timeout | undefined
  const lost = new Promise<never>((_, reject) => {
    ticking = setInterval(() => {
      if (++ticks >= LOST_AFTER_TICKS) reject(new NeverAnswered(what))
    }, TICK_MS)
  })
  try {
    return await Promise.race([answer(call), lost])
  } finally {
    clearInterval(ticking)
  }
}

export const isKafkaError = (error: unknown): error is LibrdKafkaError =>
  error instanceof Error && 'errno' in error && 'origin' in error

const { ERRORS } = rdkafka.CODES

/** The group is forming anew without this member's knowledge: it has to join again, and will. */
export const isFencedOff = (error: LibrdKafkaError): boolean =>
  error.code === ERRORS.ERR_ILLEGAL_GENERATION ||
  error.code === ERRORS.ERR_UNKNOWN_MEMBER_ID ||
  error.code === ERRORS.ERR_REBALANCE_IN_PROGRESS

/** The broker accepts no session of this length. */
export const isSessionRefused = (error: LibrdKafkaError): boolean =>
  error.code === ERRORS.ERR_INVALID_SESSION_TIMEOUT

/** The client is of no use any more. A consumer's fatal error comes without its flag. */
export const isFatal = (error: LibrdKafkaError): boolean =>
  error.isFatal === true || error.code === ERRORS.ERR__FATAL

/** A younger producer of this transactional.id, or (a consumer's only fatal error) a member of this name, took the place. */
export const isReplaced = (error: unknown): boolean =>
  isKafkaError(error) && (error.code === ERRORS.ERR__FENCED || error.code === ERRORS.ERR__FATAL)

/** A partition has no leader for the moment: another look-up may tell. */
class OffsetsUntold extends Error {
  constructor({ topic, partition }: TopicPartition) {
    super(`Kafka does not tell the offsets of ${topic}/${partition}.`)
  }
}

const isRepeatable = (error: unknown): boolean =>
  error instanceof OffsetsUntold || (isKafkaError(error) && !isFatal(error) && !error.isTxnRequiresAbort)

/**
 * Repeats what may be repeated: broker away, coordinator moving, offsets held by a transaction that is being decided. `report`
 * hears of it now and then.
 */
export async function insist<T>(
  call: () => Promise<T>,
  isWanted: () => boolean,
  report: (error: unknown) => void = () => {},
): Promise<T> {
  let reportedMs = Number.NEGATIVE_INFINITY
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isRepeatable(error) || !isWanted()) throw error
      if (performance.now() - reportedMs > REPORT_EVERY_MS) {
        reportedMs = performance.now()
        report(error)
      }
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

/** What consumers and producers have in common, of which node-rdkafka has no type that can be called. */
type Connectable = {
  on(event: 'event.error', listener: () => void): unknown
  connect(options: { timeout: number }, done: Done<unknown>): unknown
  disconnect(done: Done<unknown>): unknown
}

/** A client that cannot connect is closed: its threads would go on trying. */
async function connect(client: Connectable): Promise<void> {
  // Without a listener an error event ends the process. Brokers that are away are waited for.
  client.on('event.error', () => {})
  try {
    await answered<unknown>('connect', (done) => client.connect({ timeout: REQUEST_TIMEOUT_MS }, done))
  } catch (error) {
    await answered<unknown>('disconnect', (done) => client.disconnect(done)).catch(() => {})
    throw error
  }
}

export type OnRebalance = (kind: 'assign' | 'revoke', partitions: TopicPartition[]) => void

export class Consumer {
  readonly client: KafkaConsumer
  #ends: EofEvent[] = []

  /** Of a client that is connected. */
  constructor(client: KafkaConsumer) {
    this.client = client
    client.setDefaultConsumeTimeout(CONSUME_WAIT_MS)
    client.on('partition.eof', (end) => this.#ends.push(end))
  }

  static async connect(settings: ConsumerSettings, onRebalance?: OnRebalance): Promise<Consumer> {
    const rebalance_cb = (error: LibrdKafkaError | undefined, partitions: TopicPartition[]) =>
      onRebalance?.(error?.code === ERRORS.ERR__ASSIGN_PARTITIONS ? 'assign' : 'revoke', partitions)
    const global = {
      ...settings.global,
      // consume(n) goes on until n messages or a pause; an end of a partition makes it return what it has.
      'enable.partition.eof': true,
      ...(onRebalance === undefined ? {} : { rebalance_cb }),
    }
    const client = new rdkafka.KafkaConsumer(global as ConsumerGlobalConfig, settings.topic)
    await connect(client as Connectable)
    return new Consumer(client)
  }

  async consume(most: number): Promise<Batch> {
    const messages = await answered<Message[]>('consume', (done) => this.client.consume(most, done))
    const ends = this.#ends
    this.#ends = []
    return { messages, ends }
  }

  /** Offsets that the group has committed; null where none. Waits for transactions that are still being decided. */
  async committed(partitions: readonly TopicPartition[]): Promise<(number | null)[]> {
    const found = await answered<TopicPartitionOffset[]>('committed', (done) =>
      this.client.committed([...partitions], REQUEST_TIMEOUT_MS, done),
    )
    return partitions.map((p) => offsetIn(found, p))
  }

  /** The next offsets to be written; with `isolation.level=read_uncommitted` behind open transactions too. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<number[]> {
    return this.#offsetsAt(partitions, NEWEST)
  }

  startOffsets(partitions: readonly TopicPartition[]): Promise<number[]> {
    return this.#offsetsAt(partitions, OLDEST)
  }

  async disconnect(): Promise<void> {
    if (!this.client.isConnected()) return
    await answered<unknown>('disconnect', (done) => this.client.disconnect(done as never))
  }

  async #offsetsAt(partitions: readonly TopicPartition[], time: number): Promise<number[]> {
    const asked = partitions.map((p) => ({ ...p, offset: time }))
    const found = await answered<TopicPartitionOffset[]>('offsetsForTimes', (done) =>
      this.client.offsetsForTimes(asked, REQUEST_TIMEOUT_MS, done),
    )
    return partitions.map((p) => {
      const offset = offsetIn(found, p)
      if (offset === null) throw new OffsetsUntold(p)
      return offset
    })
  }
}

function offsetIn(found: readonly TopicPartitionOffset[], wanted: TopicPartition): number | null {
  const entry = found.find((f) => f.topic === wanted.topic && f.partition === wanted.partition)
  return entry !== undefined && entry.offset >= 0 ? entry.offset : null
}

/** A transactional producer: every call waits for its answer, and repeats while that is allowed. */
export class Transactions {
  readonly client: Producer
  readonly #isWanted: () => boolean
  readonly #report: (error: unknown) => void

  private constructor(client: Producer, isWanted: () => boolean, report: (error: unknown) => void) {
    this.client = client
    this.#isWanted = isWanted
    this.#report = report
  }

  /**
   * Ends what an earlier process of the same transactional.id has left open. `isWanted`: whether to go on repeating; `report`
   * hears of that now and then.
   */
  static async connect(
    settings: ProducerSettings,
    isWanted: () => boolean,
    report: (error: unknown) => void = () => {},
  ): Promise<Transactions> {
    const client = new rdkafka.Producer(settings.global, settings.topic)
    await connect(client as Connectable)
    client.setPollInterval(50)
    const transactions = new Transactions(client, isWanted, report)
    try {
      await transactions.#call('initTransactions', (done) =>
        client.initTransactions(REQUEST_TIMEOUT_MS, done),
      )
      return transactions
    } catch (error) {
      await transactions.disconnect()
      throw error
    }
  }

  begin(): Promise<void> {
    return this.#call('beginTransaction', (done) => this.client.beginTransaction(done))
  }

  /** Returns false where the queue is full. A promise for each record would cost as much as the record. */
  tryProduce(topic: string, partition: number | null, value: Buffer | null, key: string): boolean {
    try {
      this.client.produce(topic, partition, value, key)
      return true
    } catch (error) {
      if (!isKafkaError(error) || error.code !== ERRORS.ERR__QUEUE_FULL) throw error
      return false
    }
  }

  /** Waits for room where the queue is full. */
  async produce(topic: string, partition: number | null, value: Buffer | null, key: string): Promise<void> {
    while (!this.tryProduce(topic, partition, value, key)) {
      this.client.poll()
      await sleep(5)
    }
  }

  /** The group's generation goes with them: a process that has lost its partitions is refused. */
  sendOffsets(offsets: TopicPartitionOffset[], group: Consumer): Promise<void> {
    return this.#call('sendOffsetsToTransaction', (done) =>
      this.client.sendOffsetsToTransaction(offsets, group.client, REQUEST_TIMEOUT_MS, done),
    )
  }

  commit(): Promise<void> {
    return this.#call('commitTransaction', (done) => this.client.commitTransaction(REQUEST_TIMEOUT_MS, done))
  }

  abort(): Promise<void> {
    return this.#call('abortTransaction', (done) => this.client.abortTransaction(REQUEST_TIMEOUT_MS, done))
  }

  async disconnect(): Promise<void> {
    if (!this.client.isConnected()) return
    await answered<unknown>('disconnect', (done) => this.client.disconnect(1_000, done as never))
  }

  #call(what: string, call: (done: (error: LibrdKafkaError) => void) => void): Promise<void> {
    return insist(
      () => answered<void>(what, (done) => call((error) => done(error, undefined))),
      this.#isWanted,
      this.#report,
    )
  }
}
