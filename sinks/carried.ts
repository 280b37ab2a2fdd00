// The readings that one record of `reading-batches` carries: where each lies in its bytes. They are looked up by hand, because
// Avro would copy every one out of them, and of damaged bytes it would believe any count and fill the memory. A batch of
// another release is left to it.
import type { Codecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'

/** A reading, framed as in its own topic: `bytes` from `from` up to `to`. */
export type Carried = { bytes: Buffer; from: number; to: number }

const FRAME_BYTES = 5
/** A length beyond it is no length of ours. */
const LENGTH_BITS_MAX = 28

/** In their order. Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, and as `decode` for another schema. */
export function carriedIn(batch: Buffer, codecs: Codecs): Carried[] {
  const { schemaId, decode } = codecs.of('reading-batches')
  const isOurs = batch.length > FRAME_BYTES && batch[0] === 0 && batch.readUInt32BE(1) === schemaId
  if (!isOurs) return decode(batch).items.map(({ value }) => ({ bytes: value, from: 0, to: value.length }))
  const items = new Walk(batch).items()
  if (items !== null) return items
  throw new PipelineError('RECORD_UNREADABLE', {
    ...{ topic: 'reading-batches', schemaId, reason: 'its items do not end where it ends' },
  })
}

/** Through an array of Avro: blocks of a count and so many items, a key and a value each; the last block is of none. */
class Walk {
  readonly #bytes: Buffer
  #at = FRAME_BYTES

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** null: these bytes are none. */
  items(): Carried[] | null {
    const items: Carried[] = []
    for (let count = this.#long(); count !== 0; count = this.#long()) {
      // A negative count is followed by the bytes of its block.
      if (Number.isNaN(count) || (count < 0 && Number.isNaN(this.#long()))) return null
      for (let left = Math.abs(count); left > 0; left--) {
        if (!this.#skip()) return null
        const from = this.#at + this.#lengthBytes()
        if (!this.#skip()) return null
        items.push({ bytes: this.#bytes, from, to: this.#at })
      }
    }
    return this.#at === this.#bytes.length ? items : null
  }

  /** Over a length and so many bytes. */
  #skip(): boolean {
    const length = this.#long()
    this.#at += length
    return length >= 0 && this.#at <= this.#bytes.length
  }

  /** How many bytes the length takes that begins here. */
  #lengthBytes(): number {
    let bytes = 1
    while ((this.#bytes[this.#at + bytes - 1] ?? 0) > 0x7f) bytes += 1
    return bytes
  }

  /** Zigzag, 7 bits a byte, the lowest first; NaN where it is none of ours. */
  #long(): number {
    let value = 0
    for (let shift = 0; shift < LENGTH_BITS_MAX; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0xff
      value |= (byte & 0x7f) << shift
      if (byte <= 0x7f) return (value >>> 1) ^ -(value & 1)
    }
    return Number.NaN
  }
}
