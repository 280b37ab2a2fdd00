// The Confluent wire format (0, schema id in 4 bytes, Avro). Values of this release are read and written by compiled code, into
// one slab instead of a buffer each. Those of others are read by avsc: a writer's schema is resolved against ours once per id,
// never per message.
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { compiledReader } from './compiled-reader.ts'
import { compiledWriter } from './compiled-writer.ts'
import { PipelineError } from './failure.ts'
import type { TopicValues } from './generated/types.ts'
import { type TopicName, topicNames } from './topics.ts'

/** Before the Avro: a zero and the schema's id. */
export const HEADER_BYTES = 5
const SLAB_BYTES = 64 * 1024

/** What the codecs need of a schema registry. `schemaOf` rejects for an id that it does not know. */
export type SchemaRegistry = {
  register(subject: string, schema: string): Promise<number>
  schemaOf(id: number): Promise<string>
}

export type Codec<T> = {
  /** Of our own schema, as `encode` frames it. */
  schemaId: number
  /** The framed bytes, a view into a shared slab: never written to again, so it may be kept. */
  encode(value: T): Buffer
  /**
   * Writes the framed bytes into a buffer of the caller, from `at` on, and returns where they end. Where they do not fit: minus
   * the number of bytes that are missing, and what lies behind `at` is then undefined.
   */
  encodeAt(value: T, bytes: Buffer, at: number): number
  /**
   * Throws RECORD_NOT_FRAMED, RECORD_UNREADABLE, or `UnlearnedSchema`: then `await codecs.learn(id)` and try again.
   */
  decode(bytes: Buffer): T
  /** Reads the first field only, of a record of this release; undefined: of another. It may be cut off behind it. */
  first(bytes: Buffer): unknown
  /** Reads these fields only: the others are skipped over, which costs a third. Throws as `decode`. */
  reader<F extends keyof T & string>(fields: readonly F[]): Reader<Pick<T, F>>
}

/** Reads a value that lies framed in `bytes` between `from` and `to`. */
export type Reader<T> = (bytes: Buffer, from: number, to: number) => T

export type Codecs = {
  of<N extends TopicName>(topic: N): Codec<TopicValues[N]>
  /** Fetches a writer's schema; throws SCHEMA_UNKNOWN where the registry has none of that id. */
  learn(topic: TopicName, schemaId: number): Promise<void>
}

/** A record names a schema id that has not been fetched yet. */
export class UnlearnedSchema extends Error {
  readonly schemaId: number
  constructor(schemaId: number) {
    super(`schema ${schemaId} has not been fetched yet`)
    this.schemaId = schemaId
  }
}

export const schemaText = (topic: TopicName): string =>
  readFileSync(new URL(`./${topic}.avsc`, import.meta.url), 'utf8')

const typeOf = (schema: string): avro.Type => avro.Type.forSchema(JSON.parse(schema) as avro.Schema)

export const subjectOf = (prefix: string, topic: TopicName): string => `${prefix}${topic}-value`

type EncodeAt = (value: unknown, bytes: Buffer, at: number) => number

function encoderOf(type: avro.Type, schemaId: number): EncodeAt {
  const write = compiledWriter(type)
  return function encodeAt(value, bytes, at) {
    const end = write(value, bytes, at + HEADER_BYTES)
    if (end < 0) return end
    bytes[at] = 0
    bytes.writeUInt32BE(schemaId, at + 1)
    return end
  }
}

type Slab = { bytes: Buffer; used: number }

function encodeInto(slab: Slab, encodeAt: EncodeAt, value: unknown): Buffer {
  const start = slab.used
  const end = encodeAt(value, slab.bytes, start)
  if (end < 0) {
    // A fresh slab, larger where one value needs it.
    const size = Math.max(SLAB_BYTES, slab.bytes.length - start - end)
    slab.bytes = Buffer.allocUnsafeSlow(size)
    slab.used = 0
    return encodeInto(slab, encodeAt, value)
  }
  slab.used = end
  return slab.bytes.subarray(start, end)
}

/** What is known of a topic's writers, by schema id: our own from the start, others once they have been learned. */
type Writers = Map<number, avro.Type>

type Contract = { topic: TopicName; schema: string; ownId: number; writers: Writers }

/** What reads the values of one writer. */
type ValueReader = (bytes: Buffer, from: number, to: number) => unknown

/** Of another release. */
function resolvingReader(type: avro.Type, writer: avro.Type): ValueReader {
  const resolver = type.createResolver(writer)
  return (bytes, from, to) => {
    const { value, offset } = type.decode(bytes, from, resolver)
    if (offset === to) return value
    throw new Error(offset < 0 || offset > to ? 'it ends too early' : `${to - offset} bytes are left over`)
  }
}

