// From the bytes of a message to a JSON value, safely: right UTF-8, bounded depth, no field twice, no keys that poison
// prototypes.
import { PipelineError } from '../schemas/failure.ts'
import { flawOf } from './json-scan.ts'

/** The Things Stack nests about 8 deep; deeper than this is an attack on whoever walks the value recursively. */
const depthMax = 64

export type JsonBody = { text: string; value: unknown }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Throws BODY_NOT_UTF8, BODY_TOO_DEEP or BODY_NOT_JSON. */
export function parseJsonBody(bytes: Buffer): JsonBody {
  if (bytes.length === 0) throw new PipelineError('BODY_NOT_JSON', { reason: 'it is empty' })
  const text = decoded(bytes)
  const flaw = flawOf(bytes, depthMax)
  if (flaw === 'deep') throw new PipelineError('BODY_TOO_DEEP', { depthMax })
  const value = parsed(text)
  if (flaw === 'repeated') throw new PipelineError('BODY_NOT_JSON', { reason: 'it names a field twice' })
  if (mayPoison(text) && isPoisoned(value))
    throw new PipelineError('BODY_NOT_JSON', { reason: 'it holds a forbidden key' })
  return { text, value }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PipelineError('BODY_NOT_JSON', { reason: reasonOf(error as Error) }, error)
  }
}

/** V8 quotes the body in its message; a body may hold what a log must not. */
function reasonOf(error: Error): string {
  const position = /at position (\d+)/.exec(error.message)
  return position ? `it breaks off or errs at character ${position[1]}` : 'it is not well-formed'
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new PipelineError('BODY_NOT_UTF8', {}, error)
  }
}

/** Most bodies hold neither the word nor an escape that could spell it, and are not walked. */
const mayPoison = (text: string): boolean => text.includes('proto') || text.includes('\\u')

/** `__proto__`, or `constructor.prototype`, anywhere: whoever copies such a value changes every object. */
function isPoisoned(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, inner]) => {
    if (name === '__proto__') return true
    const hasPrototype = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')
    return (name === 'constructor' && hasPrototype) || isPoisoned(inner)
  })
}
