import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { makeKeyFile, opening, readKeyFile, sealing } from './sealing.ts'

const key = { id: 'a', secret: Buffer.alloc(32, 7) }
const PIECE = 64 * 1024

/** In chunks of any size, as streams come. */
const chunked = (text: Buffer, size: number) =>
  Readable.from(
    Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size)),
  )
const seal = (text: Buffer, size = 50_000) => buffer(chunked(text, size).compose(sealing(key)))
const open = (sealed: Buffer, size = 50_000, by = key) => buffer(chunked(sealed, size).compose(opening(by)))

test('what was sealed opens again, whatever its length and however it is cut', async () => {
  const lengths = fc.constantFrom(0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17)
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 1, max: 200_000 }), async (length, size) => {
      const text = randomBytes(length)
      const step = Math.max(size, Math.ceil(length / 50), 1)
      expect((await open(await seal(text, step), step)).equals(text)).toBe(true)
    }),
    { numRuns: 40 },
  )
})

test('one changed bit, a missing end, pieces that were swapped, and another key are noticed', async () => {
  const sealed = await seal(randomBytes(3 * PIECE))
  const [head, step] = [20 + 32, PIECE + 16]
  const changed = Buffer.from(sealed)
  changed[head + 100]! ^= 1
  await expect(open(changed)).rejects.toThrow('piece 0 does not open')
  await expect(open(sealed.subarray(0, head + 2 * step))).rejects.toThrow('piece 1 does not open')
  await expect(open(sealed.subarray(0, sealed.length - 5))).rejects.toThrow('does not open')
  await expect(open(sealed.subarray(0, 30))).rejects.toThrow('cut off')
  const first = sealed.subarray(head, head + step)
  const second = sealed.subarray(head + step, head + 2 * step)
  const swapped = Buffer.concat([sealed.subarray(0, head), second, first, sealed.subarray(head + 2 * step)])
  await expect(open(swapped)).rejects.toThrow('piece 0 does not open')
  await expect(open(sealed, 1000, { id: 'b', secret: Buffer.alloc(32, 8) })).rejects.toThrow('does not open')
  await expect(open(randomBytes(500))).rejects.toThrow('does not begin like a sealed one')
})

test('a key file is readable by its owner alone, is never written over, and may hold older keys below', () => {
  const dir = mkdtempSync(join(tmpdir(), 'keys-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'key')
  const { id, secret } = makeKeyFile(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(() => makeKeyFile(path)).toThrow('EEXIST')
  expect(readKeyFile(path)).toEqual([{ id, secret }])
  writeFileSync(join(dir, 'empty'), 'nothing\n')
  expect(() => readKeyFile(join(dir, 'empty'))).toThrow('holds no key')
})