function readerOf({ topic, schema, ownId, writers }: Contract, fields: readonly string[]): Reader<never> {
  const readers = new Map([[ownId, compiledReader(typeOf(schema), fields)]])
  const learnedReader = (schemaId: number): ValueReader => {
    const writer = writers.get(schemaId)
    if (writer === undefined) throw new UnlearnedSchema(schemaId)
    const read = resolvingReader(partOf(schema, fields), writer)
    readers.set(schemaId, read)
    return read
  }
  return (bytes, from, to) => {
    if (to - from < HEADER_BYTES || bytes[from] !== 0)
      throw new PipelineError('RECORD_NOT_FRAMED', { topic, length: to - from })
    const schemaId = bytes.readUInt32BE(from + 1)
    const read = readers.get(schemaId) ?? learnedReader(schemaId)
    try {
      return read(bytes, from + HEADER_BYTES, to) as never
    } catch (error) {
      const reason = (error as Error).message
      throw new PipelineError('RECORD_UNREADABLE', { topic, schemaId, reason }, error)
    }
  }
}

function firstOf(schema: string, ownId: number): (bytes: Buffer) => unknown {
  const [field] = (JSON.parse(schema) as { fields: { type: avro.Schema }[] }).fields
  if (field === undefined) return () => undefined
  const type = avro.Type.forSchema(field.type)
  return (bytes) => (bytes.readUInt32BE(1) === ownId ? type.decode(bytes, HEADER_BYTES).value : undefined)
}

/** Each stage of each partition asks for the same: readers are made once. */
function readersOf(contract: Contract) {
  const known = new Map<string, Reader<never>>()
  return (fields: readonly string[]): Reader<never> => {
    const id = fields.join()
    const reader = known.get(id) ?? readerOf(contract, fields)
    known.set(id, reader)
    return reader
  }
}

const fieldsOf = (type: avro.Type): string[] => (type as avro.types.RecordType).fields.map(({ name }) => name)

function partOf(schema: string, wanted: readonly string[]): avro.Type {
  const record = JSON.parse(schema) as { fields: { name: string }[] }
  const fields = record.fields.filter(({ name }) => wanted.includes(name))
  return avro.Type.forSchema({ ...record, fields } as unknown as avro.Schema)
}

/** Registers every contract under its subject and returns the codecs of all topics. */
export async function openCodecs(registry: SchemaRegistry, prefix: string): Promise<Codecs> {
  const codecs = new Map<TopicName, Codec<never>>()
  const learners = new Map<TopicName, (schemaId: number) => Promise<void>>()
  const slab: Slab = { bytes: Buffer.allocUnsafeSlow(SLAB_BYTES), used: 0 }
  await Promise.all(
    topicNames.map(async (topic) => {
      const schema = schemaText(topic)
      const type = typeOf(schema)
      const ownId = await registry.register(subjectOf(prefix, topic), schema)
      const writers: Writers = new Map([[ownId, type]])
      const reader = readersOf({ topic, schema, ownId, writers })
      const read = reader(fieldsOf(type))
      const encodeAt = encoderOf(type, ownId)
      codecs.set(topic, {
        schemaId: ownId,
        encode: (value) => encodeInto(slab, encodeAt, value),
        encodeAt,
        decode: (bytes) => read(bytes, 0, bytes.length),
        first: firstOf(schema, ownId),
        reader,
      })
      learners.set(topic, async (schemaId) => {
        writers.set(schemaId, await writerOf(registry, topic, type, schemaId))
      })
    }),
  )
  return {
    of: (topic) => codecs.get(topic) as unknown as Codec<TopicValues[typeof topic]>,
    learn: async (topic, schemaId) => learners.get(topic)?.(schemaId),
  }
}

/** A writer whose records cannot become ours is found out here, not at each of its records. */
async function writerOf(registry: SchemaRegistry, topic: TopicName, type: avro.Type, schemaId: number) {
  const text = await registry.schemaOf(schemaId)
  try {
    const writer = typeOf(text)
    type.createResolver(writer)
    return writer
  } catch (error) {
    throw new PipelineError('RECORD_UNREADABLE', { topic, schemaId, reason: (error as Error).message }, error)
  }
}

/** The registry of tests and of `dry-run`: ids by order, in memory. */
export function memoryRegistry(): SchemaRegistry {
  const schemas: string[] = []
  return {
    register: async (_subject, schema) => schemas.push(schema),
    schemaOf: async (id) => {
      const schema = schemas[id - 1]
      if (schema === undefined) throw new PipelineError('SCHEMA_UNKNOWN', { topic: 'memory', schemaId: id })
      return schema
    },
  }
}
