// Kafka comes and goes under the bridge; the folder is real, Kafka is a fake that keeps what it acknowledges.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PipelineError } from '../schemas/failure.ts'
import type { AcknowledgedLog, LogRecord } from './acknowledged-log.ts'
import { openSpool, type Spool } from './spool/spool.ts'
import { type SpooledLog, spooledLog } from './spooled-log.ts'

let dir: string
let spool: Spool
let log: SpooledLog
let isAway: boolean
let stored: string[]
let mayGo: (record: LogRecord) => boolean

const kafka: AcknowledgedLog = {
  append: async ({ value }) => {
    await new Promise((done) => setImmediate(done))
    if (isAway) throw new PipelineError('KAFKA_UNAVAILABLE', { reason: 'gone' })
    stored.push(value.toString())
  },
  isReady: async () => !isAway,
  inFlight: () => 0,
  connected: async () => {},
  close: async () => {},
}

const record = (n: number): LogRecord => ({ topic: 'uplinks', key: 'one', value: Buffer.from(String(n)) })
const start = async (bytesMax = 1e9) => {
  spool = await openSpool({ dir, bytesMax, fileBytesMax: 500, warn: () => {} })
  log = spooledLog({ log: kafka, spool, warn: () => {}, mayGo: (record) => mayGo(record) })
}
const numbers = (to: number) => Array.from({ length: to }, (_, n) => String(n))

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coldstream-spooled-'))
  isAway = false
  stored = []
  mayGo = () => true
  await start()
})
afterEach(async () => {
  await log.close()
  rmSync(dir, { recursive: true })
})

test('while Kafka is there, the disk is left alone', async () => {
  for (let n = 0; n < 10; n += 1) await log.append(record(n))
  expect([stored, spool.bytes()]).toEqual([numbers(10), 0])
})

test('what comes in an outage is accepted, and reaches Kafka in its order, also from under live traffic', async () => {
  for (let n = 0; n < 10; n += 1) await log.append(record(n))
  isAway = true
  for (let n = 10; n < 200; n += 1) await log.append(record(n))
  expect(stored).toHaveLength(10)
  expect(await log.isReady()).toBe(true)
  isAway = false
  let n = 200
  // Records keep coming until the bridge writes to Kafka directly again.
  await vi.waitFor(
    async () => {
      await log.append(record(n++))
      expect(spool.isEmpty()).toBe(true)
    },
    { timeout: 10_000, interval: 2 },
  )
  const firsts = [...new Set(stored)]
  expect(firsts).toEqual(numbers(n))
})

test('an end in the middle of an outage loses nothing', async () => {
  isAway = true
  for (let n = 0; n < 50; n += 1) await log.append(record(n))
  await log.close()
  await start()
  isAway = false
  await vi.waitFor(() => expect(spool.isEmpty()).toBe(true), { timeout: 10_000 })
  expect([...new Set(stored)]).toEqual(numbers(50))
})

test('a full spool is told to the sender, and to whoever asks whether the bridge is ready', async () => {
  await log.close()
  await start(1_048)
  isAway = true
  let refused = ''
  for (let n = 0; refused === ''; n += 1)
    await log.append(record(n)).catch((error: PipelineError) => {
      refused = error.code
    })
  expect(refused).toBe('BRIDGE_OVERLOADED')
})

test('what Kafka would never take is not spooled', async () => {
  isAway = true
  await expect(log.append({ ...record(0), value: Buffer.alloc(1_000_000) })).rejects.toMatchObject({
    code: 'BODY_TOO_LARGE',
  })
  expect(spool.isEmpty()).toBe(true)
})

test('what may not go yet is waited for, in order, also where little is left; what comes meanwhile goes behind it', async () => {
  isAway = true
  for (let n = 0; n < 20; n += 1) await log.append(record(n))
  const held = new Set(['7', '15'])
  const asked = new Map<string, number>()
  mayGo = ({ value }) => {
    const count = (asked.get(value.toString()) ?? 0) + 1
    asked.set(value.toString(), count)
    return !held.has(value.toString()) || count > 3
  }
  isAway = false
  for (let n = 20; n < 40; n += 1) await log.append(record(n))
  await vi.waitFor(() => expect(spool.isEmpty()).toBe(true), { timeout: 10_000 })
  expect([...new Set(stored)]).toEqual(numbers(40))
  expect([...held].map((value) => Number(asked.get(value)))).toEqual([
    expect.toSatisfy((n: number) => n > 3),
    expect.toSatisfy((n: number) => n > 3),
  ])
})
