// Batches of records as a broker stores and sends them (format 2, of Kafka 0.11 and later), in place: no object is made for a
// record. Of a transaction that was aborted nothing is told.
// https://kafka.apache.org/documentation/#recordbatch
import type { KeptBytes } from './kept-bytes.ts'
import { Lz4Decoder } from './lz4.ts'

/** Of a batch's head, in bytes from its beginning. */
const LENGTH_AT = 8
const LENGTH_FROM = 12
const MAGIC_AT = 16
const ATTRIBUTES_AT = 21
const LAST_DELTA_AT = 23
const FIRST_TIME_AT = 27
const LAST_TIME_AT = 35
const PRODUCER_AT = 43
const COUNT_AT = 57
const RECORDS_AT = 61

const MAGIC = 2
const COMPRESSION = 7
/** All were written when the broker got them. */
const IS_BROKERS_TIME = 8
const IS_TRANSACTIONAL = 16
const IS_CONTROL = 32
const LZ4 = 3
const ABORT = 0

/** `bytes` from `from` to before `to`; `aborted`: in which of them what is told has no part. */
export type Batches = { bytes: Buffer; from: number; to: number; aborted: readonly AbortedTransaction[] }

/** What its producer wrote from `firstOffset` on, up to its mark of the end. */
export type AbortedTransaction = { producerId: bigint; firstOffset: number }

/** One and the same object for all. See `Walk` for how long the bytes are there. */
export type RecordView = {
  offset: number
  bytes: Buffer
  keyFrom: number
  /** Before `keyFrom` where there is no key; `valueTo` likewise. */
  keyTo: number
  valueFrom: number
  valueTo: number
  /** Up to the record's end; `headersIn` reads them. */
  headersFrom: number
  /** When it was written, UTC ms. */
  writtenMs: number
}

/** Another format, or another compression than LZ4: the Kafka client knows them all. */
export class NotPlain extends Error {
  override name = 'NotPlain'
}

const decoder = new Lz4Decoder()

export type Walk = {
  /** The first that is wanted. */
  offset: number
  /** Where copies of the batches are kept. Null: records are views, until the next batch. */
  kept: KeptBytes | null
}

/** Tells the committed records, and returns the offset that comes after the last whole batch. Throws `NotPlain`. */
export function walkRecords(batches: Batches, walk: Walk, onRecord: (record: RecordView) => void): number {
  const { bytes, to } = batches
  const aborted = new AbortedTransactions(batches.aborted)
  let next = walk.offset
  for (let at = batches.from; at + RECORDS_AT <= to; ) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + LENGTH_AT)
    // The broker may cut off the last one.
    if (end > to) break
    if (end < at + RECORDS_AT || bytes[at + MAGIC_AT] !== MAGIC)
      throw new NotPlain('The records are of a format before Kafka 0.11')
    if (aborted.isSound(bytes, at, end)) walkBatch(bytes, at, end, walk, onRecord)
    next = Math.max(next, baseOf(bytes, at) + bytes.readInt32BE(at + LAST_DELTA_AT) + 1)
    at = end
  }
  return next
}

const baseOf = (bytes: Buffer, batch: number): number => Number(bytes.readBigInt64BE(batch))

function walkBatch(
  source: Buffer,
  batch: number,
  end: number,
  { offset, kept }: Walk,
  onRecord: (record: RecordView) => void,
): void {
  const base = baseOf(source, batch)
  const attributes = source.readInt16BE(batch + ATTRIBUTES_AT)
  const view = recordsOf(source, batch, end)
  const nextOffset = base + source.readInt32BE(batch + LAST_DELTA_AT) + 1
  const cursor = new Cursor(kept === null ? view : kept.copy(view, nextOffset))
  const { bytes } = cursor
  const isBrokersTime = (attributes & IS_BROKERS_TIME) !== 0
  const timeMs = Number(source.readBigInt64BE(batch + (isBrokersTime ? LAST_TIME_AT : FIRST_TIME_AT)))
  const record: RecordView = {
    ...{ offset: 0, bytes, keyFrom: 0, keyTo: 0, valueFrom: 0, valueTo: 0 },
    ...{ headersFrom: 0, writtenMs: timeMs },
  }
  for (let left = source.readInt32BE(batch + COUNT_AT); left > 0; left--) {
    const length = cursor.int()
    const recordEnd = cursor.at + length
    cursor.at++
    const delayMs = cursor.long()
    if (!isBrokersTime) record.writtenMs = timeMs + delayMs
    record.offset = base + cursor.int()
    const keyBytes = cursor.int()
    record.keyFrom = cursor.at
    record.keyTo = cursor.at + keyBytes
    cursor.at += Math.max(0, keyBytes)
    const valueBytes = cursor.int()
    record.valueFrom = cursor.at
    record.valueTo = cursor.at + valueBytes
    record.headersFrom = cursor.at + Math.max(0, valueBytes)
    cursor.at = recordEnd
    if (!(recordEnd <= bytes.length && record.headersFrom < recordEnd && record.keyTo <= recordEnd))
      throw new Error('A batch of records ends before its last record')
    if (record.offset >= offset) onRecord(record)
  }
}

