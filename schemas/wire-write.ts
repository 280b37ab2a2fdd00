// How values of Avro lie in bytes: what the compiled writers call. Each takes a place and returns the one behind what it wrote.
// A store beyond the bytes does nothing, so that nobody asks before each: who wants to know compares the end.

/** Thrown for a value that is not of its type. Avsc is asked then what is wrong with it, and where. */
export const refused = new Error('a value does not follow its schema')

/** Beyond it a number has no place of its own between its neighbours. As avsc has it. */
const LONG_MAX = 2 ** 53 - 2
/** A number up to it may be shifted by a bit without leaving 32 of them. */
const SHORT_MAX = 2 ** 30
const LOW_BITS = 2 ** 28
const ONE_BYTE_LENGTH_MAX = 63
/** Up to so many characters a loop is faster than a call into Node. */
const LOOP_MAX = 12
/** Avsc writes texts up to it by a loop of its own, longer ones by Node's. */
const AVSC_LOOP_BYTES_MAX = 64

let latest: Buffer = Buffer.alloc(0)
let latestView: DataView = new DataView(latest.buffer)

/** For doubles. Making one costs as much as writing four texts, and many values go into the same bytes. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== latest) {
    latest = bytes
    latestView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  return latestView
}

export function writeInt(bytes: Buffer, at: number, value: number): number {
  if (value !== (value | 0)) throw refused
  return writeUnsigned(bytes, at, ((value << 1) ^ (value >> 31)) >>> 0)
}

/** 7 bits a byte, the lowest first; below 2^32. */
function writeUnsigned(bytes: Buffer, at: number, value: number): number {
  let rest = value
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

export function writeLong(bytes: Buffer, at: number, value: number): number {
  if (value >= -SHORT_MAX && value < SHORT_MAX) return writeInt(bytes, at, value)
  if (!Number.isInteger(value) || value < -LONG_MAX || value > LONG_MAX) throw refused
  const zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  const high = Math.floor(zigzag / LOW_BITS)
  const low = zigzag - high * LOW_BITS
  bytes[at++] = (low & 0x7f) | 0x80
  bytes[at++] = ((low >>> 7) & 0x7f) | 0x80
  bytes[at++] = ((low >>> 14) & 0x7f) | 0x80
  bytes[at++] = (low >>> 21) | 0x80
  return writeUnsigned(bytes, at, high)
}

/** Most texts are ASCII and shorter than 64: written as if this one were, until it turns out not to be. */
export function writeText(bytes: Buffer, at: number, value: string): number {
  if (typeof value !== 'string') throw refused
  const { length } = value
  const to = at + 1 + length
  // Node would not say that it has left out the end of a text: there must be room for the longest.
  if (length > ONE_BYTE_LENGTH_MAX || at + 1 + 3 * length > bytes.length)
    return writeLongText(bytes, at, value)
  bytes[at] = length << 1
  if (length > LOOP_MAX)
    return bytes.write(value, at + 1, 'utf8') === length ? to : writeLongText(bytes, at, value)
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code > 0x7f) return writeLongText(bytes, at, value)
    bytes[at + 1 + i] = code
  }
  return to
}

function writeLongText(bytes: Buffer, at: number, value: string): number {
  const length = Buffer.byteLength(value)
  // Half a surrogate pair: avsc writes it in a short text as it is, in a long one as U+FFFD. It shall do so.
  if (length <= AVSC_LOOP_BYTES_MAX && !value.isWellFormed()) throw refused
  const from = writeInt(bytes, at, length)
  const to = from + length
  if (to <= bytes.length) bytes.write(value, from, length, 'utf8')
  return to
}

export function writeBytes(bytes: Buffer, at: number, value: Buffer): number {
  if (!Buffer.isBuffer(value)) throw refused
  const from = writeInt(bytes, at, value.length)
  const to = from + value.length
  if (to <= bytes.length) bytes.set(value, from)
  return to
}
