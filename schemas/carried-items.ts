// What one record of `reading-batches` carries lies in its bytes like this: blocks of a count and so many items, a key and a
// value each; the last block is of none. They are looked up by hand, because Avro would copy every one out of them, and of
// damaged bytes it would believe any count and fill the memory.
import { type Codecs, HEADER_BYTES } from './codec.ts'
import { PipelineError } from './failure.ts'

type Carrier = 'reading-batches'

/** Of a key and of its value: where each lies in the batch. */
export type OnItem = (keyFrom: number, keyTo: number, from: number, to: number) => void

/** A count or a length beyond it is none of ours. */
const LONG_BITS_MAX = 28

export const isOurs = (topic: Carrier, batch: Buffer, codecs: Codecs): boolean =>
  batch.length > HEADER_BYTES && batch[0] === 0 && batch.readUInt32BE(1) === codecs.of(topic).schemaId

/** False: the batch is of another schema, and left to Avro. Throws RECORD_UNREADABLE where items do not end with the bytes. */
export function eachItem(topic: Carrier, batch: Buffer, codecs: Codecs, onItem: OnItem): boolean {
  if (!isOurs(topic, batch, codecs)) return false
  if (new Walk(batch).isWhole(onItem)) return true
  const { schemaId } = codecs.of(topic)
  const reason = 'its items do not end where it ends'
  throw new PipelineError('RECORD_UNREADABLE', { topic, schemaId, reason })
}

class Walk {
  readonly #bytes: Buffer
  #at = HEADER_BYTES

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  isWhole(onItem: OnItem): boolean {
    for (let count = this.#long(); count !== 0; count = this.#long()) {
      // A negative count is followed by the bytes of its block.
      if (Number.isNaN(count) || (count < 0 && Number.isNaN(this.#long()))) return false
      for (let left = Math.abs(count); left > 0; left--) {
        const keyTo = this.#end()
        const keyFrom = this.#at
        if (Number.isNaN(keyTo)) return false
        this.#at = keyTo
        const to = this.#end()
        if (Number.isNaN(to)) return false
        onItem(keyFrom, keyTo, this.#at, to)
        this.#at = to
      }
    }
    return this.#at === this.#bytes.length
  }

  /** Reads a length; where what is so long ends. NaN: beyond the bytes. */
  #end(): number {
    const length = this.#long()
    const end = this.#at + length
    return length >= 0 && end <= this.#bytes.length ? end : Number.NaN
  }

  /** Zigzag, 7 bits a byte, the lowest first; NaN where it is none of ours. */
  #long(): number {
    let value = 0
    for (let shift = 0; shift < LONG_BITS_MAX; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0xff
      value |= (byte & 0x7f) << shift
      if (byte <= 0x7f) return (value >>> 1) ^ -(value & 1)
    }
    return Number.NaN
  }
}

/** Before the items: the frame and their number. */
export const HEAD_BYTES_MAX = HEADER_BYTES + 5

/** With the lengths of both. */
export const itemBytesMax = (key: string, value: Buffer): number => 3 * key.length + value.length + 10

/** Writes an item at `at`, where there is room for `itemBytesMax`, and returns where it ends. */
export function putItem(bytes: Buffer, at: number, key: string, value: Buffer): number {
  const keyFrom = putLong(bytes, at, Buffer.byteLength(key))
  const valueAt = putLong(bytes, keyFrom + bytes.write(key, keyFrom), value.length)
  bytes.set(value, valueAt)
  return valueAt + value.length
}

/** Writes frame and number so that they end at `end`, and returns where they begin. */
export function putHead(bytes: Buffer, end: number, schemaId: number, count: number): number {
  const countFrom = end - putLong(Buffer.alloc(5), 0, count)
  putLong(bytes, countFrom, count)
  bytes[countFrom - HEADER_BYTES] = 0
  bytes.writeUInt32BE(schemaId, countFrom - HEADER_BYTES + 1)
  return countFrom - HEADER_BYTES
}

/** As `#long` reads it, of a number that is not negative. */
function putLong(bytes: Buffer, at: number, value: number): number {
  let rest = value * 2
  let end = at
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[end++] = (rest % 128) | 0x80
  bytes[end++] = rest
  return end
}
