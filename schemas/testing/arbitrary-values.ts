// For tests: values of any schema of ours, with the edges at which writers go wrong.
import type avro from 'avsc'
import fc from 'fast-check'

const LONG_MAX = 2 ** 53 - 2
const edges = (...values: number[]) => fc.constantFrom(...values, ...values.map((value) => -value))

const texts = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.integer({ min: 0, max: 130 }).map((length) => 'a'.repeat(length)),
  fc.constantFrom(
    '',
    'é',
    '温度',
    '❄️',
    '\u{1f9ca}'.repeat(16),
    '\ud800',
    'x\udc00'.repeat(30),
    '\0',
    'é'.repeat(500),
  ),
)

const primitives: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  null: fc.constant(null),
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer(), edges(0, 1, 63, 64, 65, 8191, 8192, 2 ** 28, 2 ** 30, 2 ** 31 - 1)),
  long: fc.oneof(
    fc.integer(),
    fc.integer({ min: -LONG_MAX, max: LONG_MAX }),
    fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }),
    edges(0, 2 ** 27, 2 ** 28, 2 ** 30, 2 ** 30 + 1, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 52 + 1, LONG_MAX),
  ),
  double: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY)),
  string: texts,
  bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
}

/** Records of the same name refer to the same type; ours do not contain themselves. */
export function valuesOf(type: avro.Type): fc.Arbitrary<unknown> {
  const primitive = primitives[type.typeName]
  if (primitive !== undefined) return primitive
  switch (type.typeName) {
    case 'enum':
      return fc.constantFrom(...(type as avro.types.EnumType).symbols)
    case 'array':
      return listsOf((type as avro.types.ArrayType).itemsType)
    case 'map':
      return fc.dictionary(texts, valuesOf((type as avro.types.MapType).valuesType), { maxKeys: 5 })
    case 'record':
      return fc.record(
        Object.fromEntries(
          (type as avro.types.RecordType).fields.map((field) => [field.name, fieldValuesOf(field)]),
        ),
      )
    default:
      return fc.oneof(...(type as avro.types.UnwrappedUnionType).types.map(valuesOf))
  }
}

/** A count beyond 63 has two bytes. */
function listsOf(items: avro.Type): fc.Arbitrary<unknown> {
  const values = valuesOf(items)
  const few = fc.array(values, { maxLength: 3 })
  return primitives[items.typeName] === undefined
    ? few
    : fc.oneof({ weight: 9, arbitrary: few }, fc.array(values, { minLength: 63, maxLength: 66 }))
}

/** What has a default may be left out. */
function fieldValuesOf({ type, defaultValue }: avro.types.Field): fc.Arbitrary<unknown> {
  const values = valuesOf(type)
  return defaultValue() === undefined
    ? values
    : fc.oneof({ weight: 5, arbitrary: values }, fc.constant(undefined))
}

type Place = readonly string[]

/** Every place in a value, the whole of it included. */
export function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [[]]
  const inner = Object.entries(value).flatMap(([key, one]) => placesOf(one).map((place) => [key, ...place]))
  return [[], ...inner]
}

/** A copy with something else in one place. */
export function withAt(value: unknown, [key, ...rest]: Place, other: unknown): unknown {
  if (key === undefined) return other
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  return Object.assign(copy, { [key]: withAt((value as Record<string, unknown>)[key], rest, other) })
}
