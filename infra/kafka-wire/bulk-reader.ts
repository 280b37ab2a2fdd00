// Reads partitions whose offsets somebody else looks after, at a third of what it costs with the Kafka client, which makes two
// buffers and an object of each record. It does the plain case only, and fails in any other: whoever uses it opens another one
// where it stands, or goes on with the client.
import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import { withAdmin } from '../kafka.ts'
import { socketAddress } from '../kafka-address.ts'
import { BrokerConnection } from './broker-connection.ts'
import { type Fetched, type FetchLimits, fetchRecords } from './fetch.ts'
import { KeptBytes } from './kept-bytes.ts'
import { NotPlain, type RecordView, walkRecords } from './record-batches.ts'
import { authenticate } from './sasl.ts'

/** Retention has passed it, or the topic was made anew: where to go on then is the client's to find out. */
const OFFSET_OUT_OF_RANGE = 1
/** While the records of one answer are taken, the next one is on its way. */
const LANES_PER_BROKER = 2

export type BulkOptions = FetchLimits & {
  /** Records stay until they are released. Otherwise they are views, and good only while they are told. */
  areKept: boolean
}

/** Whole changelogs: large answers, of which nothing is kept. */
export const wholePartitions: BulkOptions = { waitMs: 500, partitionBytesMax: 1024 * 1024, areKept: false }

/**
 * Streams: what comes is told at once, and each partition's next records lie beside those of the others, for tasks that take
 * turns (topology/turns.ts).
 */
export const streams: BulkOptions = { waitMs: 50, partitionBytesMax: 64 * 1024, areKept: true }

/** The offset comes next; `isEnd`: there is nothing more for the moment. `of`: what `follow` was given. */
export type Reached = { of: TopicPartitionOffset; offset: number; isEnd: boolean }

/** Of a partition that is followed: a new one after each answer. */
type Position = { of: TopicPartitionOffset; offset: number }

export class BulkReader {
  readonly #laneOf: ReadonlyMap<string, Lane>
  readonly #lanes: readonly Lane[]

  private constructor(laneOf: ReadonlyMap<string, Lane>) {
    this.#laneOf = laneOf
    this.#lanes = [...new Set(laneOf.values())]
  }

  /** Of these partitions, none of which is followed yet. Rejects where one has no leader that answers. */
  static async open(
    brokers: string,
    partitions: readonly TopicPartition[],
    options: BulkOptions,
  ): Promise<BulkReader> {
    const { tls, login } = socketAddress(brokers)
    const lanes = new Map<string, Lane>()
    try {
      for (const [leader, led] of await leadersOf(brokers, partitions))
        for (let nth = 0; nth < LANES_PER_BROKER; nth++) {
          const own = led.filter((_, i) => i % LANES_PER_BROKER === nth)
          if (own.length === 0) continue
          const connection = await BrokerConnection.open({ ...leader, tls })
          const lane = new Lane(connection, options)
          for (const partition of own) lanes.set(idOf(partition), lane)
          if (login !== null) await authenticate(connection, login)
        }
      return new BulkReader(lanes)
    } catch (error) {
      for (const lane of lanes.values()) lane.close()
      throw error
    }
  }

  /** Reads the partition from the offset on, wherever it was read before. */
  follow(start: TopicPartitionOffset): void {
    const lane = this.#laneOf.get(idOf(start))
    if (lane === undefined) throw new Error(`${idOf(start)} was not asked for`)
    lane.follow(start)
  }

  /** Reads no more of it. */
  leave(partition: TopicPartition): void {
    this.#laneOf.get(idOf(partition))?.leave(partition)
  }

  /** Of what came before the offset nobody will look at a record again: its bytes are used anew. */
  release(reached: TopicPartitionOffset): void {
    this.#laneOf.get(idOf(reached))?.release(reached)
  }

  /** Somebody else reads it from now on, and nothing of it will be released: its bytes are left to whoever still holds them. */
  forget(partition: TopicPartition): void {
    this.#laneOf.get(idOf(partition))?.forget(partition)
  }

  /**
   * Waits for the next answer of any broker, tells its committed records, and returns up to where each of its partitions
   * has been read. Throws what the plain case has not. Null: nothing is followed.
   */
  async read(onRecord: (record: RecordView, of: TopicPartitionOffset) => void): Promise<Reached[] | null> {
    const asked = this.#lanes.flatMap((lane) => lane.answered() ?? [])
    if (asked.length === 0) return null
    const lane = await Promise.race(asked)
    return lane.take(onRecord)
  }

