// Messages of Kafka as the engine takes them.
import type { Message, MessageHeader } from 'node-rdkafka'
import type { TopicName } from '../schemas/topics.ts'
import type { InputRecord } from './records.ts'

/**
 * Messages of one partition that came together. A message's two buffers are allocated outside of V8's heap, one by one, and a
 * transaction holds tens of thousands of messages: the collector would look after each of them. So all that they say lies in one
 * buffer, and of each there is an object that only knows its place there: it lives until the commit, and is moved by the collector.
 */
type Fetched = {
  topic: TopicName
  partition: number
  bytes: Buffer
  /** The same bytes: four times as fast for numbers as a buffer is. */
  numbers: DataView
  /** By the places of those few that have any. */
  headers: Map<number, MessageHeader[]>
}

// Before key and value: two doubles and two lengths.
const WRITTEN_AT = 8
const KEY_BYTES_AT = 16
const VALUE_BYTES_AT = 20
const HEAD_BYTES = 24
/** The length of a key or value that is not there. */
const NONE = -1

class MessageRecord implements InputRecord {
  readonly #fetched: Fetched
  readonly #at: number

  constructor(fetched: Fetched, at: number) {
    this.#fetched = fetched
    this.#at = at
  }

  get topic(): TopicName {
    return this.#fetched.topic
  }

  get partition(): number {
    return this.#fetched.partition
  }

  get offset(): number {
    return this.#fetched.numbers.getFloat64(this.#at)
  }

  get writtenMs(): number {
    return this.#fetched.numbers.getFloat64(this.#at + WRITTEN_AT)
  }

  get bytes(): number {
    return Math.max(0, this.#keyBytes) + Math.max(0, this.#valueBytes)
  }

  get key(): Buffer | null {
    return this.#part(this.#at + HEAD_BYTES, this.#keyBytes)
  }

  get value(): Buffer | null {
    return this.#part(this.#at + HEAD_BYTES + Math.max(0, this.#keyBytes), this.#valueBytes)
  }

  headers(): Record<string, string> {
    const entries = (this.#fetched.headers.get(this.#at) ?? []).flatMap((header) => Object.entries(header))
    return Object.fromEntries(entries.map(([name, value]) => [name, value.toString()]))
  }

  get #keyBytes(): number {
    return this.#fetched.numbers.getInt32(this.#at + KEY_BYTES_AT)
  }

  get #valueBytes(): number {
    return this.#fetched.numbers.getInt32(this.#at + VALUE_BYTES_AT)
  }

  #part(from: number, length: number): Buffer | null {
    return length === NONE ? null : this.#fetched.bytes.subarray(from, from + length)
  }
}

/** Of one partition, whose records are taken and let go one after the other: so is the buffer that they share. */
export function toInputs(topic: TopicName, messages: readonly Message[]): InputRecord[] {
  const bytes = Buffer.allocUnsafeSlow(messages.reduce((sum, message) => sum + sizeOf(message), 0))
  const partition = messages[0]?.partition ?? 0
  const numbers = new DataView(bytes.buffer)
  const fetched: Fetched = { topic, partition, bytes, numbers, headers: new Map() }
  let from = 0
  return messages.map((message) => {
    const record = new MessageRecord(fetched, from)
    if (message.headers !== undefined) fetched.headers.set(from, message.headers)
    from = write(message, fetched, from)
    return record
  })
}

/** Returns where it ends. */
function write({ key: given, value, offset, timestamp }: Message, { bytes, numbers }: Fetched, at: number) {
  const key = bytesOf(given)
  numbers.setFloat64(at, offset)
  numbers.setFloat64(at + WRITTEN_AT, timestamp ?? 0)
  numbers.setInt32(at + KEY_BYTES_AT, key?.length ?? NONE)
  numbers.setInt32(at + VALUE_BYTES_AT, value?.length ?? NONE)
  const valueAt = at + HEAD_BYTES + (key?.length ?? 0)
  if (key !== null) bytes.set(key, at + HEAD_BYTES)
  if (value !== null) bytes.set(value, valueAt)
  return valueAt + (value?.length ?? 0)
}

const bytesOf = (key: Message['key']): Buffer | null =>
  key == null ? null : typeof key === 'string' ? Buffer.from(key) : (key as Buffer)

const sizeOf = ({ key, value }: Message): number =>
  HEAD_BYTES + (bytesOf(key)?.length ?? 0) + (value?.length ?? 0)
