// Messages of Kafka as the engine takes them.
import type { Message } from 'node-rdkafka'
import type { TopicName } from '../schemas/topics.ts'
import type { InputRecord } from './records.ts'

/**
 * A message's two buffers are allocated outside of V8's heap, one by one, and a transaction holds tens of thousands of
 * messages: the collector would look after each of them. So the bytes of neighbours are copied into one buffer.
 */
class MessageRecord implements InputRecord {
  readonly topic: TopicName
  readonly partition: number
  readonly offset: number
  readonly writtenMs: number
  readonly #shared: Buffer
  readonly #from: number
  /** −1: there is none. */
  readonly #keyBytes: number
  readonly #valueBytes: number
  readonly #headers: Message['headers']

  constructor(topic: TopicName, message: Message, shared: Buffer, from: number) {
    this.topic = topic
    this.partition = message.partition
    this.offset = message.offset
    this.writtenMs = message.timestamp ?? 0
    this.#headers = message.headers
    this.#shared = shared
    this.#from = from
    const key = keyOf(message)
    this.#keyBytes = key === null ? -1 : key.copy(shared, from)
    this.#valueBytes = message.value === null ? -1 : message.value.copy(shared, this.#valueFrom)
  }

  get #valueFrom(): number {
    return this.#from + Math.max(0, this.#keyBytes)
  }

  get bytes(): number {
    return Math.max(0, this.#keyBytes) + Math.max(0, this.#valueBytes)
  }

  get key(): Buffer | null {
    return this.#keyBytes < 0 ? null : this.#shared.subarray(this.#from, this.#from + this.#keyBytes)
  }

  get value(): Buffer | null {
    const from = this.#valueFrom
    return this.#valueBytes < 0 ? null : this.#shared.subarray(from, from + this.#valueBytes)
  }

  headers(): Record<string, string> {
    const entries = (this.#headers ?? []).flatMap((header) => Object.entries(header))
    return Object.fromEntries(entries.map(([name, value]) => [name, value.toString()]))
  }
}

/** Of one partition, whose records are taken and let go one after the other: so is the buffer that they share. */
export function toInputs(topic: TopicName, messages: readonly Message[]): InputRecord[] {
  let from = 0
  const shared = Buffer.allocUnsafeSlow(messages.reduce((sum, message) => sum + sizeOf(message), 0))
  return messages.map((message) => {
    const record = new MessageRecord(topic, message, shared, from)
    from += sizeOf(message)
    return record
  })
}

const keyOf = ({ key }: Message): Buffer | null =>
  key == null ? null : Buffer.isBuffer(key) ? key : Buffer.from(key)

const sizeOf = (message: Message): number => (keyOf(message)?.length ?? 0) + (message.value?.length ?? 0)
