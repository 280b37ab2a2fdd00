import { afterEach, beforeEach, expect, test } from 'vitest'
import { PipelineError } from '../schemas/failure.ts'
import { backfill } from './backfill.ts'
import type { Intake } from './intake.ts'
import { type Json, uplinkBody } from './testing/posting.ts'
import { type Stub, stubApiKey, stubApplication, thingsStackStub } from './testing/things-stack-stub.ts'
import { serverOf } from './things-stack-api.ts'

let stub: Stub
let taken: string[]

const startMs = Date.UTC(2026, 1, 12)
const span = { fromMs: startMs, toMs: startMs + 86_400_000, deviceId: null }
const intake: Intake = {
  async take({ bytes }) {
    const { result } = JSON.parse(bytes.toString()) as { result: Json }
    const { uplink_message: message } = result as { uplink_message: { f_cnt: number } | undefined }
    if (message === undefined) throw new PipelineError('DEVICE_NOT_NAMED', { reason: 'no ids' })
    taken.push(String(message.f_cnt))
    return [{ outcome: 'uplink', answer: { accepted: 'uplink', devEui: '0' } }]
  },
}
const uplinkAt = (counter: number, ms: number, nanoseconds = '000000') =>
  uplinkBody({ f_cnt: counter }, { received_at: new Date(ms).toISOString().replace('Z', `${nanoseconds}Z`) })

const run = (options: { deviceId?: string; pageMax?: number; key?: string } = {}) => {
  const url = new URL(stub.url)
  url.username = stubApplication
  url.password = options.key ?? stubApiKey
  return backfill(
    { connectionId: 'ttn', server: serverOf(url), intake, pageMax: options.pageMax ?? 1_000 },
    { ...span, deviceId: options.deviceId ?? null },
  )
}

beforeEach(async () => {
  taken = []
  stub = await thingsStackStub()
})
afterEach(() => stub.close())

test('all of a span is read, page after page, none missed where instants share a millisecond', async () => {
  stub.state.stored = Array.from({ length: 95 }, (_, n) =>
    uplinkAt(n, startMs + 60_000 + Math.floor(n / 3) * 1_000, String(n).padStart(6, '0')),
  )
  const outside = [uplinkAt(900, startMs - 1), uplinkAt(901, span.toMs + 1)]
  stub.state.stored.push(...outside)
  const result = await run({ pageMax: 10 })
  expect(new Set(taken)).toEqual(new Set(Array.from({ length: 95 }, (_, n) => String(n))))
  expect(result.read).toBe(result.outcomes.uplink)
  expect(stub.state.requests.length).toBeGreaterThan(9)
})

test('one device alone is asked for by its id', async () => {
  stub.state.stored = [
    uplinkAt(1, startMs + 1),
    { ...uplinkAt(2, startMs + 2), end_device_ids: { device_id: 'other', dev_eui: '0004A30B001C0531' } },
  ]
  await run({ deviceId: 'fridge-1' })
  expect(taken).toEqual(['1'])
  await expect(run({ deviceId: 'unknown' })).rejects.toThrow(/no application kitchen with a device unknown/)
})

test('what belongs to nobody is counted and goes no further', async () => {
  stub.state.stored = [uplinkAt(1, startMs + 1), { received_at: new Date(startMs + 2).toISOString() }]
  expect(await run()).toEqual({ read: 2, outcomes: { uplink: 1 }, refused: 1 })
})

test('a server that is busy or breaks off is asked again; a stream that breaks is never taken for its end', async () => {
  stub.state.stored = [1, 2, 3].map((n) => uplinkAt(n, startMs + n * 1_000))
  stub.state.failNext = [503, 0, 429]
  expect((await run()).read).toBe(3)
  stub.state.breakAfterLines = 2
  await expect(run()).rejects.toThrow(/did not give all stored uplinks: stream broken/)
})

test('a wrong key, and a server that is not there, say what to do', async () => {
  await expect(run({ key: 'wrong' })).rejects.toThrow(/401, .*API key not found.*Check the API key/)
  stub.state.failNext = [0, 0, 0, 0]
  await expect(run()).rejects.toThrow(/Check the server's address/)
}, 20_000)
