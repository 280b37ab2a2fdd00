// The two ways to read changelogs. In bulk costs a third, but does the plain case only; the Kafka client knows every case, and
// goes on where the other has come to.
import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import type { BulkReader } from './bulk.ts'
import { Consumer, type ConsumerSettings } from './kafka-clients.ts'

const BATCH_RECORDS_MAX = 10_000

/** `value`: a view, until the call returns; null deletes the key. */
export type OnState = (of: TopicPartition, key: string, value: Buffer | null) => void

export type ChangelogSource = {
  /** Tells what has come next, and returns up to where which partitions have been read. */
  read(onState: OnState): Promise<readonly TopicPartitionOffset[]>
  /** Nothing more of it is wanted. */
  leave(partition: TopicPartition): void
  close(): void | Promise<void>
}

export function bulkSource(reader: BulkReader, starts: readonly TopicPartitionOffset[]): ChangelogSource {
  for (const start of starts) reader.follow(start)
  return {
    async read(onState) {
      const reached = await reader.read(({ bytes, keyFrom, keyTo, valueFrom, valueTo }, of) => {
        if (keyTo < keyFrom) return
        const value = valueTo < valueFrom ? null : bytes.subarray(valueFrom, valueTo)
        onState(of, bytes.toString('utf8', keyFrom, keyTo), value)
      })
      return (reached ?? []).map(({ of, offset }) => ({ ...of, offset }))
    },
    leave: (partition) => reader.leave(partition),
    close: () => reader.close(),
  }
}

export async function clientSource(
  settings: ConsumerSettings,
  starts: readonly TopicPartitionOffset[],
): Promise<ChangelogSource> {
  const consumer = await Consumer.connect(settings)
  consumer.client.assign([...starts])
  return {
    async read(onState) {
      const { messages, ends } = await consumer.consume(BATCH_RECORDS_MAX)
      const reached: TopicPartitionOffset[] = []
      for (const [at, message] of messages.entries()) {
        if (message.key != null) onState(message, message.key.toString(), message.value)
        const next = messages[at + 1]
        // Messages come in runs of one partition: what is after the last of a run is said once.
        if (next?.partition === message.partition && next.topic === message.topic) continue
        reached.push({ topic: message.topic, partition: message.partition, offset: message.offset + 1 })
      }
      return [...reached, ...ends]
    },
    leave: () => {},
    close: () => consumer.disconnect(),
  }
}
