import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StateBytes } from './state-bytes.ts'

const contents = (bytes: StateBytes) =>
  new Map(Array.from(bytes.entries(), ([key, value]) => [key, String(value)]))

test('whatever is set, shortened, lengthened and deleted, it has what a map would have', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    length: fc.oneof(fc.nat(300), fc.nat(90_000)),
    isDeleted: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [bytes, want] = [new StateBytes(), new Map<string, string>()]
      steps.forEach(({ key, length, isDeleted }, i) => {
        const value = String(i % 10).repeat(length)
        if (isDeleted) bytes.delete(key)
        else bytes.set(key, Buffer.from(value))
        if (isDeleted) want.delete(key)
        else want.set(key, value)
      })
      expect(contents(bytes)).toEqual(want)
      expect(bytes.size).toBe(want.size)
    }),
    { numRuns: 200 },
  )
})

test('states that grow over and over leave no more garbage than a quarter of what lives', () => {
  const bytes = new StateBytes()
  const keys = Array.from({ length: 2_000 }, (_, n) => `unit ${n}`)
  for (let round = 1; round <= 40; round++)
    for (const key of keys) bytes.set(key, Buffer.alloc(round * 100, round))
  expect(keys.every((key) => bytes.get(key)?.equals(Buffer.alloc(4_000, 40)))).toBe(true)
  // A quarter, 1 MiB, the room beyond the values, and a segment that is not full.
  expect(bytes.bytes).toBeLessThan(2_000 * 4_072 * 1.25 + 6 * 1024 * 1024)
})

test('a value longer than a segment has one of its own', () => {
  const bytes = new StateBytes()
  const long = Buffer.alloc(20_000_000, 'x')
  bytes.set('short', Buffer.from('1'))
  bytes.set('long', long)
  bytes.set('after', Buffer.from('2'))
  expect(bytes.get('long')?.equals(long)).toBe(true)
  expect([bytes.get('short'), bytes.get('after'), bytes.get('none')].map(String)).toEqual(['1', '2', 'null'])
})
