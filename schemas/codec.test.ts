import avro from 'avsc'
import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs, schemaText, UnlearnedSchema } from './codec.ts'
import type { LateReading } from './generated/types.ts'

const reading: LateReading = {
  unitId: '11111111-1111-5111-8111-111111111111',
  organizationId: '22222222-2222-5222-8222-222222222222',
  deviceId: '33333333-3333-5333-8333-333333333333',
  recordedAt: 1_700_000_000_000,
  receivedAt: 1_700_000_000_500,
  hourStart: 1_699_999_200_000,
}

test('a value survives the wire, behind the Confluent header', async () => {
  const codec = (await openCodecs(memoryRegistry(), 't.')).of('late-readings')
  const bytes = codec.encode(reading)
  expect(bytes[0]).toBe(0)
  expect(bytes.readUInt32BE(1)).toBeGreaterThan(0)
  expect(codec.decode(bytes)).toEqual(reading)
})

test('many values share slabs without touching each other', async () => {
  const codec = (await openCodecs(memoryRegistry(), 't.')).of('late-readings')
  const values = Array.from({ length: 5_000 }, (_, i) => ({ ...reading, recordedAt: reading.recordedAt + i }))
  const encoded = values.map((value) => codec.encode(value))
  expect(encoded.map((bytes) => codec.decode(bytes))).toEqual(values)
})

test('a value larger than a slab gets one of its own', async () => {
  const codec = (await openCodecs(memoryRegistry(), 't.')).of('dead-letters')
  const letter = {
    code: 'X',
    explanation: '',
    source: 's',
    partition: null,
    offset: null,
    failedAt: 1,
    key: null,
    value: Buffer.alloc(300_000, 7),
    headers: {},
  }
  expect(codec.decode(codec.encode(letter)).value).toEqual(letter.value)
})

test('a value is written into a buffer of the caller, or the number of missing bytes is given', async () => {
  const codec = (await openCodecs(memoryRegistry(), 't.')).of('late-readings')
  const framed = codec.encode(reading)
  const bytes = Buffer.alloc(7 + framed.length, 0xee)
  expect(codec.encodeAt(reading, bytes, 7)).toBe(bytes.length)
  expect(bytes).toEqual(Buffer.concat([Buffer.alloc(7, 0xee), framed]))
  for (let short = 1; short <= framed.length; short++)
    expect(codec.encodeAt(reading, bytes.subarray(0, bytes.length - short), 7)).toBe(-short)
})

test('a record of an older writer is resolved once its schema has been learned', async () => {
  const registry = memoryRegistry()
  const codecs = await openCodecs(registry, 't.')
  const older = JSON.parse(schemaText('rollups')) as { fields: { name: string; default?: unknown }[] }
  older.fields = older.fields.filter((f) => f.name !== 'retracted')
  const id = await registry.register('t.rollups-value', JSON.stringify(older))
  const type = avro.Type.forSchema(older as avro.Schema)
  const value = Object.fromEntries(older.fields.map((f) => [f.name, f.name.endsWith('Id') ? 'u' : 1]))
  const body = type.toBuffer({
    ...value,
    granularity: 'hour',
    isFinal: true,
    min: null,
    max: null,
    humidityMin: null,
    humidityMax: null,
  })
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body])
  expect(() => codecs.of('rollups').decode(framed)).toThrow(UnlearnedSchema)
  await codecs.learn('rollups', id)
  expect(codecs.of('rollups').decode(framed)).toMatchObject({ granularity: 'hour', retracted: false })
})

test('bytes that are not ours are named, with what to do', async () => {
  const codecs = await openCodecs(memoryRegistry(), 't.')
  const codec = codecs.of('readings')
  expect(() => codec.decode(Buffer.from('{}'))).toThrow(/does not start with the Confluent header/)
  await expect(codecs.learn('readings', 4711)).rejects.toThrow(/which the registry does not know/)
  const own = codecs.of('late-readings').encode(reading)
  expect(() => codecs.of('late-readings').decode(own.subarray(0, 20))).toThrow(/does not follow its schema/)
  expect(() => codecs.of('late-readings').decode(Buffer.concat([own, own]))).toThrow(/bytes are left over/)
})

test('a reader gives the fields that were asked for, wherever in the bytes the value lies', async () => {
  const codec = (await openCodecs(memoryRegistry(), 't.')).of('late-readings')
  const read = codec.reader(['recordedAt', 'deviceId'])
  const value = codec.encode(reading)
  const bytes = Buffer.concat([Buffer.from('before'), value, Buffer.from('after')])
  const { recordedAt, deviceId } = reading
  expect(read(bytes, 6, 6 + value.length)).toEqual({ recordedAt, deviceId })
  expect(() => read(bytes, 6, 5 + value.length)).toThrow('ends too early')
  expect(() => read(bytes, 6, 8 + value.length)).toThrow('2 bytes are left over')
})

test('a reader of some fields reads other releases, too, once their schema has been learned', async () => {
  const registry = memoryRegistry()
  const codecs = await openCodecs(registry, 't.')
  const other = JSON.parse(schemaText('late-readings')) as { fields: { name: string }[] }
  other.fields.reverse()
  const id = await registry.register('t.late-readings-value', JSON.stringify(other))
  const header = Buffer.from([0, 0, 0, 0, id])
  const bytes = Buffer.concat([
    header,
    avro.Type.forSchema(other as unknown as avro.Schema).toBuffer(reading),
  ])
  const read = codecs.of('late-readings').reader(['recordedAt'])
  expect(() => read(bytes, 0, bytes.length)).toThrow(UnlearnedSchema)
  await codecs.learn('late-readings', id)
  expect(read(bytes, 0, bytes.length)).toEqual({ recordedAt: reading.recordedAt })
})
