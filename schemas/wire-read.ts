// How values of Avro lie in bytes: what the compiled readers call. A read beyond the bytes gives anything; whoever reads a value
// asks at its end whether it ended where it should. Only what such a value could do harm with is asked for before.
import { KnownTexts } from './known-texts.ts'

const LONG_MAX = 2 ** 53 - 2
const LOW_BITS = 28
/** What Node's `toString` comes to, after it has looked at what it was given. */
type Sliced = Buffer & Record<'utf8Slice', (from: number, to: number) => string>

const float = new Float64Array(1)
const floatBytes = new Uint8Array(float.buffer)

/** Up to so many bytes a loop is faster than a call into Node. */
const LOOP_MAX = 64

/** Names of gateways, makers and models are mostly no longer; ids of devices and organizations are, up to those of 36 bytes. */
const NAME_BYTES_MAX = 16
const ID_BYTES_MAX = 36
// Two, because there are few names, and they are to stay where there are many ids.
const names = new KnownTexts(4_096)
const ids = new KnownTexts(65_536)

export class Wire {
  at = 0
  #bytes = Buffer.alloc(0) as Buffer as Sliced

  start(bytes: Buffer, at: number): void {
    this.#bytes = bytes as Sliced
    this.at = at
  }

  boolean(): boolean {
    return (this.#bytes[this.at++] ?? 0) !== 0
  }

  /** Zigzag, 7 bits a byte, the lowest first. */
  long(): number {
    const bytes = this.#bytes
    const first = bytes[this.at++] ?? 0
    if (first < 0x80) return (first >>> 1) ^ -(first & 1)
    let value = first & 0x7f
    for (let shift = 7; shift < LOW_BITS; shift += 7) {
      const byte = bytes[this.at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    return this.#longOf(value)
  }

  /** Beyond 28 bits numbers are added: they may have more than the 32 that are shifted. */
  #longOf(low: number): number {
    let value = low
    let byte = 0x80
    for (let factor = 2 ** LOW_BITS; byte >= 0x80; factor *= 128) {
      byte = this.#bytes[this.at++] ?? 0
      value += (byte & 0x7f) * factor
    }
    const long = value % 2 === 0 ? value / 2 : -(value + 1) / 2
    if (long < -LONG_MAX || long > LONG_MAX) throw new Error('a long is beyond what a number can tell apart')
    return long
  }

  /** Of an enum's symbol or a union's branch. */
  index(count: number): number {
    const index = this.long()
    if (index < 0 || index >= count) throw new Error(`there is no symbol or branch ${index} of ${count}`)
    return index
  }

  /** Of the items of a block; 0: the last has been read. An item has a byte at least: more than the bytes are none. */
  items(): number {
    const count = this.long()
    // A negative one is followed by the bytes of its block.
    if (count < 0) this.long()
    if (Math.abs(count) > this.#bytes.length - this.at) throw new Error('it ends too early')
    return Math.abs(count)
  }

  double(): number {
    const bytes = this.#bytes
    for (let i = 0; i < 8; i++) floatBytes[i] = bytes[this.at++] ?? 0
    return float[0] as number
  }

  /** A copy: what it was read from may be let go. */
  bytes(): Buffer {
    const from = this.skipBytes()
    const copy = Buffer.allocUnsafe(this.at - from)
    if (copy.length > LOOP_MAX) this.#bytes.copy(copy, 0, from, this.at)
    else for (let i = 0; i < copy.length; i++) copy[i] = this.#bytes[from + i] as number
    return copy
  }

  text(): string {
    const from = this.skipBytes()
    const length = this.at - from
    if (length <= NAME_BYTES_MAX) return names.of(this.#bytes, from, this.at)
    return length <= ID_BYTES_MAX ? ids.of(this.#bytes, from, this.at) : this.#bytes.utf8Slice(from, this.at)
  }

  /** Moves behind a text or bytes, and returns where they begin. */
  skipBytes(): number {
    const length = this.long()
    const from = this.at
    if (length < 0 || length > this.#bytes.length - from) throw new Error('it ends too early')
    this.at = from + length
    return from
  }
}
