// What the engine asks of a reader in bulk: infra/kafka-wire/bulk-reader.ts is one. It reads what the Kafka client could read,
// for a third of the price, as long as all is plain.
import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'

/** Where a record lies in `bytes`, one and the same object for all. What ends before its beginning is null. */
export type StoredRecord = {
  offset: number
  bytes: Buffer
  keyFrom: number
  keyTo: number
  valueFrom: number
  valueTo: number
  headersFrom: number
  /** UTC ms. */
  writtenMs: number
}

/** The offset comes next; `isEnd`: there is nothing more for the moment. `of`: what `follow` was given. */
export type Reached = { of: TopicPartitionOffset; offset: number; isEnd: boolean }

export type BulkReader = {
  /** From the offset on, wherever it was read before. */
  follow(start: TopicPartitionOffset): void
  leave(partition: TopicPartition): void
  /** Of what came before the offset nobody will look at a record again: its bytes may be used anew. */
  release(reached: TopicPartitionOffset): void
  /** Somebody else has the partition, and nothing of it will be released here: its bytes are left to whoever still holds them. */
  forget(partition: TopicPartition): void
  /** Null: nothing is followed. Throws what is not plain: then it is to be closed. */
  read(onRecord: (record: StoredRecord, of: TopicPartitionOffset) => void): Promise<Reached[] | null>
  close(): void
}

/** Of these partitions, none of which is followed yet. */
export type OpenBulk = (partitions: readonly TopicPartition[]) => Promise<BulkReader>

export type Bulk = {
  openChangelogs: OpenBulk
  /** Its records' bytes stay as they are until they are released. */
  openStreams: OpenBulk
  headersIn: (bytes: Buffer, from: number) => Record<string, string>
}
