// Between two stages a record of Kafka carries many records of one partition and commit. Outsiders read
// the same records one by one in the topic of their own; the stage that follows never does.

import { eachItem } from '../schemas/carried-items.ts'
import type { Codecs } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { topics } from '../schemas/topics.ts'
import { partitionOfText } from './partitioner.ts'
import type { OutputRecord } from './records.ts'

/** The topics whose values are batches. */
export type Carrier = 'reading-batches'

/** One record stays far below the 1 MB that a broker takes by default. */
const BATCH_BYTES_MAX = 262_144
const ITEM_BYTES = 8

export const carrierOf = (stream: TopicName): Carrier | undefined => topics[stream].carrier

export type CarriedBatch = { topic: Carrier; partition: number; key: string; value: Buffer }

/** One of the records that a batch carries: its key, and where in `bytes` its value lies. */
export type Carried = { key: string; bytes: Buffer; from: number; to: number }

/** What a batch carries. Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, and as `decode` for another schema. */
export function carriedIn(topic: Carrier, batch: Buffer, codecs: Codecs): Carried[] {
  const items: Carried[] = []
  const isOurs = eachItem(topic, batch, codecs, (keyFrom, keyTo, from, to) => {
    items.push({ key: batch.toString('utf8', keyFrom, keyTo), bytes: batch, from, to })
  })
  if (isOurs) return items
  const { decode } = codecs.of(topic)
  return decode(batch).items.map(({ key, value }) => ({ key, bytes: value, from: 0, to: value.length }))
}

type Open = { items: { key: string; value: Buffer }[]; bytes: number }

/** Collects what goes on to the next stage; `isFull` batches are handed out as they come. */
export class CarrierWriter {
  readonly #codecs: Codecs
  readonly #topic: Carrier
  readonly #open: Open[]

  constructor(topic: Carrier, partitions: number, codecs: Codecs) {
    this.#topic = topic
    this.#codecs = codecs
    this.#open = Array.from({ length: partitions }, () => ({ items: [], bytes: 0 }))
  }

  /** Returns a batch that the record has filled. The order within a partition is that of the calls. */
  add({ key, value }: OutputRecord): CarriedBatch | null {
    const partition = partitionOfText(key, this.#open.length)
    const open = this.#open[partition]
    if (open === undefined) throw new Error(`There is no partition ${partition} of ${this.#topic}.`)
    open.items.push({ key, value })
    open.bytes += key.length + value.length + ITEM_BYTES
    return open.bytes < BATCH_BYTES_MAX ? null : this.#close(partition, open)
  }

  /** What is left. */
  end(): CarriedBatch[] {
    return this.#open.flatMap((open, partition) =>
      open.items.length > 0 ? [this.#close(partition, open)] : [],
    )
  }

  #close(partition: number, open: Open): CarriedBatch {
    const value = this.#codecs.of(this.#topic).encode({ items: open.items })
    open.items = []
    open.bytes = 0
    return { topic: this.#topic, partition, key: String(partition), value }
  }
}
