// What the two makers of code have in common: compiled-writer.ts and compiled-reader.ts.
import type avro from 'avsc'

export const block = (head: string, statements: readonly string[]): string[] => [
  `${head} {`,
  ...statements.map((statement) => `  ${statement}`),
  '}',
]

export const nameOf = ({ name = '' }: avro.Type): string => name.replaceAll('.', '_')

/** The branches of a union of null and one more: all unions of ours are. */
export function optionalOf(type: avro.Type): { nullAt: number; other: avro.Type } {
  const { types = [] } = type as Partial<avro.types.UnwrappedUnionType>
  const nullAt = types.findIndex(({ typeName }) => typeName === 'null')
  const other = types[1 - nullAt]
  if (types.length === 2 && nullAt >= 0 && other !== undefined) return { nullAt, other }
  throw new Error(
    `No code is made for the type ${type}: see schemas/compiled-writer.ts and compiled-reader.ts.`,
  )
}
