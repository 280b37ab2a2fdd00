import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Codecs, memoryRegistry, openCodecs, schemaText } from '../schemas/codec.ts'
import type { Reading } from '../schemas/generated/types.ts'
import { CopyBuffer } from './copy-binary.ts'
import { readingColumns, sinkTables } from './rows.ts'
import { reading } from './testing/load.ts'
import { RowTranscoder } from './transcode.ts'

const codecs: Codecs = await openCodecs(memoryRegistry(), '')
const codec = codecs.of('readings')
const kinds = Object.entries(readingColumns).map(([field, [, kind]]) => [field, kind] as const)
const transcoder = new RowTranscoder(
  codec.schemaId,
  JSON.parse(schemaText('readings')),
  Object.fromEntries(kinds),
  'recordedAt',
)

function transcoded(bytes: Buffer, seen: (ms: number) => void = () => {}) {
  const copy = new CopyBuffer(32)
  return transcoder.write(bytes, copy, seen) ? Buffer.from(copy.finish()) : undefined
}

function decodedAndWritten(bytes: Buffer) {
  const { columns, write } = sinkTables.readings
  const copy = new CopyBuffer(32)
  copy.row(columns.length, (row) => write(row, codec.decode(bytes), { topic: '', partition: 0, offset: 0 }))
  return Buffer.from(copy.finish())
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const number = fc.double({ noNaN: true })
const instant = fc.integer({ min: -2e12, max: 6e12 })
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })

const anyReading: fc.Arbitrary<Reading> = fc.record({
  ...{ unitId: fc.uuid(), organizationId: fc.uuid(), deviceId: fc.uuid(), devEui: ascii },
  ...{ kind: maybe(fc.constantFrom('temperature' as const, 'door' as const)) },
  ...{ recordedAt: instant, receivedAt: instant, temperature: maybe(number), humidity: maybe(number) },
  ...{
    doorOpen: maybe(fc.boolean()),
    doorOpenCount: maybe(fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
    lastOpenSeconds: maybe(number),
  },
  ...{ batteryPercent: maybe(number), batteryVolts: maybe(number), rssi: maybe(number), snr: maybe(number) },
  ...{ gatewayId: maybe(ascii), fault: fc.boolean(), history: fc.boolean(), simulated: fc.boolean() },
  ...{ decoder: ascii, decoderVersion: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
})

test('a record becomes the very bytes that it becomes when it is decoded and written field by field', () => {
  fc.assert(
    fc.property(anyReading, (value) => {
      const bytes = codec.encode(value)
      expect(transcoded(bytes)?.equals(decodedAndWritten(bytes))).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('whatever bytes come, it writes either what the other way writes, or nothing', () => {
  const cut = fc.record({ value: anyReading, at: fc.nat(), byte: fc.nat(255), length: fc.nat() })
  fc.assert(
    fc.property(cut, ({ value, at, byte, length }) => {
      const bytes = Buffer.from(codec.encode(value))
      bytes[at % bytes.length] = byte
      const record = length % 4 === 0 ? bytes.subarray(0, length % bytes.length) : bytes
      const found = transcoded(record)
      if (found !== undefined) expect(found.equals(decodedAndWritten(record))).toBe(true)
    }),
    { numRuns: 5_000 },
  )
})

test.each([
  ['another schema', (bytes: Buffer) => void bytes.writeUInt32BE(codec.schemaId + 1, 1)],
  ['no header', (bytes: Buffer) => void bytes.writeUInt8(1, 0)],
])('%s is left to the other way', (_, spoil) => {
  const bytes = Buffer.from(codec.encode(reading(1)))
  spoil(bytes)
  expect(transcoded(bytes)).toBeUndefined()
})

test.each([
  ['a text beyond ASCII', { gatewayId: 'Kühlhaus' }],
  ['a text with the character 0', { gatewayId: 'a\0b' }],
  ['what is no UUID', { unitId: 'a0eebc99-9c0b-5ef8-8b6d-6bb9bd380a1x' }],
])('%s is left to the other way', (_, change) => {
  expect(transcoded(codec.encode(reading(1, change)))).toBeUndefined()
})

test('the instant is asked about before the row is written, and a refusal leaves nothing', () => {
  const bytes = codec.encode(reading(1))
  const seen: number[] = []
  expect(transcoded(bytes, (ms) => seen.push(ms))).toBeDefined()
  expect(seen).toEqual([reading(1).recordedAt])
  const refusing = () => {
    throw new Error('no')
  }
  expect(transcoded(bytes, refusing)).toBeUndefined()
})
