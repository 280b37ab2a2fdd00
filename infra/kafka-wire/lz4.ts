// LZ4 frames, as producers compress batches of records. Node has no LZ4 of its own, and a call into native code for each
// batch would win little: a changelog's state is a microsecond here.
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md

const MAGIC = 0x184d2204
const HEAD_BYTES = 7
const HAS_DICTIONARY = 1
const HAS_CONTENT_BYTES = 8
const HAS_BLOCK_CHECKSUM = 16
const CHECKSUM_BYTES = 4
/** Not compressed: the highest bit of a block's length. */
const IS_STORED = 0x8000_0000
const MATCH_BYTES_MIN = 4
/** A length of four bits that goes on in the bytes that follow. */
const GOES_ON = 15
/** And goes on behind this one. */
const WHOLE_BYTE = 255
/** A call for so few bytes would cost more than a loop. */
const FEW_BYTES = 24
const FIRST_BYTES = 1024 * 1024

const corrupt = (): Error => new Error('A batch of records is not LZ4 as it says')

/** Its buffer is used again. */
export class Lz4Decoder {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #at = 0

  /** A view, until the next call. Throws where the bytes are no whole frame. */
  decode(source: Buffer, from: number, to: number): Buffer {
    if (to - from < HEAD_BYTES || source.readUInt32LE(from) !== MAGIC) throw corrupt()
    const flags = source.readUInt8(from + 4)
    const blockBytesMax = 1 << (8 + 2 * ((source.readUInt8(from + 5) >>> 4) & 7))
    if ((flags & HAS_DICTIONARY) !== 0) throw corrupt()
    const checksumBytes = (flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES
    this.#at = 0
    let at = from + HEAD_BYTES + ((flags & HAS_CONTENT_BYTES) === 0 ? 0 : 8)
    for (;;) {
      if (at + 4 > to) throw corrupt()
      const head = source.readUInt32LE(at)
      at += 4
      if (head === 0) return this.#bytes.subarray(0, this.#at)
      const end = at + (head % IS_STORED)
      if (end + checksumBytes > to) throw corrupt()
      this.#makeRoom(Math.max(blockBytesMax, end - at))
      if (head >= IS_STORED) this.#at += source.copy(this.#bytes, this.#at, at, end)
      else this.#at = decodeBlock(source, at, end, this.#bytes, this.#at)
      at = end + checksumBytes
    }
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const roomy = Buffer.allocUnsafeSlow(2 * (this.#at + bytes))
    this.#bytes.copy(roomy, 0, 0, this.#at)
    this.#bytes = roomy
  }
}

/**
 * sequence = lengths, 4 bits each | literals | distance back, 2 bytes; the last one ends with its literals.
 * Returns where the decoded block ends. Nothing is checked on the way but that a distance leads to what is there: what lies
 * outside of a buffer reads as undefined and is not written, and shows in where things end.
 */
function decodeBlock(source: Buffer, from: number, to: number, bytes: Buffer, start: number): number {
  let at = from
  let end = start
  while (at < to) {
    const lengths = source[at++] as number
    let literals = lengths >>> 4
    if (literals === GOES_ON) {
      let more = WHOLE_BYTE
      while (more === WHOLE_BYTE) {
        more = source[at++] as number
        literals += more
      }
    }
    if (literals > FEW_BYTES) {
      source.copy(bytes, end, at, at + literals)
      end += literals
      at += literals
    } else for (let left = literals; left > 0; left--) bytes[end++] = source[at++] as number
    if (at >= to) break
    const back = end - ((source[at] as number) | ((source[at + 1] as number) << 8))
    at += 2
    let length = (lengths & GOES_ON) + MATCH_BYTES_MIN
    if (length === GOES_ON + MATCH_BYTES_MIN) {
      let more = WHOLE_BYTE
      while (more === WHOLE_BYTE) {
        more = source[at++] as number
        length += more
      }
    }
    if (!(back >= 0 && back < end)) throw corrupt()
    if (length > FEW_BYTES && back + length <= end) {
      bytes.copyWithin(end, back, back + length)
      end += length
    } else for (let from = back, left = length; left > 0; left--) bytes[end++] = bytes[from++] as number
  }
  if (at !== to || end > bytes.length) throw corrupt()
  return end
}
