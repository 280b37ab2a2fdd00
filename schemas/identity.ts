// Every id that the pipeline makes is derived from the names that identify the thing, so a replay gives the very
// same ids: UUID version 5 (RFC 9562) under one namespace of our own.
import { createHash } from 'node:crypto'

const NAMESPACE = Buffer.from('6f0d7c1e5a1b5c2d8e3f4a5b6c7d8e9f', 'hex')

/**
 * The id of what `parts` identify, such as `('excursion', unitId, startedAt, direction)`. Parts are joined by `|`,
 * which none of ours contains.
 */
export function derivedId(...parts: readonly (string | number | null)[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(parts.join('|')).digest()
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = hash.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
