// Keys as texts. The same few thousand come again with every record: each is one string, and not another one a record, which would
// have to be made, hashed, compared with the one that a map has, and collected.

/** Longer ones are none of ours. */
const KNOWN_BYTES_MAX = 64
/** A power of two. What strangers make up takes no more room than this. */
const KNOWN_TEXTS = 65_536
/** The end of a key tells it apart: ids count up there, or are random. */
const HASHED_BYTES = 12

const known: string[] = new Array(KNOWN_TEXTS).fill('')

/** What `toString` makes of the bytes, UTF-8. */
export function keyText(bytes: Buffer, from: number, to: number): string {
  if (to - from > KNOWN_BYTES_MAX) return bytes.toString('utf8', from, to)
  let hash = to - from
  for (let at = Math.max(from, to - HASHED_BYTES); at < to; at++)
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  const slot = (hash ^ (hash >>> 15)) & (KNOWN_TEXTS - 1)
  const text = known[slot] as string
  if (isText(text, bytes, from, to)) return text
  const fresh = bytes.toString('utf8', from, to)
  // Of others a character is not a byte, and they would never be found.
  if (isText(fresh, bytes, from, to)) known[slot] = fresh
  return fresh
}

function isText(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let at = from; at < to; at++) if (text.charCodeAt(at - from) !== bytes[at]) return false
  return true
}
