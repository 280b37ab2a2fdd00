// What is judged before the body is read, and what is never written down.
import pino from 'pino'
import { expect, test } from 'vitest'
import { PipelineError } from '../schemas/failure.ts'
import { apiKeys } from './api-keys.ts'
import { bridgeMetrics } from './metrics.ts'
import { type Rates, rates } from './rate.ts'
import { type BridgeParts, bridgeServer } from './server.ts'
import { exampleKey, uplinkBody } from './testing/posting.ts'

const downlinkKey = 'NNSXS.DOWNLINK.SECRET'

function server(parts: Partial<BridgeParts>) {
  const lines: string[] = []
  const app = bridgeServer({
    keys: apiKeys(new Map([['ttn', [exampleKey]]])),
    intake: { take: async () => [{ outcome: 'uplink', answer: { accepted: 'uplink', devEui: '0' } }] },
    isReady: async () => true,
    rates: { perSecond: 10, take: () => true },
    pressure: { isTooHigh: () => false },
    metrics: bridgeMetrics({ inFlight: () => 0, spoolBytes: () => 0 }),
    bodyBytesMax: 4_096,
    logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    ...parts,
  })
  const post = (headers: Record<string, string> = {}, body = JSON.stringify(uplinkBody())) =>
    app.inject({
      method: 'POST',
      url: '/things-stack/ttn',
      headers: {
        'content-type': 'application/json',
        'x-api-key': exampleKey,
        'x-downlink-apikey': downlinkKey,
        'x-downlink-push': `https://example.test/?key=${downlinkKey}`,
        authorization: `Bearer ${downlinkKey}`,
        ...headers,
      },
      payload: body,
    })
  return { app, post, log: () => lines.join('\n') }
}

test('no secret of the headers is written to the log, whatever becomes of the message, at its most talkative level', async () => {
  const failing = server({
    intake: {
      take: async () => {
        throw new TypeError('a defect')
      },
    },
  })
  const statuses = [
    (await failing.post()).statusCode,
    (await failing.post({ 'x-api-key': 'a-wrong-key-0000000' })).statusCode,
    (await failing.post({ 'content-type': 'text/plain' })).statusCode,
    (await failing.post({}, 'x'.repeat(10_000))).statusCode,
    (await server({}).post()).statusCode,
  ]
  expect(statuses).toEqual([500, 401, 415, 413, 202])
  expect(failing.log()).toContain('the bridge failed')
  for (const secret of [downlinkKey, exampleKey, 'a-wrong-key-0000000'])
    expect(failing.log()).not.toContain(secret)
})

test('a connection beyond its rate is told 429 and when to come back; a stranger uses up nobody’s rate', async () => {
  let nowMs = 0
  const { post } = server({ rates: rates(2, () => nowMs) })
  const statuses = async (count: number) =>
    Promise.all(Array.from({ length: count }, async () => (await post()).statusCode))
  for (let i = 0; i < 10; i += 1)
    expect((await post({ 'x-api-key': 'a-wrong-key-0000000' })).statusCode).toBe(401)
  expect(await statuses(5)).toEqual([202, 202, 202, 202, 429])
  const answer = await post()
  expect([answer.statusCode, answer.headers['retry-after'], answer.json().error.code]).toEqual([
    429,
    '1',
    'RATE_EXCEEDED',
  ])
  nowMs = 500
  expect(await statuses(2)).toEqual([202, 429])
})

test('rates are per connection, and a clock that goes back gives no tokens', () => {
  let nowMs = 10_000
  const limits: Rates = rates(1, () => nowMs)
  expect([limits.take('a'), limits.take('a'), limits.take('a'), limits.take('b')]).toEqual([
    true,
    true,
    false,
    true,
  ])
  nowMs = 0
  expect(limits.take('a')).toBe(false)
})

test('a bridge that does not keep up says so before it reads the body', async () => {
  const { post } = server({ pressure: { isTooHigh: () => true } })
  const answer = await post({}, 'x'.repeat(100_000))
  expect([answer.statusCode, answer.headers['retry-after'], answer.json().error.code]).toEqual([
    503,
    '1',
    'BRIDGE_OVERLOADED',
  ])
})

test('a batch is answered as one', async () => {
  const one = { outcome: 'uplink', answer: { accepted: 'uplink', devEui: '0' } } as const
  const { post } = server({ intake: { take: async () => [one, one] } })
  expect((await post()).json()).toEqual({ accepted: 'batch', messages: 2 })
  const refusing = server({
    intake: { take: () => Promise.reject(new PipelineError('DEVICE_NOT_NAMED', { reason: 'x' })) },
  })
  expect((await refusing.post()).statusCode).toBe(422)
})
