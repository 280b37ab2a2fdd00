// Rows as Postgres' binary COPY format, written straight into one growing buffer: no object a field, no string joined.
// The format is PGCOPY (PostgreSQL manual, COPY, "Binary Format"): a header, for each row its number of fields and each
// field as length and bytes, and a trailer.

/** A value that its column cannot hold: the record goes to the dead letters, the batch goes on. */
export class RowRefused extends Error {}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TRAILER_BYTES = 2
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1)
const TWO_TO_32 = 2 ** 32
/** timestamptz begins in 4713 BC; whatever a Date can hold after that fits. */
const TIMESTAMP_MIN_MS = Date.UTC(-4712, 0, 1)
const TIMESTAMP_MAX_MS = 8.64e15

const DASH = '-'.charCodeAt(0)

/** The value of a hexadecimal digit by its character code; 255 for any other character. */
const nibbles = new Uint8Array(128).fill(255)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  nibbles[digit.charCodeAt(0)] = value
  nibbles[digit.toUpperCase().charCodeAt(0)] = value
}

export class CopyBuffer {
  #bytes: Buffer
  #used = SIGNATURE.length
  #rows = 0

  constructor(size = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(size, SIGNATURE.length + TRAILER_BYTES))
    SIGNATURE.copy(this.#bytes)
  }

  get rows(): number {
    return this.#rows
  }

  /** Writes one row of `fieldCount` fields; where `write` throws, nothing of it remains. */
  row(fieldCount: number, write: (row: CopyBuffer) => void): void {
    const start = this.#used
    this.#reserve(2)
    this.#bytes.writeInt16BE(fieldCount, this.#used)
    this.#used += 2
    try {
      write(this)
      this.#rows += 1
    } catch (error) {
      this.#used = start
      throw error
    }
  }

  /** For who writes a row's bytes himself: room for `most` bytes, and where it begins. */
  room(most: number): { bytes: Buffer; at: number } {
    this.#reserve(most)
    return { bytes: this.#bytes, at: this.#used }
  }

  /** A row was written into the room, up to `end`. */
  took(end: number): void {
    this.#used = end
    this.#rows += 1
  }

  /** The whole input of a COPY. It is a view: valid until the next row is written. */
  finish(): Buffer {
    this.#reserve(TRAILER_BYTES)
    this.#bytes.writeInt16BE(-1, this.#used)
    return this.#bytes.subarray(0, this.#used + TRAILER_BYTES)
  }

  uuid(value: string | null): void {
    if (this.#wroteNull(value)) return
    if (value.length !== 36) throw new RowRefused(`${value} is no UUID`)
    const at = this.#field(16)
    let from = 0
    for (let index = 0; index < 16; index++) {
      if (from === 8 || from === 13 || from === 18 || from === 23) {
        if (value.charCodeAt(from) !== DASH) throw new RowRefused(`${value} is no UUID`)
        from += 1
      }
      const high = nibbles[value.charCodeAt(from)] ?? 255
      const low = nibbles[value.charCodeAt(from + 1)] ?? 255
      if ((high | low) > 15) throw new RowRefused(`${value} is no UUID`)
      this.#bytes[at + index] = (high << 4) | low
      from += 2
    }
  }

  /** Microseconds since 2000; a millisecond is exact for any year that a Date knows. */
  timestampMs(value: number | null): void {
    if (this.#wroteNull(value)) return
    if (!Number.isInteger(value) || value < TIMESTAMP_MIN_MS || value > TIMESTAMP_MAX_MS)
      throw new RowRefused(`${value} is no instant in milliseconds`)
    const sinceEpochMs = value - POSTGRES_EPOCH_MS
    const at = this.#field(8)
    const micros = sinceEpochMs * 1_000
    if (!Number.isSafeInteger(micros)) {
      this.#bytes.writeBigInt64BE(BigInt(sinceEpochMs) * 1_000n, at)
      return
    }
    const high = Math.floor(micros / TWO_TO_32)
    this.#bytes.writeInt32BE(high, at)
    this.#bytes.writeUInt32BE(micros - high * TWO_TO_32, at + 4)
  }

  float8(value: number | null): void {
    if (this.#wroteNull(value)) return
    const at = this.#field(8)
    this.#bytes.writeDoubleBE(value, at)
  }

  int4(value: number | null): void {
    if (this.#wroteNull(value)) return
    if ((value | 0) !== value) throw new RowRefused(`${value} is no four-byte integer`)
    const at = this.#field(4)
    this.#bytes.writeInt32BE(value, at)
  }

  int8(value: number | null): void {
    if (this.#wroteNull(value)) return
    if (!Number.isSafeInteger(value)) throw new RowRefused(`${value} is no exact integer`)
    const at = this.#field(8)
    const high = Math.floor(value / TWO_TO_32)
    this.#bytes.writeInt32BE(high, at)
    this.#bytes.writeUInt32BE(value - high * TWO_TO_32, at + 4)
  }

  bool(value: boolean | null): void {
    if (this.#wroteNull(value)) return
    const at = this.#field(1)
    this.#bytes[at] = value ? 1 : 0
  }

  /** Of a text or an enum: both are their characters. */
  text(value: string | null): void {
    if (this.#wroteNull(value)) return
    if (value.includes('\0')) throw new RowRefused('a text holds the character 0, which Postgres refuses')
    this.#textBytes(value, 0)
  }

  bytea(value: Buffer | null): void {
    if (this.#wroteNull(value)) return
    const at = this.#field(value.length)
    value.copy(this.#bytes, at)
  }

  /** The type's version, which is 1, and its text. */
  jsonb(value: unknown): void {
    const text = JSON.stringify(value)
    if (text.includes('\\u0000'))
      throw new RowRefused('a JSON text holds the character 0, which Postgres refuses')
    const at = this.#textBytes(text, 1)
    this.#bytes[at] = 1
  }

  /** One dimension; `write` writes an element as it would a field. */
  array<V>(elementOid: number, values: readonly V[], write: (value: V) => void): void {
    const at = this.#field(values.length === 0 ? 12 : 20)
    const dimensions = values.length === 0 ? [0, 0, elementOid] : [1, 0, elementOid, values.length, 1]
    for (const [index, value] of dimensions.entries()) this.#bytes.writeInt32BE(value, at + 4 * index)
    for (const value of values) write(value)
    this.#bytes.writeInt32BE(this.#used - at, at - 4)
  }

  /** Leaves `before` bytes free in front of the text, and returns where they are. */
  #textBytes(value: string, before: number): number {
    this.#reserve(4 + before + value.length * 3) // no UTF-16 unit takes more than three bytes in UTF-8
    const at = this.#used + 4
    const length = before + this.#bytes.write(value, at + before, 'utf8')
    this.#bytes.writeInt32BE(length, this.#used)
    this.#used = at + length
    return at
  }

  #wroteNull(value: unknown): value is null {
    if (value !== null) return false
    this.#reserve(4)
    this.#bytes.writeInt32BE(-1, this.#used)
    this.#used += 4
    return true
  }

  /** Writes the length of a field and returns where its bytes go; `#bytes` may be another buffer after it. */
  #field(length: number): number {
    this.#reserve(4 + length)
    this.#bytes.writeInt32BE(length, this.#used)
    const at = this.#used + 4
    this.#used = at + length
    return at
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + more))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
