import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogRecord } from '../acknowledged-log.ts'
import { frameOf, framesIn } from './frames.ts'
import { openSpool, type Spool, type SpoolOptions } from './spool.ts'

let dir: string
let spools: Spool[]
let told: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coldstream-spool-'))
  spools = []
  told = []
})
afterEach(async () => {
  for (const spool of spools) await spool.close()
  rmSync(dir, { recursive: true })
})

async function opened(options: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = await openSpool({ dir, bytesMax: 1e9, warn: (_, message) => told.push(message), ...options })
  spools.push(spool)
  return spool
}

const record = (n: number): LogRecord => ({
  topic: 'uplinks',
  key: `device-${n % 3}`,
  value: Buffer.from(`value ${n}`),
})
const codeOf = (promise: Promise<void>) =>
  promise.then(
    () => 'kept',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  )

async function drained(spool: Spool): Promise<string[]> {
  const values: string[] = []
  for (let file = await spool.oldest(); file !== null; file = await spool.oldest()) {
    values.push(...file.records.map(({ value }) => value.toString()))
    await file.drop(true)
  }
  return values
}

const values = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `value ${from + n}`)
const spoolFiles = () => readdirSync(dir).filter((name) => name.includes('.spool'))

test('records come back in the order in which they were kept, over many files, and leave nothing behind', async () => {
  const spool = await opened({ fileBytesMax: 200 })
  await Promise.all(Array.from({ length: 50 }, (_, n) => spool.append(record(n))))
  for (let n = 50; n < 60; n += 1) await spool.append(record(n))
  expect(spoolFiles().length).toBeGreaterThan(2)
  expect(await drained(spool)).toEqual(values(0, 60))
  expect([spool.isEmpty(), spool.bytes(), spoolFiles()]).toEqual([true, 0, []])
})

test('what one process has kept the next one finds, and appends behind it', async () => {
  const first = await opened()
  await first.append(record(0))
  await first.close()
  const second = await opened()
  expect(second.isEmpty()).toBe(false)
  await second.append(record(1))
  expect(await drained(second)).toEqual(values(0, 2))
})

test('a torn end costs only the record that was never acknowledged, wherever it tears', async () => {
  const frames = [0, 1, 2].map((n) => frameOf(record(n)))
  const whole = Buffer.concat(frames)
  const lastStart = whole.length - frames[2]!.length
  for (let length = 0; length < whole.length; length += 1) {
    const { records, damagedBytes } = framesIn(whole.subarray(0, length))
    const complete = length >= lastStart ? 2 : length >= frames[0]!.length ? 1 : 0
    expect(records).toEqual([0, 1, 2].slice(0, complete).map(record))
    expect(damagedBytes).toBe(
      length - frames.slice(0, complete).reduce((sum, frame) => sum + frame.length, 0),
    )
  }
})

test('a changed byte is never taken for a record', () => {
  const whole = Buffer.concat([0, 1, 2].map((n) => frameOf(record(n))))
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(whole)
      changed[at] = changed[at]! ^ change
      const { records } = framesIn(changed)
      expect(records).toEqual([0, 1, 2].map(record).slice(0, records.length))
      expect(records.length).toBeLessThan(3)
    }),
  )
})

test('after a crash in mid-write the rest goes on behind, and the torn file is set aside for a person', async () => {
  const first = await opened()
  await first.append(record(0))
  await first.close()
  const [name = ''] = spoolFiles()
  appendFileSync(join(dir, name), frameOf(record(99)).subarray(0, 11))
  const second = await opened()
  await second.append(record(1))
  expect(await drained(second)).toEqual(values(0, 2))
  expect(told).toEqual(['a file of the spool ends in what is no record'])
  expect(spoolFiles()).toEqual([`${name}.damaged`])
  truncateSync(join(dir, `${name}.damaged`), 0)
})

test('empty files and files of others are no obstacle', async () => {
  writeFileSync(join(dir, '000000000007.spool'), '')
  writeFileSync(join(dir, 'README'), 'what this is')
  const spool = await opened()
  await spool.append(record(0))
  expect(spoolFiles()).toEqual(['000000000007.spool', '000000000008.spool'])
  expect(await drained(spool)).toEqual(values(0, 1))
  expect(readFileSync(join(dir, 'README'), 'utf8')).toBe('what this is')
})

test('full is said, and ends when something is dropped', async () => {
  const spool = await opened({ bytesMax: 100 })
  expect(await codeOf(spool.append(record(0)))).toBe('kept')
  expect(await codeOf(spool.append(record(1)))).toBe('kept')
  expect(await codeOf(spool.append(record(2)))).toMatch(/^BRIDGE_OVERLOADED: .*full/)
  expect(await drained(spool)).toEqual(values(0, 2))
  expect(await codeOf(spool.append(record(3)))).toBe('kept')
})

test('a disk that refuses is answered for, and the next record goes into another file', async () => {
  let isFull = false
  const spool = await opened({
    openFile: async (path) => {
      const file = await open(path, 'ax')
      return {
        // Half of it is written before the disk is full.
        appendFile: async (data) => {
          const bytes = data as Buffer
          await file.appendFile(isFull ? bytes.subarray(0, bytes.length / 2) : bytes)
          if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
        },
        datasync: () => file.datasync(),
        close: () => file.close(),
      }
    },
  })
  await spool.append(record(0))
  isFull = true
  expect(await codeOf(spool.append(record(99)))).toMatch(/^BRIDGE_OVERLOADED: .*ENOSPC/)
  isFull = false
  await spool.append(record(1))
  expect(await drained(spool)).toEqual(values(0, 2))
})

test('two bridges never share a folder; one that has ended leaves it free', async () => {
  const first = await opened()
  await expect(opened()).rejects.toThrow(/another bridge uses it/)
  await first.close()
  await opened()
})

test('a folder that cannot be is said at the start', async () => {
  writeFileSync(join(dir, 'file'), '')
  await expect(opened({ dir: join(dir, 'file') })).rejects.toThrow(/cannot be used.*BRIDGE_SPOOL_DIR/)
})
