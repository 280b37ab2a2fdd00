// The request for records, as they are stored. Version 4 is known to every broker since Kafka 0.11, and the oldest that Kafka 4
// knows.
// https://kafka.apache.org/protocol.html#The_Messages_Fetch
import type { TopicPartitionOffset } from 'node-rdkafka'
import type { BrokerConnection } from './broker-connection.ts'
import type { AbortedTransaction, Batches } from './record-batches.ts'

const FETCH = { key: 1, version: 4 }
const NO_REPLICA = -1
const READ_COMMITTED = 1

/** Of an answer; one batch that is larger comes all the same. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
/** Without topics. */
const REQUEST_BYTES = 21
/** Beside its name. */
const TOPIC_BYTES = 6
const PARTITION_BYTES = 16

/** The bytes are there until the connection's next request. */
export type Fetched = Batches & {
  topic: string
  partition: number
  errorCode: number
  /** Nothing from here on is committed yet. */
  stableOffset: number
}

export type FetchLimits = {
  /** The broker holds back an answer without records for so long. */
  waitMs: number
  partitionBytesMax: number
}

/** Committed records from each offset on, as much as fits: the first partitions first. */
export async function fetchRecords(
  connection: BrokerConnection,
  asked: readonly TopicPartitionOffset[],
  limits: FetchLimits,
): Promise<Fetched[]> {
  return fetchedIn(await connection.ask(FETCH, request(asked, limits)))
}

/** replica, waits, isolation | topics with their partitions */
function request(asked: readonly TopicPartitionOffset[], { waitMs, partitionBytesMax }: FetchLimits): Buffer {
  const byTopic = Map.groupBy(asked, ({ topic }) => topic)
  const topicBytes = [...byTopic.keys()].reduce((sum, name) => sum + TOPIC_BYTES + Buffer.byteLength(name), 0)
  const bytes = Buffer.allocUnsafe(REQUEST_BYTES + topicBytes + PARTITION_BYTES * asked.length)
  let at = 0
  for (const number of [NO_REPLICA, waitMs, 1, ANSWER_BYTES_MAX]) at = bytes.writeInt32BE(number, at)
  at = bytes.writeInt8(READ_COMMITTED, at)
  at = bytes.writeInt32BE(byTopic.size, at)
  for (const [topic, partitions] of byTopic) {
    at = bytes.writeInt16BE(Buffer.byteLength(topic), at)
    at += bytes.write(topic, at)
    at = bytes.writeInt32BE(partitions.length, at)
    for (const { partition, offset } of partitions) {
      at = bytes.writeInt32BE(partition, at)
      at = bytes.writeBigInt64BE(BigInt(offset), at)
      at = bytes.writeInt32BE(partitionBytesMax, at)
    }
  }
  return bytes
}

/** throttle time | topics with their partitions */
function fetchedIn(bytes: Buffer): Fetched[] {
  const fetched: Fetched[] = []
  let at = 4
  const count = (): number => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  for (let topics = count(); topics > 0; topics--) {
    const length = bytes.readInt16BE(at)
    const topic = bytes.toString('utf8', at + 2, at + 2 + length)
    at += 2 + length
    for (let partitions = count(); partitions > 0; partitions--) {
      const partition = count()
      const errorCode = bytes.readInt16BE(at)
      // Between them the end of the partition.
      const stableOffset = Number(bytes.readBigInt64BE(at + 10))
      at += 18
      const aborted: AbortedTransaction[] = []
      for (let left = count(); left > 0; left--) {
        const [producerId, firstOffset] = [bytes.readBigInt64BE(at), Number(bytes.readBigInt64BE(at + 8))]
        aborted.push({ producerId, firstOffset })
        at += 16
      }
      const from = at + 4
      const to = from + Math.max(0, count())
      at = to
      fetched.push({ topic, partition, errorCode, stableOffset, aborted, bytes, from, to })
    }
  }
  return fetched
}