/** The bytes of a batch's records, and nothing else: a view, until the next call. */
function recordsOf(source: Buffer, batch: number, end: number): Buffer {
  const compression = source.readInt16BE(batch + ATTRIBUTES_AT) & COMPRESSION
  if (compression !== 0 && compression !== LZ4)
    throw new NotPlain(`The records are compressed another way than with LZ4 (${compression})`)
  const from = batch + RECORDS_AT
  return compression === 0 ? source.subarray(from, end) : decoder.decode(source, from, end)
}

/** A record's headers; those of one name: the last. Read only where something is wrong with the record. */
export function headersIn(bytes: Buffer, from: number): Record<string, string> {
  const cursor = new Cursor(bytes, from)
  const headers: Record<string, string> = {}
  for (let left = cursor.int(); left > 0; left--) {
    const name = cursor.text()
    headers[name] = cursor.text()
  }
  return headers
}

/** Numbers of 7 bits a byte, the lowest first, signs by turns. */
class Cursor {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** 32 bits. */
  int(): number {
    let byte = this.bytes[this.at++] as number
    let bits = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.bytes[this.at++] as number
      bits |= (byte & 0x7f) << shift
    }
    return (bits >>> 1) ^ -(bits & 1)
  }

  /** 64 bits, as far as a number holds them. */
  long(): number {
    let byte = this.bytes[this.at++] as number
    let value = byte & 0x7f
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = this.bytes[this.at++] as number
      value += (byte & 0x7f) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Its length, and itself; of what is null, nothing. */
  text(): string {
    const length = Math.max(0, this.int())
    this.at += length
    return this.bytes.toString('utf8', this.at - length, this.at)
  }
}

/** Which batches are of aborted transactions: those of a producer between where one began and its mark of the end. */
class AbortedTransactions {
  readonly #toCome: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#toCome = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Asked of each batch in its order. A mark of an end holds no records either. */
  isSound(bytes: Buffer, batch: number, end: number): boolean {
    const lastOffset = baseOf(bytes, batch) + bytes.readInt32BE(batch + LAST_DELTA_AT)
    for (
      let [next] = this.#toCome;
      next !== undefined && next.firstOffset <= lastOffset;
      [next] = this.#toCome
    ) {
      this.#open.add(next.producerId)
      this.#toCome.shift()
    }
    const attributes = bytes.readInt16BE(batch + ATTRIBUTES_AT)
    const producerId = bytes.readBigInt64BE(batch + PRODUCER_AT)
    if ((attributes & IS_CONTROL) === 0)
      return (attributes & IS_TRANSACTIONAL) === 0 || !this.#open.has(producerId)
    if (markOf(bytes, batch, end) === ABORT) this.#open.delete(producerId)
    return false
  }
}

/** A mark's key: its version and its kind, 2 bytes each. −1: compaction has removed it. */
function markOf(bytes: Buffer, batch: number, end: number): number {
  if (bytes.readInt32BE(batch + COUNT_AT) === 0) return -1
  const cursor = new Cursor(bytes, batch + RECORDS_AT)
  cursor.int()
  cursor.at++
  cursor.long()
  cursor.int()
  const keyBytes = cursor.int()
  return keyBytes >= 4 && cursor.at + 4 <= end ? bytes.readInt16BE(cursor.at + 2) : -1
}
