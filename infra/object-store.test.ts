import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { openObjectStore } from './object-store.ts'

function openScratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'objects-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return { folder, store: openObjectStore(`file://${folder}`) }
}

test('what is stored comes back, with its length and digest measured on the way in', async () => {
  const { store } = openScratchFolder()
  const parts = Array.from({ length: 50 }, (_, index) => Buffer.alloc(10_000, index))
  const whole = Buffer.concat(parts)
  expect(await store.put('a/b=1/c.bin', Readable.from(parts))).toEqual({
    bytes: whole.length,
    sha256: createHash('sha256').update(whole).digest('hex'),
  })
  const back: Buffer[] = []
  for await (const part of await store.get('a/b=1/c.bin')) back.push(part)
  expect(Buffer.concat(back).equals(whole)).toBe(true)
  await store.putText('a/note.json', '{}')
  expect((await store.list('a/b')).map(({ key, bytes }) => ({ key, bytes }))).toEqual([
    { key: 'a/b=1/c.bin', bytes: whole.length },
  ])
  await store.remove('a/b=1/c.bin')
  await store.remove('a/b=1/c.bin')
  expect((await store.list('')).map(({ key }) => key)).toEqual(['a/note.json'])
})

test('a producer that fails on the way leaves no object and no half file', async () => {
  const { folder, store } = openScratchFolder()
  async function* failing() {
    yield Buffer.alloc(100_000)
    throw new Error('pg_dump ended with code 1')
  }
  await expect(store.put('dump', Readable.from(failing()))).rejects.toThrow('pg_dump ended with code 1')
  expect(readdirSync(folder)).toEqual([])
})

test('an object that is not there, and an address or a name that is none, are refused', async () => {
  const { store } = openScratchFolder()
  await expect(store.get('nothing')).rejects.toThrow('ENOENT')
  await expect(store.putText('../outside', '')).rejects.toThrow('no name for an object')
  expect(() => openObjectStore('ftp://host/folder')).toThrow('s3://bucket/prefix')
  expect(await openObjectStore('/tmp/never-made-by-a-list').list('')).toEqual([])
})

test('a folder knows how full it is', async () => {
  const { store } = openScratchFolder()
  const usage = await store.usage()
  expect(usage!.usedBytes).toBeGreaterThan(0)
  expect(usage!.usedBytes).toBeLessThanOrEqual(usage!.totalBytes)
})
