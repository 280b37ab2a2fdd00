// Mutated bodies through the whole HTTP surface: no crash, no 5xx, and nothing accepted that is not written under the
// device that it names. FUZZ_BODIES=100000 and FUZZ_SEED go further than the default.
import pino from 'pino'
import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import type { LogRecord } from './acknowledged-log.ts'
import { apiKeys } from './api-keys.ts'
import { openIntake } from './intake.ts'
import { bridgeMetrics } from './metrics.ts'
import { bridgeServer } from './server.ts'
import { mutations } from './testing/mutations.ts'
import { exampleKey, uplinkBody } from './testing/posting.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const records: LogRecord[] = []
const keep = async (record: LogRecord) => void records.push(record)
let append = keep
const app = bridgeServer({
  keys: apiKeys(new Map([['ttn', [exampleKey]]])),
  intake: openIntake({
    append: (record) => append(record),
    uplinks: { topic: 'uplinks', ...codecs.of('uplinks') },
    deadLetters: { topic: 'dead-letters', ...codecs.of('dead-letters') },
    clockMs: () => 1_770_909_347_000,
  }),
  isReady: () => Promise.resolve(true),
  rates: { perSecond: 1, take: () => true },
  pressure: { isTooHigh: () => false },
  metrics: bridgeMetrics({ inFlight: () => 0, spoolBytes: () => 0 }),
  bodyBytesMax: 16 * 1024,
  logger: pino({ level: 'error' }),
})

const post = (payload: Buffer | string, headers: Record<string, string> = {}, connection = 'ttn') =>
  app.inject({
    method: 'POST',
    url: `/things-stack/${connection}`,
    headers: { 'content-type': 'application/json', 'x-api-key': exampleKey, ...headers },
    payload,
  })

const errorCode = async (...request: Parameters<typeof post>) => {
  const answer = await post(...request)
  const { error } = answer.json()
  expect(Object.keys(error)).toEqual(['code', 'message', 'advice'])
  return `${answer.statusCode} ${error.code}`
}

const devEuiIn = (letter: Buffer | null) =>
  JSON.parse(letter?.toString() ?? '').end_device_ids.dev_eui.toUpperCase()

const bodies = Number(process.env.FUZZ_BODIES ?? 5_000)
const seed = Number(process.env.FUZZ_SEED ?? 20_260_212)

test('mutated bodies cause no crash and no 5xx, and what is accepted is attributed', async () => {
  const statuses = new Map<number, number>()
  for (const body of mutations(bodies, seed)) {
    const before = records.length
    const { statusCode } = await post(body)
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    expect([202, 400, 413, 422]).toContain(statusCode)
    const written = records.slice(before)
    expect(written.length > 0).toBe(statusCode === 202)
    for (const { topic, key, value } of written) {
      expect(key).toMatch(/^[0-9A-F]{16}$/)
      if (topic === 'uplinks') expect(codecs.of('uplinks').decode(value).devEui).toBe(key)
      else expect(devEuiIn(codecs.of('dead-letters').decode(value).value)).toBe(key)
    }
  }
  if (process.env.FUZZ_BODIES)
    process.stdout.write(`${bodies} bodies, seed ${seed}: ${JSON.stringify(Object.fromEntries(statuses))}\n`)
  // Each kind of end was met, or the mutations mutate too little.
  expect([...statuses.keys()].sort()).toEqual([202, 400, 413, 422])
  expect(new Set(records.map(({ topic }) => topic))).toEqual(new Set(['uplinks', 'dead-letters']))
}, 600_000)

test('each malformed request has its own clear answer', async () => {
  const good = JSON.stringify(uplinkBody())
  expect(await errorCode('')).toBe('400 BODY_NOT_JSON')
  expect(await errorCode('{"a":')).toBe('400 BODY_NOT_JSON')
  expect(await errorCode('{"a":1e400,}')).toBe('400 BODY_NOT_JSON')
  expect(await errorCode(good.replace('{', '{"__proto__":{"x":1},'))).toBe('400 BODY_NOT_JSON')
  expect(await errorCode(good.replace('{', '{"constructor":{"prototype":{}},'))).toBe('400 BODY_NOT_JSON')
  expect(
    await errorCode(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])),
  ).toBe('400 BODY_NOT_UTF8')
  expect(await errorCode('['.repeat(100) + ']'.repeat(100))).toBe('400 BODY_TOO_DEEP')
  expect(await errorCode(`{"a":"${'x'.repeat(16 * 1024)}"}`)).toBe('413 BODY_TOO_LARGE')
  expect(await errorCode(good, { 'content-type': 'text/plain' })).toBe('415 CONTENT_TYPE_UNSUPPORTED')
  expect(await errorCode(good, { 'content-type': 'application/json-seq' })).toBe(
    '415 CONTENT_TYPE_UNSUPPORTED',
  )
  expect(await errorCode(good, { 'content-encoding': 'gzip' })).toBe('415 CONTENT_TYPE_UNSUPPORTED')
  expect(await errorCode(good.replace('{', '{"end_device_ids":{},'))).toBe('400 BODY_NOT_JSON')
  expect(await errorCode('{}')).toBe('422 DEVICE_NOT_NAMED')
  expect(await errorCode(good, { 'x-api-key': '' })).toBe('401 NOT_AUTHORIZED')
  expect(await errorCode(good, {}, 'x'.repeat(65))).toMatch(/^4\d\d /)
  expect(await errorCode(good, {}, '%zz')).toBe('400 REQUEST_MALFORMED')
  const { statusCode } = await app.inject({ method: 'GET', url: '/things-stack/ttn' })
  expect(statusCode).toBe(404)
})

test('the key is judged before the body is read', async () => {
  expect(await errorCode('x'.repeat(1_000_000), { 'x-api-key': 'wrong-key-00000000' })).toBe(
    '401 NOT_AUTHORIZED',
  )
})

test('a body with charset, byte order mark or a number beyond doubles is still a body', async () => {
  const good = JSON.stringify(uplinkBody({ decoded_payload: { odd: 1 } })).replace('"odd":1', '"odd":1e400')
  expect((await post(`﻿${good}`, { 'content-type': 'application/json; charset=utf-8' })).statusCode).toBe(202)
  const { decodedPayload } = codecs.of('uplinks').decode(records.at(-1)!.value)
  expect(decodedPayload).toBe('{"odd":null}')
})

test('what Kafka does not acknowledge is 503 with the time to come back; a defect of ours is 500, without its words', async () => {
  const good = JSON.stringify(uplinkBody())
  const failing = async (error: Error) => {
    append = () => Promise.reject(error)
    const answer = await post(good).finally(() => {
      append = keep
    })
    return [answer.statusCode, answer.headers['retry-after'], answer.json().error.code]
  }
  expect(await failing(new PipelineError('BRIDGE_OVERLOADED', { reason: 'full' }))).toEqual([
    503,
    '1',
    'BRIDGE_OVERLOADED',
  ])
  expect(await failing(new PipelineError('KAFKA_UNAVAILABLE', { reason: 'gone' }))).toEqual([
    503,
    '5',
    'KAFKA_UNAVAILABLE',
  ])
  app.log.level = 'silent'
  expect(await failing(new TypeError('secret'))).toEqual([500, undefined, 'BRIDGE_DEFECT'])
})
