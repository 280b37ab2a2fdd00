// The readings that one record of `reading-batches` carries: where each lies in its bytes.
import { eachItem } from '../schemas/carried-items.ts'
import type { Codecs } from '../schemas/codec.ts'

/** A reading, framed as in its own topic: `bytes` from `from` up to `to`. */
export type Carried = { bytes: Buffer; from: number; to: number }

/** In their order. Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, and as `decode` for another schema. */
export function carriedIn(batch: Buffer, codecs: Codecs): Carried[] {
  const items: Carried[] = []
  const isOurs = eachItem('reading-batches', batch, codecs, (_keyFrom, _keyTo, from, to) => {
    items.push({ bytes: batch, from, to })
  })
  if (isOurs) return items
  const { decode } = codecs.of('reading-batches')
  return decode(batch).items.map(({ value }) => ({ bytes: value, from: 0, to: value.length }))
}
