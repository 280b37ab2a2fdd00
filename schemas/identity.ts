// Every id that the pipeline makes is derived from the names that identify the thing, so a replay gives the very
// same ids: UUID version 5 (RFC 9562) under one namespace of our own.
import { hash } from 'node:crypto'

const namespace = '6f0d7c1e5a1b5c2d8e3f4a5b6c7d8e9f'
const NAMESPACE_BYTES = 16
/** UTF-8 takes at most three bytes for each unit of a string. */
const BYTES_A_UNIT = 3

/** The namespace with room behind it: thousands of ids a second, and a Hash object costs as much as its hash. */
let scratch = withNamespace(1_024)
/** The beginnings of `scratch`, by their lengths: one costs a tenth of an id. */
let beginnings: Buffer[] = []

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
  if (need > scratch.length) {
    scratch = withNamespace(need)
    beginnings = []
  }
  const end = NAMESPACE_BYTES + scratch.write(name, NAMESPACE_BYTES)
  beginnings[end] ??= scratch.subarray(0, end)
  return textOf(hash('sha1', beginnings[end], 'hex'))
}

/** In place: nine pieces of text would have to be made and joined. */
const text = Buffer.from('........-....-5...-....-............')
/** Where the digits of the hash go. */
const places = [...text.keys()].filter((at) => text[at] !== 0x2d)
const VERSION_AT = 14
const VARIANT_AT = 19

function textOf(hex: string): string {
  for (let digit = 0; digit < places.length; digit++) text[places[digit] as number] = hex.charCodeAt(digit)
  text[VERSION_AT] = '5'.charCodeAt(0)
  text[VARIANT_AT] = '89ab'.charCodeAt(Number.parseInt(hex.charAt(16), 16) & 0x3)
  return text.toString('latin1')
}
