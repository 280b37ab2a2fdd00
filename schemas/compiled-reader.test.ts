import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaText } from './codec.ts'
import { compiledReader, readerSource } from './compiled-reader.ts'
import { valuesOf } from './testing/arbitrary-values.ts'
import { topicNames } from './topics.ts'

const AT = 3
const typeOf = (schema: unknown) => avro.Type.forSchema(schema as avro.Schema)
const fieldsOf = (type: avro.Type) => (type as avro.types.RecordType).fields.map(({ name }) => name)

describe.each(topicNames)('of %s', (topic) => {
  const type = typeOf(JSON.parse(schemaText(topic)))
  const fields = fieldsOf(type)
  const read = compiledReader(type, fields)

  /** Between bytes of others. */
  const bytesOf = (value: unknown) =>
    Buffer.concat([Buffer.alloc(AT, 0xee), type.toBuffer(value), Buffer.alloc(20, 0xee)])

  test('every value is read as avsc reads it, whole or in part', () => {
    const parts = fc.property(valuesOf(type), fc.subarray(fields), (value, some) => {
      const bytes = bytesOf(value)
      const { value: whole, offset } = type.decode(bytes, AT)
      expect(read(bytes, AT, offset)).toEqual(whole)
      const part = Object.fromEntries(some.map((name) => [name, whole[name]]))
      expect(compiledReader(type, some)(bytes, AT, offset)).toEqual(part)
    })
    fc.assert(parts, { numRuns: 30, endOnFailure: true })
  })

  test('a value that is cut off or followed by more is refused, also by who reads none of its fields', () => {
    const readNone = compiledReader(type, [])
    const cut = fc.property(valuesOf(type), fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
      const { length } = type.toBuffer(value)
      const bytes = bytesOf(value)
      const to = AT + Math.floor((length - 1) * share)
      for (const one of [read, readNone]) {
        expect(() => one(bytes.subarray(0, to), AT, to)).toThrow('it ends too early')
        expect(() => one(bytes, AT, AT + length + 2)).toThrow('2 bytes are left over')
      }
    })
    fc.assert(cut, { numRuns: 30, endOnFailure: true })
  })

  test('damaged bytes give an error or a value that ends where it should, and nothing else', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    const damaged = fc.property(valuesOf(type), changes, (value, places) => {
      const bytes = type.toBuffer(value)
      for (const [at, byte] of places) bytes[at % bytes.length] = byte
      const ours = outcomeOf(() => read(bytes, 0, bytes.length))
      if (!('reason' in ours)) expect(ours).toEqual({ value: type.fromBuffer(bytes) })
      else expect(ours.reason).toMatch(/ends too early|left over|no symbol or branch|beyond what a number/)
    })
    fc.assert(damaged, { numRuns: 60, endOnFailure: true })
  })
})

function outcomeOf(read: () => unknown): { value: unknown } | { reason: string } {
  try {
    return { value: read() }
  } catch (error) {
    return { reason: (error as Error).message }
  }
}

const tiny = {
  type: 'record',
  name: 'Tiny',
  fields: [
    { name: 'unitId', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['fridge', 'freezer'] } },
    { name: 'valuesC', type: { type: 'array', items: ['null', 'double'] } },
  ],
}

test('a schema becomes the code that one would write by hand', () => {
  const { text, symbols } = readerSource(typeOf(tiny) as avro.types.RecordType, ['kind', 'valuesC'])
  expect(symbols).toEqual([['fridge', 'freezer']])
  expect(text).toBe(`function list0() {
  const items = []
  for (let left = wire.items(); left > 0; left = wire.items()) {
    for (; left > 0; left--) {
      items.push(wire.index(2) === 0 ? null : wire.double())
    }
  }
  return items
}
return function read() {
  wire.skipBytes()
  const kind_ = symbols[0][wire.index(2)]
  const valuesC_ = list0()
  return { kind: kind_, valuesC: valuesC_ }
}`)
})

test('blocks with their size in front, as other writers make them, are read and passed over', () => {
  const type = typeOf({ ...tiny, fields: tiny.fields.slice(2) })
  // Minus two items, ten bytes; null; one more.
  const items = Buffer.concat([Buffer.from([3, 20, 0]), type.toBuffer({ valuesC: [4.5] }).subarray(1)])
  expect(compiledReader(type, ['valuesC'])(items, 0, items.length)).toEqual({ valuesC: [null, 4.5] })
  expect(compiledReader(type, [])(items, 0, items.length)).toEqual({})
})

test('short texts that are read again are the same text, whatever else was read', () => {
  const type = typeOf({ type: 'record', name: 'Texts', fields: [{ name: 'text', type: 'string' }] })
  const read = compiledReader(type, ['text'])
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 3 }), { minLength: 1, maxLength: 50 })
  const again = fc.property(texts, (some) => {
    for (const text of [...some, ...some]) {
      const bytes = type.toBuffer({ text })
      expect(read(bytes, 0, bytes.length)).toEqual({ text: bytes.toString('utf8', 1) })
    }
  })
  fc.assert(again)
  // 0xe9 is é in latin1, and no text in UTF-8.
  for (const bytes of [
    [4, 0xc3, 0xa9],
    [2, 0xe9],
  ].map((one) => Buffer.from(one)))
    expect(read(bytes, 0, bytes.length)).toEqual({ text: bytes.toString('utf8', 1) })
})
