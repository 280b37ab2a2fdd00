import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyText } from './known-texts.ts'

const textOf = (key: Buffer): string => keyText(key, 0, key.length)

test('a key is what its bytes say, whichever keys came before', () => {
  const keys = fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), { maxLength: 10 })
  fc.assert(
    fc.property(keys, (texts) => {
      const bytes = [...texts, ...texts].map((text) => Buffer.from(text))
      expect(bytes.map(textOf)).toEqual(bytes.map(String))
    }),
  )
})

test('any bytes are what Node makes of them, whichever came before', () => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 10 })
  fc.assert(
    fc.property(bytes, (lists) => {
      const all = [...lists, ...lists].map((list) => Buffer.from(list))
      expect(all.map(textOf)).toEqual(all.map(String))
    }),
  )
})

test('bytes that are no text become what Node makes of them, also where they differ from a known key by a bit', () => {
  const key = Buffer.from('0123456789abcdef')
  const damaged = Buffer.from(key)
  damaged[0] = (damaged[0] ?? 0) | 0x80
  expect(textOf(key)).toBe('0123456789abcdef')
  expect(textOf(damaged)).toBe(damaged.toString())
  expect(textOf(key)).toBe('0123456789abcdef')
})

test('keys with the same end are told apart', () => {
  expect(textOf(Buffer.from('north/0000000000000001'))).toBe('north/0000000000000001')
  expect(textOf(Buffer.from('south/0000000000000001'))).toBe('south/0000000000000001')
})

test('a key may lie anywhere in its bytes', () => {
  expect(keyText(Buffer.from('(unit 7)'), 1, 7)).toBe('unit 7')
})
