import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CopyBuffer, RowRefused } from './copy-binary.ts'

/** Reads the format as the manual describes it, knowing nothing of how it was written. */
function fieldsOf(copy: Buffer): (Buffer | null)[][] {
  expect(copy.subarray(0, 11).toString('latin1')).toBe('PGCOPY\n\xff\r\n\0')
  expect([copy.readInt32BE(11), copy.readInt32BE(15)]).toEqual([0, 0])
  const rows: (Buffer | null)[][] = []
  let at = 19
  for (;;) {
    const count = copy.readInt16BE(at)
    at += 2
    if (count === -1) break
    const row: (Buffer | null)[] = []
    for (let field = 0; field < count; field++) {
      const length = copy.readInt32BE(at)
      at += 4
      row.push(length === -1 ? null : copy.subarray(at, at + length))
      at += Math.max(0, length)
    }
    rows.push(row)
  }
  expect(at).toBe(copy.length)
  return rows
}

function fieldOf(write: (row: CopyBuffer) => void): Buffer | null {
  const buffer = new CopyBuffer(1) // grows from nearly nothing
  buffer.row(1, write)
  return fieldsOf(buffer.finish())[0]![0]!
}

test('an array is its dimensions, and its elements as fields', () => {
  const empty = fieldOf((row) => row.array(1184, [], () => {}))!
  expect(Array.from({ length: 3 }, (_, i) => empty.readInt32BE(4 * i))).toEqual([0, 0, 1184])
  const two = fieldOf((row) => row.array(23, [7, 8], (value) => row.int4(value)))!
  const words = Array.from({ length: two.length / 4 }, (_, i) => two.readInt32BE(4 * i))
  expect(words).toEqual([1, 0, 23, 2, 1, 4, 7, 4, 8])
})

test('a uuid is its sixteen bytes, in either case', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const hex = id.replaceAll('-', '')
      expect(fieldOf((row) => row.uuid(id))!.toString('hex')).toBe(hex)
      expect(fieldOf((row) => row.uuid(id.toUpperCase()))!.toString('hex')).toBe(hex)
    }),
  )
})

test.each([
  '',
  'x',
  '00000000-0000-5000-8000-00000000000g',
  '00000000-0000-5000-8000-0000000000ü1',
  '0'.repeat(36),
])('%j is refused as a uuid', (text) => {
  expect(() => fieldOf((row) => row.uuid(text))).toThrow(RowRefused)
})

test('an instant is its microseconds since 2000, before and after, near and far', () => {
  const far = 8.64e15
  for (const ms of [0, 1, -1, Date.UTC(2000, 0, 1), Date.UTC(2026, 1, 3), Date.UTC(1969, 11, 31), far, -2e14])
    expect(fieldOf((row) => row.timestampMs(ms))!.readBigInt64BE()).toBe(
      (BigInt(ms) - 946_684_800_000n) * 1_000n,
    )
  fc.assert(
    fc.property(fc.integer({ min: -2e14, max: far }), (ms) => {
      expect(fieldOf((row) => row.timestampMs(ms))!.readBigInt64BE()).toBe(
        (BigInt(ms) - 946_684_800_000n) * 1_000n,
      )
    }),
  )
  for (const ms of [0.5, Number.NaN, 8.64e15 + 1, -8.64e15])
    expect(() => fieldOf((row) => row.timestampMs(ms))).toThrow(RowRefused)
})

test('numbers, truths, texts, bytes and JSON are what Postgres sends for them', () => {
  fc.assert(
    fc.property(fc.double(), fc.integer(), fc.maxSafeInteger(), (double, int, long) => {
      expect(fieldOf((row) => row.float8(double))!.readDoubleBE()).toBe(double)
      expect(fieldOf((row) => row.int4(int))!.readInt32BE()).toBe(int)
      expect(fieldOf((row) => row.int8(long))!.readBigInt64BE()).toBe(BigInt(long))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), (text, bytes) => {
      const clean = text.replaceAll('\0', '')
      expect(fieldOf((row) => row.text(clean))!.toString('utf8')).toBe(clean)
      expect(fieldOf((row) => row.bytea(Buffer.from(bytes)))).toEqual(Buffer.from(bytes))
      const json = fieldOf((row) => row.jsonb({ [clean]: clean }))!
      expect([json[0], JSON.parse(json.toString('utf8', 1))]).toEqual([1, { [clean]: clean }])
    }),
  )
  expect(fieldOf((row) => row.bool(true))).toEqual(Buffer.from([1]))
  expect(fieldOf((row) => row.bool(false))).toEqual(Buffer.from([0]))
})

test('what a column cannot hold is refused', () => {
  const refused = [
    (row: CopyBuffer) => row.int4(2 ** 31),
    (row: CopyBuffer) => row.int4(1.5),
    (row: CopyBuffer) => row.int8(2 ** 53),
    (row: CopyBuffer) => row.text('a\0b'),
    (row: CopyBuffer) => row.jsonb({ a: '\0' }),
  ]
  for (const write of refused) expect(() => fieldOf(write)).toThrow(RowRefused)
})

test('null has the length -1, whatever the type', () => {
  const buffer = new CopyBuffer(1)
  buffer.row(9, (row) => {
    row.uuid(null)
    row.timestampMs(null)
    row.float8(null)
    row.int4(null)
    row.int8(null)
    row.bool(null)
    row.text(null)
    row.bytea(null)
    row.text('')
  })
  expect(fieldsOf(buffer.finish())[0]).toEqual([...new Array(8).fill(null), Buffer.alloc(0)])
})

test('of a row that is refused nothing remains, and the buffer goes on', () => {
  const buffer = new CopyBuffer(1)
  buffer.row(2, (row) => {
    row.text('first')
    row.int4(1)
  })
  expect(() =>
    buffer.row(2, (row) => {
      row.text('x'.repeat(10_000))
      row.int4(0.5)
    }),
  ).toThrow(RowRefused)
  buffer.row(1, (row) => row.int4(2))
  expect(buffer.rows).toBe(2)
  const rows = fieldsOf(buffer.finish())
  expect(rows.map((row) => row.length)).toEqual([2, 1])
  expect(rows[0]![0]!.toString()).toBe('first')
  expect(rows[1]![0]!.readInt32BE()).toBe(2)
})

test('finishing twice gives the same, and rows may follow', () => {
  const buffer = new CopyBuffer()
  buffer.row(1, (row) => row.int4(1))
  expect(Buffer.from(buffer.finish())).toEqual(Buffer.from(buffer.finish()))
  buffer.row(1, (row) => row.int4(2))
  expect(fieldsOf(buffer.finish())).toHaveLength(2)
})