  close(): void {
    for (const lane of this.#lanes) lane.close()
  }
}

/** Some of a broker's partitions, over a connection of their own. */
class Lane {
  readonly #connection: BrokerConnection
  readonly #options: BulkOptions
  /** In the order in which they are asked for. */
  readonly #positions = new Map<string, Position>()
  #asked: ReadonlyMap<string, Position> = new Map()
  #answer: Promise<this> | null = null
  #fetched: Fetched[] = []
  /** Of partitions that were read, whether they are followed or not. */
  readonly #kept = new Map<string, KeptBytes>()

  constructor(connection: BrokerConnection, options: BulkOptions) {
    this.#connection = connection
    this.#options = options
  }

  follow(start: TopicPartitionOffset): void {
    this.#positions.set(idOf(start), { of: start, offset: start.offset })
  }

  leave(partition: TopicPartition): void {
    this.#positions.delete(idOf(partition))
  }

  release(reached: TopicPartitionOffset): void {
    this.#kept.get(idOf(reached))?.release(reached.offset)
  }

  forget(partition: TopicPartition): void {
    this.#kept.delete(idOf(partition))
  }

  /** Asks where nothing is asked yet. Null: there is nothing to ask for. */
  answered(): Promise<this> | null {
    if (this.#positions.size > 0) this.#answer ??= this.#ask()
    return this.#answer
  }

  async #ask(): Promise<this> {
    this.#asked = new Map(this.#positions)
    const asked = Array.from(this.#asked.values(), ({ of, offset }) => ({ ...of, offset }))
    this.#fetched = await fetchRecords(this.#connection, asked, this.#options)
    return this
  }

  take(onRecord: (record: RecordView, of: TopicPartitionOffset) => void): Reached[] {
    this.#answer = null
    const reached: Reached[] = []
    for (const fetched of this.#fetched) {
      const id = idOf(fetched)
      const position = this.#positions.get(id)
      // It was left while its records were on their way, or is followed from somewhere else by now.
      if (position === undefined || position !== this.#asked.get(id)) continue
      const { of, offset } = position
      check(fetched, offset)
      const walk = { offset, kept: this.#options.areKept ? this.#keptOf(id) : null }
      const next = walkRecords(fetched, walk, (record) => onRecord(record, of))
      reached.push({ of, offset: next, isEnd: next >= fetched.stableOffset })
      if (next === offset) continue
      // What has given something goes to the end: an answer has no room for all.
      this.#positions.delete(id)
      this.#positions.set(id, { of, offset: next })
    }
    return reached
  }

  #keptOf(id: string): KeptBytes {
    const kept = this.#kept.get(id) ?? new KeptBytes()
    this.#kept.set(id, kept)
    return kept
  }

  close(): void {
    this.#connection.close()
  }
}

function check(fetched: Fetched, offset: number): void {
  const { errorCode } = fetched
  if (errorCode === OFFSET_OUT_OF_RANGE) throw new NotPlain(`${idOf(fetched)} has no offset ${offset}`)
  if (errorCode !== 0) throw new Error(`The broker refuses ${idOf(fetched)} with code ${errorCode}`)
}

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

type Leader = { host: string; port: number }

function leadersOf(
  brokers: string,
  partitions: readonly TopicPartition[],
): Promise<Map<Leader, TopicPartition[]>> {
  return withAdmin(brokers, async (admin) => {
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    const metadata = await admin.fetchTopicMetadata({ topics })
    const cluster = await admin.describeCluster()
    const leaderIds = new Map(
      metadata.topics.flatMap(({ name, partitions: of }) =>
        of.map(({ partitionId, leader }) => [idOf({ topic: name, partition: partitionId }), leader] as const),
      ),
    )
    const leaderOf = (partition: TopicPartition): Leader => {
      const leader = cluster.brokers.find(({ nodeId }) => nodeId === leaderIds.get(idOf(partition)))
      if (leader === undefined) throw new Error(`${idOf(partition)} has no leader`)
      return leader
    }
    return Map.groupBy(partitions, leaderOf)
  })
}
