// Between two stages a record of Kafka carries many records of one partition and commit. Outsiders read
// the same records one by one in the topic of their own; the stage that follows never does.

import { eachItem, HEAD_BYTES_MAX, isOurs, itemBytesMax, putHead, putItem } from '../schemas/carried-items.ts'
import type { Codecs } from '../schemas/codec.ts'
import { keyText } from '../schemas/known-texts.ts'
import type { TopicName } from '../schemas/topics.ts'
import { topics } from '../schemas/topics.ts'
import { CHUNK_BYTES, giveBack, takeChunk } from './chunks.ts'
import { partitionOfText } from './partitioner.ts'
import type { OutputRecord } from './records.ts'

/** The topics whose values are batches. */
export type Carrier = 'reading-batches'

export const carrierOf = (stream: TopicName): Carrier | undefined => topics[stream].carrier

export type CarriedBatch = { topic: Carrier; partition: number; key: string; value: Buffer }

const NOTHING = Buffer.alloc(0)

/** A batch of another release becomes one of ours. Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, UnlearnedSchema as `decode`. */
export function inOwnSchema(topic: Carrier, batch: Buffer, codecs: Codecs): Buffer {
  if (isOurs(topic, batch, codecs)) return batch
  const { decode, encode } = codecs.of(topic)
  return encode(decode(batch))
}

/** What a batch carries: keys, and where in `bytes` their values lie. Filled anew for each batch, so that nothing is made for an item. */
export class CarriedItems {
  bytes: Buffer = NOTHING
  #count = 0
  readonly #keys: string[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  get count(): number {
    return this.#count
  }

  keyAt(at: number): string {
    return this.#keys[at] as string
  }

  fromAt(at: number): number {
    return this.#from[at] as number
  }

  toAt(at: number): number {
    return this.#to[at] as number
  }

  /** Throws as `inOwnSchema`. */
  fill(topic: Carrier, batch: Buffer, codecs: Codecs): void {
    this.#count = 0
    this.bytes = inOwnSchema(topic, batch, codecs)
    eachItem(topic, this.bytes, codecs, this.#add)
  }

  /** Of the batch: it may be let go. */
  clear(): void {
    this.#count = 0
    this.bytes = NOTHING
  }

  readonly #add = (keyFrom: number, keyTo: number, from: number, to: number): void => {
    const at = this.#count++
    this.#keys[at] = keyText(this.bytes, keyFrom, keyTo)
    this.#from[at] = from
    this.#to[at] = to
  }
}

type Open = { chunk: Buffer; used: number; count: number }

/** Behind them: a block of none. */
const END_BYTES = 1

/**
 * Collects what goes on to the next stage, as bytes; a batch is handed out as soon as the next item has no room in it. One stays far
 * below the 1 MB that a broker takes by default.
 */
export class CarrierWriter {
  readonly #topic: Carrier
  readonly #schemaId: number
  readonly #open: (Open | null)[]
  /** Of the batch that was handed out last. */
  #handedOut: Buffer | null = null

  constructor(topic: Carrier, partitions: number, codecs: Codecs) {
    this.#topic = topic
    this.#schemaId = codecs.of(topic).schemaId
    this.#open = new Array(partitions).fill(null)
  }

  /**
   * Returns the batch that had no room for the record: its value is a view, until the next call. The order within a partition is
   * that of the calls.
   */
  add({ key, value }: Pick<OutputRecord, 'key' | 'value'>): CarriedBatch | null {
    const partition = partitionOfText(key, this.#open.length)
    const bytes = itemBytesMax(key, value)
    const before = this.#open[partition] ?? null
    const isFull = before !== null && before.used + bytes + END_BYTES > before.chunk.length
    const full = isFull ? this.#close(partition, before) : null
    const open = isFull || before === null ? this.#begin(partition, bytes) : before
    open.used = putItem(open.chunk, open.used, key, value)
    open.count++
    return full
  }

  /** What is left, one by one: each value is a view, until the next. */
  *end(): Generator<CarriedBatch> {
    for (const [partition, open] of this.#open.entries())
      if (open !== null) yield this.#close(partition, open)
    this.#letGo()
  }

  #begin(partition: number, itemBytes: number): Open {
    const bytes = HEAD_BYTES_MAX + itemBytes + END_BYTES
    const chunk = bytes > CHUNK_BYTES ? Buffer.allocUnsafeSlow(bytes) : takeChunk()
    const open = { chunk, used: HEAD_BYTES_MAX, count: 0 }
    this.#open[partition] = open
    return open
  }

  #close(partition: number, { chunk, used, count }: Open): CarriedBatch {
    this.#open[partition] = null
    chunk[used] = 0
    const from = putHead(chunk, HEAD_BYTES_MAX, this.#schemaId, count)
    this.#letGo()
    this.#handedOut = chunk
    return {
      topic: this.#topic,
      partition,
      key: String(partition),
      value: chunk.subarray(from, used + END_BYTES),
    }
  }

  #letGo(): void {
    if (this.#handedOut !== null) giveBack(this.#handedOut)
    this.#handedOut = null
  }
}
