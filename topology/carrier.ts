// Between two stages a record of Kafka carries many records of one partition and commit. Outsiders read
// the same records one by one in the topic of their own; the stage that follows never does.

import type { Codecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import type { TopicName } from '../schemas/topics.ts'
import { topics } from '../schemas/topics.ts'
import { partitionOfText } from './partitioner.ts'
import type { OutputRecord } from './records.ts'

/** The topics whose values are batches. */
export type Carrier = 'reading-batches'

/** One record stays far below the 1 MB that a broker takes by default. */
const BATCH_BYTES_MAX = 262_144
const ITEM_BYTES = 8
/** Before the Avro: a zero and the schema's id. */
const FRAME_BYTES = 5

export const carrierOf = (stream: TopicName): Carrier | undefined => topics[stream].carrier

export type CarriedBatch = { topic: Carrier; partition: number; key: string; value: Buffer }

/** One of the records that a batch carries: its key, and where in `bytes` its value lies. */
export type Carried = { key: string; bytes: Buffer; from: number; to: number }

/**
 * What a batch carries. Its bytes are walked by hand, because Avro would copy each value out of them; a batch of another
 * release is left to Avro. Throws as `decode`.
 */
export function carriedIn(topic: Carrier, batch: Buffer, codecs: Codecs): Carried[] {
  const { schemaId, decode } = codecs.of(topic)
  if (batch.length < FRAME_BYTES || batch.readUInt32BE(1) !== schemaId)
    return decode(batch).items.map(({ key, value }) => ({ key, bytes: value, from: 0, to: value.length }))
  const items = walked(batch)
  if (items !== null) return items
  const reason = 'its items do not end where it ends'
  throw new PipelineError('RECORD_UNREADABLE', { topic, schemaId, reason })
}

/**
 * An array of Avro: blocks of a count (negative: the bytes of the block follow) and so many items, the last one of none. null:
 * these bytes are none.
 */
function walked(bytes: Buffer): Carried[] | null {
  const items: Carried[] = []
  const place = { at: FRAME_BYTES }
  for (let count = longAt(bytes, place); count !== 0; count = longAt(bytes, place)) {
    if (Number.isNaN(count) || (count < 0 && Number.isNaN(longAt(bytes, place)))) return null
    for (let left = Math.abs(count); left > 0; left--) {
      const keyLength = longAt(bytes, place)
      const keyTo = place.at + keyLength
      if (!(keyLength >= 0 && keyTo <= bytes.length)) return null
      const key = bytes.toString('utf8', place.at, keyTo)
      place.at = keyTo
      const length = longAt(bytes, place)
      const to = place.at + length
      if (!(length >= 0 && to <= bytes.length)) return null
      items.push({ key, bytes, from: place.at, to })
      place.at = to
    }
  }
  return place.at === bytes.length ? items : null
}

/** A count or a length, which is small: zigzag, 7 bits a byte, lowest first. NaN where it is neither. */
function longAt(bytes: Buffer, place: { at: number }): number {
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[place.at++] ?? 0x80
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
  }
  return Number.NaN
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
