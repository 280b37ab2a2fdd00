// Where the sink's records come from: a member of a Kafka group that reads committed records. The group only shares out
// the partitions; where to begin in them, Postgres says.
import rdkafka, {
  type ConsumerGlobalConfig,
  type ConsumerTopicConfig,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'node-rdkafka'
import { PipelineError } from '../schemas/failure.ts'
import type { SinkRecord } from './batch.ts'
import type { LogTopic } from './rows.ts'

export type SourceSettings = { global: ConsumerGlobalConfig; topic: ConsumerTopicConfig }
export type Rebalance = { kind: 'assign' | 'revoke'; partitions: TopicPartition[] }
export type Ends = { first: number; end: number }

const CONNECT_WITHIN_MS = 10_000
const ANSWER_WITHIN_MS = 10_000
/** consume() holds one of libuv's four threads for so long. */
const CONSUME_WAIT_MS = 20
/** What librdkafka calls the newest and the oldest offset, given as a time. */
const NEWEST = -1
const OLDEST = -2

type Done<T> = (error: LibrdKafkaError | null | undefined, value: T) => void

const answer = <T>(call: (done: Done<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

/** node-rdkafka marks some fatal errors only by their code. */
const isFatal = (error: LibrdKafkaError): boolean =>
  error.isFatal ||
  [rdkafka.CODES.ERRORS.ERR__FATAL, rdkafka.CODES.ERRORS.ERR_FENCED_INSTANCE_ID].includes(error.code)

export class Source {
  readonly #client: KafkaConsumer
  readonly #names: ReadonlyMap<string, LogTopic>
  readonly #rebalances: Rebalance[] = []
  #assigned: TopicPartition[] = []
  #isClosing = false

  private constructor(settings: SourceSettings, names: ReadonlyMap<string, LogTopic>) {
    this.#names = names
    const global = {
      ...settings.global,
      rebalance_cb: (error: LibrdKafkaError, partitions: TopicPartition[]) =>
        this.#onRebalance(error, partitions),
    }
    this.#client = new rdkafka.KafkaConsumer(global as ConsumerGlobalConfig, settings.topic)
    this.#client.setDefaultConsumeTimeout(CONSUME_WAIT_MS)
    // Without a listener an error event ends the process. Brokers that are away are waited for.
    this.#client.on('event.error', () => {})
  }

  /** `names`: the full names of the topics to read, and what is in them. */
  static async connect(settings: SourceSettings, names: ReadonlyMap<string, LogTopic>): Promise<Source> {
    const source = new Source(settings, names)
    await answer<unknown>((done) => source.#client.connect({ timeout: CONNECT_WITHIN_MS }, done as never))
    source.#client.subscribe([...names.keys()])
    return source
  }

  get assigned(): readonly TopicPartition[] {
    return this.#assigned
  }

  /** What the group has decided since the last call; each must be answered by `assign` or `unassign`. */
  takeRebalances(): Rebalance[] {
    return this.#rebalances.splice(0)
  }

  #onRebalance(error: LibrdKafkaError, partitions: TopicPartition[]): void {
    const kind = error.code === rdkafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS ? 'assign' : 'revoke'
    if (!this.#isClosing) this.#rebalances.push({ kind, partitions })
    // While the group is being left, its questions are answered at once.
    else if (kind === 'assign') this.#client.incrementalAssign([])
    else this.#client.incrementalUnassign(partitions)
  }

  /** An offset that is undefined begins at the oldest record. */
  assign(partitions: readonly (TopicPartition & { offset: number | undefined })[]): void {
    const from = partitions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: offset ?? OLDEST,
    }))
    this.#client.incrementalAssign(from)
    this.#assigned = [...this.#assigned, ...partitions.map(({ topic, partition }) => ({ topic, partition }))]
  }

  unassign(partitions: readonly TopicPartition[]): void {
    this.#client.incrementalUnassign([...partitions])
    const isGone = (p: TopicPartition) =>
      partitions.some((gone) => gone.topic === p.topic && gone.partition === p.partition)
    this.#assigned = this.#assigned.filter((p) => !isGone(p))
  }

  /** Throws KAFKA_MEMBER_FENCED where another process has taken this one's name: then only a new client goes on. */
  async consume(most: number): Promise<SinkRecord[]> {
    try {
      const messages = await answer<Message[]>((done) => this.#client.consume(most, done))
      return messages.map((message) => this.#record(message))
    } catch (error) {
      if (!isFatal(error as LibrdKafkaError)) throw error
      throw new PipelineError('KAFKA_MEMBER_FENCED', { reason: (error as Error).message }, error)
    }
  }

  #record({ topic, partition, offset, timestamp, key, value }: Message): SinkRecord {
    const name = this.#names.get(topic)
    if (name === undefined)
      throw new Error(`The group gave a record of ${topic}, which the sink does not read.`)
    const keyBytes = typeof key === 'string' ? Buffer.from(key) : (key ?? null)
    return { name, topic, partition, offset, timestampMs: timestamp ?? 0, key: keyBytes, value }
  }

  /** Fetches nothing until `resume`; what was fetched ahead is fetched again then. */
  pause(): void {
    if (this.#assigned.length > 0) this.#client.pause(this.#assigned)
  }

  resume(): void {
    if (this.#assigned.length > 0) this.#client.resume(this.#assigned)
  }

  async ends(partitions: readonly TopicPartition[]): Promise<Ends[]> {
    if (partitions.length === 0) return []
    const [first, end] = [
      await this.#offsetsAt(partitions, OLDEST),
      await this.#offsetsAt(partitions, NEWEST),
    ]
    return partitions.map((_, index) => ({ first: first[index] ?? 0, end: end[index] ?? 0 }))
  }

  async #offsetsAt(partitions: readonly TopicPartition[], time: number): Promise<number[]> {
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, offset: time }))
    const found = await answer<TopicPartitionOffset[]>((done) =>
      this.#client.offsetsForTimes(asked, ANSWER_WITHIN_MS, done),
    )
    return partitions.map(
      (p) => found.find((f) => f.topic === p.topic && f.partition === p.partition)?.offset ?? 0,
    )
  }

  /** For the tools that show a group's lag; nothing of ours reads it back. */
  tellGroup(offsets: TopicPartitionOffset[]): void {
    if (offsets.length === 0 || this.#isClosing) return
    try {
      this.#client.commit(offsets)
    } catch {
      // The group is changing hands; the next batch tells it again.
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    for (const { kind, partitions } of this.takeRebalances())
      if (kind === 'assign') this.#client.incrementalAssign([])
      else this.#client.incrementalUnassign(partitions)
    if (this.#client.isConnected()) await answer<unknown>((done) => this.#client.disconnect(done as never))
  }
}
