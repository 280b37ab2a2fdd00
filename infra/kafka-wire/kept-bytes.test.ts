import { expect, test } from 'vitest'
import { KeptBytes } from './kept-bytes.ts'

const batch = (byte: number, bytes = 300 * 1024): Buffer => Buffer.alloc(bytes, byte)

test('a copy stays what it is until the offset after its last record is released', () => {
  const kept = new KeptBytes()
  const [first, second] = [kept.copy(batch(1), 10), kept.copy(batch(2), 20)]
  kept.release(9)
  const third = kept.copy(batch(3), 30)
  expect([first, second, third].map((copy) => copy.every((byte) => byte === copy[0]))).toEqual([
    true,
    true,
    true,
  ])
  expect([first[0], second[0], third[0]]).toEqual([1, 2, 3])
})

test('what was released is filled again', () => {
  const kept = new KeptBytes()
  const first = kept.copy(batch(1), 10)
  kept.copy(batch(2), 20)
  kept.release(10)
  const next = kept.copy(batch(3), 30)
  expect(next.buffer).toBe(first.buffer)
})

test('small batches share a chunk, which is kept for the last of them', () => {
  const kept = new KeptBytes()
  const copies = Array.from({ length: 5 }, (_, i) => kept.copy(batch(i, 1_000), i + 1))
  expect(new Set(copies.map(({ buffer }) => buffer)).size).toBe(1)
  kept.release(4)
  expect(kept.copy(batch(9, 1_000), 9).buffer).toBe(copies[0]?.buffer)
  expect(copies.map(([byte]) => byte)).toEqual([0, 1, 2, 3, 4])
})

test('a batch that is longer than a chunk has a buffer of its own, and is let go for good', () => {
  const kept = new KeptBytes()
  const long = kept.copy(batch(7, 3 * 1024 * 1024), 5)
  expect(long.length).toBe(3 * 1024 * 1024)
  kept.release(5)
  expect(kept.copy(batch(8, 3 * 1024 * 1024), 6).buffer).not.toBe(long.buffer)
})

test('where a partition is read again, later records that came before are kept as long as it takes', () => {
  const kept = new KeptBytes()
  const late = kept.copy(batch(1, 1_000), 50)
  kept.copy(batch(2, 1_000), 20)
  kept.release(20)
  kept.copy(batch(3, 1_000), 30)
  expect(late.every((byte) => byte === 1)).toBe(true)
})
