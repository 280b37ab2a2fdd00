// Avro straight to COPY's binary format: of a record that has our own schema each field is read and written in one step, and
// no object, string or number is made of it that is not needed. Whatever is unusual (another schema, a text beyond ASCII, a
// value that no column holds, bytes that are not what they should be) is left to the way over the decoded record, which
// knows how to say what is wrong: here it only means "not this way".
import type { CopyBuffer } from './copy-binary.ts'

/** What a column holds; a field without a column is read and left out. */
export type ColumnKind = 'uuid' | 'text' | 'timestampMs' | 'float8' | 'int4' | 'bool'

type AvroType = string | { type: string; symbols?: readonly string[] } | readonly AvroType[]
export type AvroRecord = { fields: readonly { name: string; type: AvroType }[] }

/** Of a row's field count, and of a field: its length and the longest value that is not a text. */
const COUNT_BYTES = 2
const FIELD_BYTES_MAX = 4 + 16

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1)
const TWO_TO_28 = 2 ** 28
const TWO_TO_32 = 2 ** 32

const nibbles = new Uint8Array(256).fill(255)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  nibbles[digit.charCodeAt(0)] = value
  nibbles[digit.toUpperCase().charCodeAt(0)] = value
}
const DASH = '-'.charCodeAt(0)
/** Where the two digits of each byte stand in the text of a UUID. */
const uuidDigits = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/** Not this way. One object, because it is thrown for nothing but to get out. */
const OtherWay = new Error('the record is not transcoded')

type Step = () => void

export class RowTranscoder {
  readonly #steps: readonly Step[]
  readonly #columns: number
  readonly #schemaId: number
  readonly #watched: string
  #onInstant: (ms: number) => void = () => {}
  #in: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #out: Uint8Array = new Uint8Array(0)
  #to = 0

  /**
   * `columns`: of each field of `schema` that has one, in the order of the fields, which is the order of COPY's columns.
   * `watched`: the field of an instant that `write` is asked about.
   */
  constructor(
    schemaId: number,
    schema: AvroRecord,
    columns: Readonly<Record<string, ColumnKind>>,
    watched: string,
  ) {
    this.#schemaId = schemaId
    this.#columns = Object.keys(columns).length
    this.#watched = watched
    this.#steps = schema.fields.map(({ name, type }) => this.#stepOf(name, type, columns[name]))
  }

  /**
   * False: nothing was written, and the record is to take the other way. `onInstant` is told the watched instant before its
   * row is complete, and may refuse it by throwing. The record lies in `source` from `from` up to `end`.
   */
  write(
    source: Uint8Array,
    copy: CopyBuffer,
    onInstant: (ms: number) => void,
    from = 0,
    end = source.length,
  ): boolean {
    const { bytes, at } = copy.room(COUNT_BYTES + this.#columns * FIELD_BYTES_MAX + end - from)
    this.#onInstant = onInstant
    this.#in = source
    this.#out = bytes
    this.#at = from
    this.#end = end
    this.#to = at + COUNT_BYTES
    try {
      this.#checkHeader()
      for (const step of this.#steps) step()
      if (this.#at !== end) return false
    } catch {
      return false // whatever it is, the other way finds it, too, and says it
    }
    bytes[at] = this.#columns >> 8
    bytes[at + 1] = this.#columns
    copy.took(this.#to)
    return true
  }

  #checkHeader(): void {
    const zero = this.#byte()
    const id = (this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte()
    if (zero !== 0 || id >>> 0 !== this.#schemaId) throw OtherWay
  }

  #stepOf(name: string, type: AvroType, column: ColumnKind | undefined): Step {
    if (!Array.isArray(type))
      return this.#plainStep(name, type as Exclude<AvroType, readonly AvroType[]>, column)
    const nullAt = type.indexOf('null')
    const value = type.find((branch) => branch !== 'null')
    if (type.length !== 2 || nullAt < 0 || value === undefined)
      throw new Error(`${name}: a union of null and one type`)
    const step = this.#plainStep(name, value as Exclude<AvroType, readonly AvroType[]>, column)
    return () => {
      const branch = this.#long()
      if (branch === 1 - nullAt) step()
      else if (branch !== nullAt) throw OtherWay
      else if (column !== undefined) this.#length(-1)
    }
  }

  #plainStep(
    name: string,
    type: Exclude<AvroType, readonly AvroType[]>,
    column: ColumnKind | undefined,
  ): Step {
    const avro = typeof type === 'string' ? type : type.type
    const key = column === undefined ? avro : `${avro} ${column}`
    const steps: Record<string, Step> = {
      'string uuid': () => this.#uuid(),
      'string text': () => this.#text(),
      'long timestampMs':
        name === this.#watched ? () => this.#watchedTimestamp() : () => this.#timestamp(this.#long()),
      'double float8': () => this.#float8(),
      'int int4': () => this.#int4(),
      'boolean bool': () => this.#bool(),
      string: () => this.#skip(this.#long()),
      double: () => this.#skip(8),
      boolean: () => this.#skip(1),
      long: () => void this.#long(),
      int: () => void this.#long(),
      enum: () => this.#symbol(typeof type === 'string' ? 0 : (type.symbols?.length ?? 0)),
    }
    const step = steps[key]
    if (step === undefined) throw new Error(`${name}: ${key} cannot be transcoded`)
    return step
  }

  // ── what Avro has ──

  /** Zigzag, 7 bits a byte, the lowest first. Instants need six bytes, most others one. */
  #long(): number {
    let byte = this.#byte()
    let low = byte & 0x7f
    for (let shift = 7; byte > 0x7f && shift < 28; shift += 7) {
      byte = this.#byte()
      low |= (byte & 0x7f) << shift
    }
    if (byte <= 0x7f) return (low >>> 1) ^ -(low & 1)
    let high = 0
    for (let factor = 1; byte > 0x7f; factor *= 128) {
      byte = this.#byte()
      high += (byte & 0x7f) * factor
    }
    const zigzag = high * TWO_TO_28 + low
    if (zigzag > Number.MAX_SAFE_INTEGER) throw OtherWay
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  #byte(): number {
    const at = this.#at++
    if (at >= this.#end) throw OtherWay
    return this.#in[at] ?? 0
  }

  #symbol(count: number): void {
    const index = this.#long()
    if (index < 0 || index >= count) throw OtherWay
  }

  #skip(length: number): void {
    this.#at += length
    if (length < 0 || this.#at > this.#end) throw OtherWay
  }

  // ── what COPY wants ──

  #length(length: number): void {
    this.#int32(length)
  }

  #int32(value: number): void {
    const out = this.#out
    const to = this.#to
    out[to] = value >> 24
    out[to + 1] = value >> 16
    out[to + 2] = value >> 8
    out[to + 3] = value
    this.#to = to + 4
  }

