// Judges the bytes of a JSON text before anything is built of them: how deep it nests, and whether it names a field twice.
// Of two fields of one name every reader takes another one, so a message with two DevEUIs would be somebody's and nobody's.

export type Flaw = 'deep' | 'repeated'

type Level = Set<string> | null

/** Names are compared down to here: every field that decides identity or a reading lies above, wrapped or not. */
const watchedDepth = 5

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace, comma] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d, 0x2c,
]

/** In UTF-8 no other character contains the bytes of these, so bytes will do. What is no JSON at all may pass. */
export function flawOf(bytes: Buffer, depthMax: number): Flaw | null {
  // The names that each open object has so far; null for a list, and for what lies too deep.
  const open: Level[] = []
  let isName = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === quote) {
      const end = endOfText(bytes, at + 1)
      if (isName && isRepeated(open.at(-1), bytes, at, end)) return 'repeated'
      isName = false
      at = end
    } else if (byte === openBrace || byte === openBracket) {
      isName = byte === openBrace && open.length < watchedDepth
      open.push(isName ? new Set() : null)
      if (open.length > depthMax) return 'deep'
    } else if (byte === closeBrace || byte === closeBracket) {
      open.pop()
      isName = false
    } else if (byte === comma) {
      isName = (open.at(-1) ?? null) !== null
    }
  }
  return null
}

/** The position of the closing quote. */
function endOfText(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}

function isRepeated(names: Level | undefined, bytes: Buffer, start: number, end: number): boolean {
  if (!names) return false
  const name = nameOf(bytes.toString('latin1', start + 1, end))
  if (names.has(name)) return true
  names.add(name)
  return false
}

/** `f\u005fcnt` is `f_cnt`. */
function nameOf(written: string): string {
  if (!written.includes('\\')) return written
  try {
    return JSON.parse(`"${written}"`) as string
  } catch {
    return written // no JSON: the parser says so
  }
}
