// From the bytes of a request to a JSON value, safely: right UTF-8, bounded depth, no keys that poison prototypes.
import { PipelineError } from '../schemas/failure.ts'

/** The Things Stack nests about 8 deep; deeper than this is an attack on whoever walks the value recursively. */
const depthMax = 64

export type SafeParse = (text: string) => unknown

export type JsonBody = { text: string; value: unknown }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Throws BODY_NOT_UTF8, BODY_TOO_DEEP or BODY_NOT_JSON. `parse` must refuse `__proto__` and `constructor.prototype`. */
export function parseJsonBody(bytes: Buffer, parse: SafeParse): JsonBody {
  if (bytes.length === 0) throw new PipelineError('BODY_NOT_JSON', { reason: 'it is empty' })
  const text = decoded(bytes)
  if (isDeeperThan(depthMax, bytes)) throw new PipelineError('BODY_TOO_DEEP', { depthMax })
  try {
    return { text, value: parse(text) }
  } catch (error) {
    throw new PipelineError('BODY_NOT_JSON', { reason: reasonOf(error as Error) }, error)
  }
}

/** V8 quotes the body in its message; a body may hold what a log must not. */
function reasonOf(error: Error): string {
  const position = /at position (\d+)/.exec(error.message)
  if (position) return `it breaks off or errs at character ${position[1]}`
  return /prototype/.test(error.message) ? 'it holds a forbidden key' : 'it is not well-formed'
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new PipelineError('BODY_NOT_UTF8', {}, error)
  }
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/** Counts brackets outside strings, before anything is built. In UTF-8 no other character contains these bytes. */
function isDeeperThan(most: number, bytes: Buffer): boolean {
  let depth = 0
  let isInText = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === quote) isInText = !isInText
    else if (isInText && byte === backslash) at += 1
    else if (!isInText && (byte === openBrace || byte === openBracket)) depth += 1
    else if (!isInText && (byte === closeBrace || byte === closeBracket)) depth -= 1
    if (depth > most) return true
  }
  return false
}
