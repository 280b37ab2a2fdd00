import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOfText, digestOfThree } from './digest.ts'

const value = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.integer(), fc.string())

test('the digest of three values is that of their text, and stays what states have kept of it', () => {
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      expect(digestOfThree(a, b, c)).toBe(digestOfText(`${a}|${b}|${c}`))
    }),
  )
  expect(digestOfThree(5.1, null, true)).toBe(8055111523142936)
})
