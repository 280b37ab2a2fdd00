// Texts that come again and again, as keys, ids and names do: each is one string, and not another one a record, which would have to
// be made, hashed, compared with the one that a map has, and collected.

/** Longer ones are none of ours. */
const KNOWN_BYTES_MAX = 64
/** The end of a text tells it apart: ids count up there, or are random. */
const HASHED_BYTES = 8

export class KnownTexts {
  readonly #known: string[]

  /** `most`, a power of two: what strangers make up takes no more room than this. */
  constructor(most: number) {
    this.#known = new Array(most).fill('')
  }

  /** What `toString` makes of the bytes, UTF-8. */
  of(bytes: Buffer, from: number, to: number): string {
    const length = to - from
    if (length > KNOWN_BYTES_MAX) return bytes.toString('utf8', from, to)
    let hash = length
    for (let at = Math.max(from, to - HASHED_BYTES); at < to; at++)
      hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    const slot = (hash ^ (hash >>> 15)) & (this.#known.length - 1)
    const known = this.#known[slot] as string
    if (isText(known, bytes, from, to)) return known
    const fresh = bytes.toString('utf8', from, to)
    // A character for each byte: all are ASCII, or stand for a byte that is no text, and such a one is never found. A text with
    // others could be taken for bytes that are something else.
    if (fresh.length === length) this.#known[slot] = fresh
    return fresh
  }
}

function isText(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let at = from; at < to; at++) if (text.charCodeAt(at - from) !== bytes[at]) return false
  return true
}

const keys = new KnownTexts(65_536)

export const keyText = (bytes: Buffer, from: number, to: number): string => keys.of(bytes, from, to)
