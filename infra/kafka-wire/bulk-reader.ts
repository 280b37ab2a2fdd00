// Reads partitions that no group deals out, from an offset on, at a third of what it costs with the Kafka client, which makes
// two buffers and an object of each record. It does the plain case only, and fails in any other: whoever uses it goes on with
// the client then, where this one stands.
import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import { withAdmin } from '../kafka.ts'
import { socketAddress } from '../kafka-address.ts'
import { BrokerConnection } from './broker-connection.ts'
import { type Fetched, fetchRecords } from './fetch.ts'
import { type RecordView, walkRecords } from './record-batches.ts'
import { authenticate } from './sasl.ts'

export type { RecordView } from './record-batches.ts'

/** While the records of one answer are taken, the next one is on its way. */
const LANES_PER_BROKER = 2

export class BulkReader {
  readonly #lanes: readonly Lane[]

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes
  }

  /** Rejects where a partition has no leader that answers. */
  static async open(brokers: string, starts: readonly TopicPartitionOffset[]): Promise<BulkReader> {
    const { tls, login } = socketAddress(brokers)
    const lanes: Lane[] = []
    try {
      for (const [leader, led] of await leadersOf(brokers, starts))
        for (let nth = 0; nth < LANES_PER_BROKER; nth++) {
          const own = led.filter((_, i) => i % LANES_PER_BROKER === nth)
          if (own.length === 0) continue
          const connection = await BrokerConnection.open({ ...leader, tls })
          lanes.push(new Lane(connection, own))
          if (login !== null) await authenticate(connection, login)
        }
      return new BulkReader(lanes)
    } catch (error) {
      for (const lane of lanes) lane.close()
      throw error
    }
  }

  /**
   * Waits for the next answer of any broker, tells its committed records, and returns up to where each of its partitions
   * has been read. Throws what the plain case has not.
   */
  async read(onRecord: (record: RecordView, of: TopicPartition) => void): Promise<TopicPartitionOffset[]> {
    const asked = this.#lanes.flatMap((one) => one.answered() ?? [])
    if (asked.length === 0) throw new Error('No partition is left to read')
    const lane = await Promise.race(asked)
    return lane.take(onRecord)
  }

  /** Reads no more of it. */
  leave(partition: TopicPartition): void {
    for (const lane of this.#lanes) lane.leave(partition)
  }

  close(): void {
    for (const lane of this.#lanes) lane.close()
  }
}

/** Some of a broker's partitions, over a connection of their own. */
class Lane {
  readonly #connection: BrokerConnection
  /** In the order in which they are asked for. */
  readonly #positions: Map<string, TopicPartitionOffset>
  #asked: Promise<this> | null = null
  #fetched: Fetched[] = []

  constructor(connection: BrokerConnection, starts: readonly TopicPartitionOffset[]) {
    this.#connection = connection
    this.#positions = new Map(starts.map((start) => [idOf(start), start]))
  }

  /** Asks where nothing is asked yet. Null: there is nothing to ask for. */
  answered(): Promise<this> | null {
    if (this.#positions.size > 0) this.#asked ??= this.#ask()
    return this.#asked
  }

  async #ask(): Promise<this> {
    this.#fetched = await fetchRecords(this.#connection, [...this.#positions.values()])
    return this
  }

  take(onRecord: (record: RecordView, of: TopicPartition) => void): TopicPartitionOffset[] {
    this.#asked = null
    const moved: TopicPartitionOffset[] = []
    for (const fetched of this.#fetched) {
      const { topic, partition, errorCode } = fetched
      if (errorCode !== 0) throw new Error(`The broker refuses ${idOf(fetched)} with code ${errorCode}`)
      const position = this.#positions.get(idOf(fetched))
      // It was left while its records were on their way.
      if (position === undefined || fetched.from === fetched.to) continue
      const offset = walkRecords(fetched, position.offset, (record) => onRecord(record, position))
      // What has given something goes to the end: an answer has no room for all.
      this.#positions.delete(idOf(fetched))
      this.#positions.set(idOf(fetched), { topic, partition, offset })
      moved.push({ topic, partition, offset })
    }
    return moved
  }

  leave(partition: TopicPartition): void {
    this.#positions.delete(idOf(partition))
  }

  close(): void {
    this.#connection.close()
  }
}

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

type Leader = { host: string; port: number }

function leadersOf(
  brokers: string,
  partitions: readonly TopicPartitionOffset[],
): Promise<Map<Leader, TopicPartitionOffset[]>> {
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
