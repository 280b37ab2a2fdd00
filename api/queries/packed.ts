// Numbers and instants of many rows as one value: the bytes that Postgres would send of each, in base64 because pg reads nothing but
// text. Digits would take Postgres longer to write than the rows to find, and Node as long again to read.

export type Packed = string | null
/** Read one by one, where they are. A list is such values, too. */
export type Values<V> = { readonly length: number; at(place: number): V }

const BYTES = 8
/** The NaN that stands for null, as in R. One that was measured has another tail. */
const NULL_HEX = '7ff80000000007a2'
const NULL_TAIL = 0x7a2

/** In SQL: what `expression` is in each row of a group, in their order; null where there is none. */
export const packedNumbers = (expression: string): string =>
  packed(`coalesce(float8send((${expression})::float8), '\\x${NULL_HEX}')`)

/** The same of instants that are never null. */
export const packedInstants = (expression: string): string => packed(`timestamptz_send(${expression})`)

const packed = (bytes: string): string => `encode(string_agg(${bytes}, ''), 'base64')`

export function numbersOf(column: Packed): Values<number | null> {
  const view = viewOf(column)
  const at = (place: number) => {
    const number = view.getFloat64(place * BYTES)
    return Number.isNaN(number) && view.getUint32(place * BYTES + 4) === NULL_TAIL ? null : number
  }
  return { length: view.byteLength / BYTES, at }
}

const MS_OF_2000 = Date.UTC(2000, 0, 1)

/** Milliseconds since 1970. */
export function instantsOf(column: Packed): Values<number> {
  const view = viewOf(column)
  const at = (place: number) => {
    // Microseconds since 2000, in 64 bits.
    const us = view.getInt32(place * BYTES) * 2 ** 32 + view.getUint32(place * BYTES + 4)
    return us / 1_000 + MS_OF_2000
  }
  return { length: view.byteLength / BYTES, at }
}

export const listOf = <V>({ length, at }: Values<V>): V[] => Array.from({ length }, (_, place) => at(place))

function viewOf(column: Packed): DataView {
  const { buffer, byteOffset, length } = Buffer.from(column ?? '', 'base64')
  return new DataView(buffer, byteOffset, length)
}
