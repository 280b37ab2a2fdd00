// Every id that the pipeline makes is derived from the names that identify the thing, so a replay gives the very
// same ids: UUID version 5 (RFC 9562) under one namespace of our own.
import { hash } from 'node:crypto'

const namespace = '6f0d7c1e5a1b5c2d8e3f4a5b6c7d8e9f'
const NAMESPACE_BYTES = 16
/** UTF-8 takes at most three bytes for each unit of a string. */
const BYTES_A_UNIT = 3

/** The namespace with room behind it: thousands of ids a second, and a Hash object costs as much as its hash. */
let scratch = withNamespace(1_024)

function withNamespace(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.write(namespace, 'hex')
  return bytes
}

/**
 * The id of what `parts` identify, such as `('excursion', unitId, startedAt, direction)`. Parts are joined by `|`,
 * which none of ours contains.
 */
export function derivedId(...parts: readonly (string | number | null)[]): string {
  const name = parts.join('|')
  const need = NAMESPACE_BYTES + BYTES_A_UNIT * name.length
  if (need > scratch.length) scratch = withNamespace(need)
  const end = NAMESPACE_BYTES + scratch.write(name, NAMESPACE_BYTES)
  const hex = hash('sha1', scratch.subarray(0, end), 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
