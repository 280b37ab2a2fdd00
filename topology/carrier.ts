// Between two stages a record of Kafka carries many records of one partition and commit. Outsiders read
// the same records one by one in the topic of their own; the stage that follows never does.

import { eachItem, HEAD_BYTES_MAX, itemBytesMax, putHead, putItem } from '../schemas/carried-items.ts'
import type { Codecs } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { topics } from '../schemas/topics.ts'
import { CHUNK_BYTES, giveBack, takeChunk } from './chunks.ts'
import { keyText } from './key-texts.ts'
import { partitionOfText } from './partitioner.ts'
import type { OutputRecord } from './records.ts'

/** The topics whose values are batches. */
export type Carrier = 'reading-batches'

export const carrierOf = (stream: TopicName): Carrier | undefined => topics[stream].carrier

export type CarriedBatch = { topic: Carrier; partition: number; key: string; value: Buffer }

/** One of the records that a batch carries: its key, and where in `bytes` its value lies. */
export type Carried = { key: string; bytes: Buffer; from: number; to: number }

/** What a batch carries. Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, and as `decode` for another schema. */
export function carriedIn(topic: Carrier, batch: Buffer, codecs: Codecs): Carried[] {
  const items: Carried[] = []
  const isOurs = eachItem(topic, batch, codecs, (keyFrom, keyTo, from, to) => {
    items.push({ key: keyText(batch, keyFrom, keyTo), bytes: batch, from, to })
  })
  if (isOurs) return items
  const { decode } = codecs.of(topic)
  return decode(batch).items.map(({ key, value }) => ({ key, bytes: value, from: 0, to: value.length }))
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
