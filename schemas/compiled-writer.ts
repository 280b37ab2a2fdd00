// Avsc calls a method for each field of a value, and asks each union which of its branches the value is. Here a schema becomes
// the JavaScript that writes its values and nothing else, one function a record. It writes what avsc writes, byte for byte:
// whatever it does not take is left to avsc, which writes it, or says what is wrong with it and where.
import { inspect } from 'node:util'
import type avro from 'avsc'
import { block, nameOf, optionalOf } from './source.ts'
import { refused, viewOf, writeBytes, writeInt, writeLong, writeText } from './wire-write.ts'

/** Returns where the value ends; minus the missing bytes, where there are too few. Throws an error that names the field. */
export type Writer = (value: unknown, bytes: Buffer, at: number) => number

const calls: Readonly<Record<string, string>> = {
  int: 'writeInt',
  long: 'writeLong',
  string: 'writeText',
  bytes: 'writeBytes',
}
const PARAMETERS = '(value, bytes, view, at)'

type Compiled = (value: unknown, bytes: Buffer, view: DataView, at: number) => number

export function compiledWriter(type: avro.Type): Writer {
  const { text, defaults } = writerSource(type)
  const given = { refused, writeInt, writeLong, writeText, writeBytes, defaults }
  const write = new Function(...Object.keys(given), text)(...Object.values(given)) as Compiled
  return (value, bytes, at) => {
    let end: number
    try {
      end = write(value, bytes, viewOf(bytes), at)
    } catch {
      check(type, value)
      return type.encode(value, bytes, at)
    }
    return end <= bytes.length ? end : bytes.length - end
  }
}

function check(type: avro.Type, value: unknown): void {
  type.isValid(value, {
    errorHook(path, found, wanted) {
      const place = path.length === 0 ? '' : ` at ${path.join('.')}`
      throw new Error(`invalid ${wanted}${place}: ${inspect(found, { depth: 1 })}`)
    },
  })
}

/** The body of a function that returns the writer, and the values of the fields that may be left out. */
export function writerSource(type: avro.Type): { text: string; defaults: unknown[] } {
  const source = new Source()
  const main = block(`return function write${PARAMETERS}`, [...source.writing(type, 'value'), 'return at'])
  return { text: [...source.functions.values(), ...main].join('\n'), defaults: source.defaults }
}

/** V8 never again inlines a store that has once thrown for being out of bounds. */
const double = (variable: string): string[] => [
  `if (at + 8 <= view.byteLength) view.setFloat64(at, ${variable}, true)`,
  'at += 8',
]

class Source {
  /** By the record's name, which it may itself contain. */
  readonly functions = new Map<string, string>()
  readonly defaults: unknown[] = []
  #variables = 0

  /** The statements that write what a variable holds. */
  writing(type: avro.Type, variable: string): string[] {
    const { typeName } = type
    if (typeName in calls) return [`at = ${calls[typeName]}(bytes, at, ${variable})`]
    const refuseOther = (kind: string) => `if (typeof ${variable} !== '${kind}') throw refused`
    switch (typeName) {
      case 'boolean':
        return [refuseOther('boolean'), `bytes[at++] = ${variable} ? 1 : 0`]
      case 'double':
        return [refuseOther('number'), ...double(variable)]
      case 'enum':
        return this.#enum(type as avro.types.EnumType, variable)
      case 'array':
        return this.#array(type as avro.types.ArrayType, variable)
      case 'map':
        return [refuseOther('object'), ...this.#map(type as avro.types.MapType, variable)]
      case 'record': {
        const name = this.#record(type as avro.types.RecordType)
        return [refuseOther('object'), `at = ${name}(${variable}, bytes, view, at)`]
      }
      default:
        return this.#optional(type, variable)
    }
  }

  #enum({ symbols }: avro.types.EnumType, variable: string): string[] {
    const cases = symbols.map((symbol, i) => `case '${symbol}': at = writeInt(bytes, at, ${i}); break`)
    return block(`switch (${variable})`, [...cases, 'default: throw refused'])
  }

  #optional(type: avro.Type, variable: string): string[] {
    const { nullAt, other } = optionalOf(type)
    return [
      `if (${variable} === null) bytes[at++] = ${2 * nullAt}`,
      ...block('else', [`bytes[at++] = ${2 * (1 - nullAt)}`, ...this.writing(other, variable)]),
    ]
  }

  /** One block of all its items, and the empty one that ends it. */
  #array({ itemsType }: avro.types.ArrayType, variable: string): string[] {
    const item = this.#variable()
    return [
      `if (!Array.isArray(${variable})) throw refused`,
      `if (${variable}.length > 0) at = writeInt(bytes, at, ${variable}.length)`,
      ...block(`for (const ${item} of ${variable})`, this.writing(itemsType, item)),
      'bytes[at++] = 0',
    ]
  }

  #map({ valuesType }: avro.types.MapType, variable: string): string[] {
    const [keys, key, item] = [this.#variable(), this.#variable(), this.#variable()]
    return [
      `if (Array.isArray(${variable})) throw refused`,
      `const ${keys} = Object.keys(${variable})`,
      `if (${keys}.length > 0) at = writeInt(bytes, at, ${keys}.length)`,
      ...block(`for (const ${key} of ${keys})`, [
        `at = writeText(bytes, at, ${key})`,
        `const ${item} = ${variable}[${key}]`,
        ...this.writing(valuesType, item),
      ]),
      'bytes[at++] = 0',
    ]
  }

  /** Returns the name of its function. */
  #record(type: avro.types.RecordType): string {
    const name = `write_${nameOf(type)}`
    if (this.functions.has(name)) return name
    this.functions.set(name, '')
    const statements = [...type.fields.flatMap((field) => this.#field(field)), 'return at']
    this.functions.set(name, block(`function ${name}${PARAMETERS}`, statements).join('\n'))
    return name
  }

  #field({ name, type, defaultValue }: avro.types.Field): string[] {
    const variable = this.#variable()
    const statements = this.writing(type, variable)
    const fallback = defaultValue()
    if (fallback === undefined) return [`const ${variable} = value.${name}`, ...statements]
    const index = this.defaults.push(fallback) - 1
    const orElse = `if (${variable} === undefined) ${variable} = defaults[${index}]`
    return [`let ${variable} = value.${name}`, orElse, ...statements]
  }

  #variable(): string {
    return `v${this.#variables++}`
  }
}