  #uuid(): void {
    if (this.#long() !== 36) throw OtherWay
    const [bytes, out, at] = [this.#in, this.#out, this.#at]
    this.#skip(36)
    this.#length(16)
    if (
      bytes[at + 8] !== DASH ||
      bytes[at + 13] !== DASH ||
      bytes[at + 18] !== DASH ||
      bytes[at + 23] !== DASH
    )
      throw OtherWay
    let wrong = 0
    for (let index = 0; index < 16; index++) {
      const from = at + (uuidDigits[index] ?? 0)
      const high = nibbles[bytes[from] ?? 0] ?? 255
      const low = nibbles[bytes[from + 1] ?? 0] ?? 255
      wrong |= high | low
      out[this.#to + index] = (high << 4) | low
    }
    if (wrong > 15) throw OtherWay
    this.#to += 16
  }

  #text(): void {
    const length = this.#long()
    const at = this.#at
    this.#skip(length)
    this.#length(length)
    const [bytes, out, to] = [this.#in, this.#out, this.#to]
    for (let index = 0; index < length; index++) {
      const byte = bytes[at + index] ?? 0
      if (byte === 0 || byte > 0x7f) throw OtherWay
      out[to + index] = byte
    }
    this.#to = to + length
  }

  #watchedTimestamp(): void {
    const ms = this.#long()
    this.#onInstant(ms)
    this.#timestamp(ms)
  }

  #timestamp(ms: number): void {
    const micros = (ms - POSTGRES_EPOCH_MS) * 1_000
    if (!Number.isSafeInteger(micros)) throw OtherWay
    this.#length(8)
    const high = Math.floor(micros / TWO_TO_32)
    this.#int32(high)
    this.#int32(micros - high * TWO_TO_32)
  }

  /** The same eight bytes, the other way round. */
  #float8(): void {
    const at = this.#at
    this.#skip(8)
    this.#length(8)
    const [bytes, out, to] = [this.#in, this.#out, this.#to]
    for (let index = 0; index < 8; index++) out[to + index] = bytes[at + 7 - index] ?? 0
    this.#to = to + 8
  }

  #int4(): void {
    const value = this.#long()
    if ((value | 0) !== value) throw OtherWay
    this.#length(4)
    this.#int32(value)
  }

  #bool(): void {
    const byte = this.#byte()
    if (byte > 1) throw OtherWay
    this.#length(1)
    this.#out[this.#to++] = byte
  }
}
