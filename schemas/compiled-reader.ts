// A schema becomes the JavaScript that reads its values, one function a record, as compiled-writer.ts has it. Of the outermost
// record only those fields are read that were asked for, the others are passed over. It reads what avsc reads; values of other
// releases, whose schema differs, are left to avsc.
import type avro from 'avsc'
import { block, nameOf, optionalOf } from './source.ts'
import { Wire } from './wire-read.ts'

/** Reads the value that lies between two places. Throws where it does not end there. */
type ValueReader = (bytes: Buffer, from: number, to: number) => unknown

// One for all: it holds no value, only the place where the next one is.
const wire = new Wire()

const expressions: Readonly<Record<string, string>> = {
  boolean: 'wire.boolean()',
  int: 'wire.long()',
  long: 'wire.long()',
  double: 'wire.double()',
  string: 'wire.text()',
  bytes: 'wire.bytes()',
}
const skips: Readonly<Record<string, string>> = {
  boolean: 'wire.at += 1',
  int: 'wire.long()',
  long: 'wire.long()',
  enum: 'wire.long()',
  double: 'wire.at += 8',
  string: 'wire.skipBytes()',
  bytes: 'wire.skipBytes()',
}

export function compiledReader(type: avro.Type, fields: readonly string[]): ValueReader {
  const { text, symbols } = readerSource(type as avro.types.RecordType, fields)
  const read = new Function('wire', 'symbols', text)(wire, symbols) as () => unknown
  return (bytes, from, to) => {
    wire.start(bytes, from)
    const value = read()
    if (wire.at === to) return value
    throw new Error(wire.at < to ? `${to - wire.at} bytes are left over` : 'it ends too early')
  }
}

/** The body of a function that returns the reader, and the symbols of each enum. */
export function readerSource(type: avro.types.RecordType, wanted: readonly string[]) {
  const source = new Source()
  const main = block('return function read()', source.record(type, wanted))
  return { text: [...source.functions.values(), ...main].join('\n'), symbols: source.symbols }
}

class Source {
  /** By their name. A record's may itself contain it. */
  readonly functions = new Map<string, string>()
  readonly symbols: string[][] = []

  /** The statements of a function that reads a record's wanted fields. */
  record({ fields }: avro.types.RecordType, wanted: readonly string[]): string[] {
    const statements = fields.flatMap(({ name, type }) =>
      wanted.includes(name) ? [`const ${name}_ = ${this.#reading(type)}`] : this.#skipping(type),
    )
    const read = fields.flatMap(({ name }) => (wanted.includes(name) ? [`${name}: ${name}_`] : []))
    return [...statements, `return { ${read.join(', ')} }`]
  }

  /** The expression that reads a value. */
  #reading(type: avro.Type): string {
    const expression = expressions[type.typeName]
    if (expression !== undefined) return expression
    switch (type.typeName) {
      case 'enum': {
        const { symbols } = type as avro.types.EnumType
        return `symbols[${this.symbols.push(symbols) - 1}][wire.index(${symbols.length})]`
      }
      case 'record':
        return this.#recordCall(type as avro.types.RecordType)
      case 'array':
        return this.#call(`list${this.functions.size}`, () => this.#array(type as avro.types.ArrayType))
      case 'map':
        return this.#call(`map${this.functions.size}`, () => this.#map(type as avro.types.MapType))
      default: {
        const { nullAt, other } = optionalOf(type)
        return `wire.index(2) === ${nullAt} ? null : ${this.#reading(other)}`
      }
    }
  }

  #recordCall(type: avro.types.RecordType): string {
    const fields = type.fields.map(({ name }) => name)
    return this.#call(`read_${nameOf(type)}`, () => this.record(type, fields))
  }

  #call(name: string, statementsOf: () => string[]): string {
    if (!this.functions.has(name)) {
      this.functions.set(name, '')
      this.functions.set(name, block(`function ${name}()`, statementsOf()).join('\n'))
    }
    return `${name}()`
  }

  #array({ itemsType }: avro.types.ArrayType): string[] {
    return ['const items = []', ...eachBlock([`items.push(${this.#reading(itemsType)})`]), 'return items']
  }

  #map({ valuesType }: avro.types.MapType): string[] {
    return [
      'const values = {}',
      ...eachBlock(['const key = wire.text()', `values[key] = ${this.#reading(valuesType)}`]),
      'return values',
    ]
  }

  /** The statements that move behind a value. */
  #skipping(type: avro.Type): string[] {
    const skip = skips[type.typeName]
    if (skip !== undefined) return [skip]
    switch (type.typeName) {
      case 'record':
        return (type as avro.types.RecordType).fields.flatMap((field) => this.#skipping(field.type))
      case 'array':
        return eachBlock(this.#skipping((type as avro.types.ArrayType).itemsType))
      case 'map':
        return eachBlock(['wire.skipBytes()', ...this.#skipping((type as avro.types.MapType).valuesType)])
      default: {
        const { nullAt, other } = optionalOf(type)
        return block(`if (wire.index(2) !== ${nullAt})`, this.#skipping(other))
      }
    }
  }
}

const eachBlock = (statements: readonly string[]): string[] =>
  block(
    'for (let left = wire.items(); left > 0; left = wire.items())',
    block('for (; left > 0; left--)', statements),
  )
