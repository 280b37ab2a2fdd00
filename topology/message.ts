// A message of Kafka as the engine takes it.
import type { Message } from 'node-rdkafka'
import type { TopicName } from '../schemas/topics.ts'
import type { InputRecord } from './records.ts'

export const toInput = (topic: TopicName, message: Message): InputRecord => ({
  topic,
  partition: message.partition,
  offset: message.offset,
  key: message.key == null ? null : Buffer.isBuffer(message.key) ? message.key : Buffer.from(message.key),
  value: message.value,
  writtenMs: message.timestamp ?? 0,
  headers: () => headersOf(message),
})

function headersOf({ headers }: Message): Record<string, string> {
  const entries = (headers ?? []).flatMap((header) => Object.entries(header))
  return Object.fromEntries(entries.map(([name, value]) => [name, value.toString()]))
}
