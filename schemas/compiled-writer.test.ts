import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaText } from './codec.ts'
import { compiledWriter, writerSource } from './compiled-writer.ts'
import { placesOf, valuesOf, withAt } from './testing/arbitrary-values.ts'
import { topicNames } from './topics.ts'

const FILL = 0xee
const AT = 3
const AFTER = 16

const typeOf = (schema: unknown) => avro.Type.forSchema(schema as avro.Schema)

/** The end, and all bytes: those before it and behind it are others'. */
function written(write: ReturnType<typeof compiledWriter>, value: unknown, room: number) {
  const bytes = Buffer.alloc(AT + room + AFTER, FILL)
  return { end: write(value, bytes.subarray(0, AT + room), AT), bytes }
}

const between = (bytes: Buffer) => Buffer.concat([Buffer.alloc(AT, FILL), bytes, Buffer.alloc(AFTER, FILL)])

describe.each(topicNames)('of %s', (topic) => {
  const type = typeOf(JSON.parse(schemaText(topic)))
  const write = compiledWriter(type)

  const expectAsAvsc = (value: unknown): void => {
    const expected = type.toBuffer(value)
    const { end, bytes } = written(write, value, expected.length)
    expect(end).toBe(AT + expected.length)
    expect(bytes.equals(between(expected))).toBe(true)
  }

  test('every value is written byte for byte as avsc writes it', () => {
    for (let i = 0; i < 20; i++) expectAsAvsc(type.random())
    fc.assert(fc.property(valuesOf(type), expectAsAvsc), { numRuns: 30, endOnFailure: true })
  })

  test('where the bytes are too few, it says how many are missing and leaves those behind alone', () => {
    const shortened = fc.property(
      valuesOf(type),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (value, share) => {
        const { length } = type.toBuffer(value)
        const room = Math.floor((length - 1) * share)
        const { end, bytes } = written(write, value, room)
        expect(end).toBe(room - length)
        expect(bytes.subarray(AT + room).equals(Buffer.alloc(AFTER, FILL))).toBe(true)
      },
    )
    fc.assert(shortened, { numRuns: 30, endOnFailure: true })
  })

  test('a value with one place gone wrong is refused, with the place', () => {
    const wrong = fc.constantFrom<unknown>(
      ...[undefined, null, 'text', 1.5, 2 ** 31, 2 ** 53, Number.NaN, true, {}, [], Buffer.from('x')],
    )
    const broken = fc.property(valuesOf(type), fc.nat(), wrong, (value, choice, other) => {
      const places = placesOf(value)
      const place = places[choice % places.length] ?? []
      const changed = withAt(value, place, other)
      if (type.isValid(changed)) expectAsAvsc(changed)
      else expect(() => written(write, changed, 10_000)).toThrow(place.join('.'))
    })
    fc.assert(broken, { numRuns: 60, endOnFailure: true })
  })
})

const tiny = {
  type: 'record',
  name: 'Tiny',
  fields: [
    { name: 'unitId', type: 'string' },
    { name: 'valueC', type: ['null', 'double'], default: null },
  ],
}

test('a schema becomes the code that one would write by hand', () => {
  expect(writerSource(typeOf(tiny)).text).toBe(
    `function write_Tiny(value, bytes, view, at) {
  const v0 = value.unitId
  at = writeText(bytes, at, v0)
  let v1 = value.valueC
  if (v1 === undefined) v1 = defaults[0]
  if (v1 === null) bytes[at++] = 0
  else {
    bytes[at++] = 2
    if (typeof v1 !== 'number') throw refused
    if (at + 8 <= view.byteLength) view.setFloat64(at, v1, true)
    at += 8
  }
  return at
}
return function write(value, bytes, view, at) {
  if (typeof value !== 'object') throw refused
  at = write_Tiny(value, bytes, view, at)
  return at
}`,
  )
})

test('what is wrong is named with its place and what should be there', () => {
  const write = compiledWriter(typeOf({ type: 'array', items: tiny }))
  const items = [{ unitId: 'a' }, { unitId: 'b', valueC: '4.2' }]
  expect(() => write(items, Buffer.alloc(100), 0)).toThrow(`invalid ["null","double"] at 1.valueC: '4.2'`)
})

test('a schema that no writer was written for is refused at once', () => {
  const union = ['null', 'string', 'double']
  expect(() => compiledWriter(typeOf(union))).toThrow('No code is made for the type')
  expect(() => compiledWriter(typeOf('float'))).toThrow('No code is made for the type "float"')
})
