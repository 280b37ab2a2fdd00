// More than Kafka takes: what is beyond the bound is answered at once, while what waits is still waiting.
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { openAcknowledgedLog, type RawProducer } from './acknowledged-log.ts'
import { apiKeys } from './api-keys.ts'
import { openIntake } from './intake.ts'
import { bridgeMetrics } from './metrics.ts'
import { bridgeServer } from './server.ts'
import { exampleKey, uplinkBody } from './testing/posting.ts'

const inFlightMax = 100
const sent: number[] = []
let report: (error: unknown, delivery: { opaque?: unknown }) => void = () => {}

/** Acknowledges nothing by itself. */
const producer: RawProducer = {
  produce: (_topic, _partition, _value, _key, _timestamp, id) => void sent.push(id),
  on(event: string, listener: unknown) {
    if (event === 'delivery-report') report = listener as typeof report
  },
  getMetadata: (_options, done) => done(null),
  disconnect: (_timeoutMs, done) => done(),
}

test('of a thousand messages at once the bound waits for Kafka, and the others are told to come back before it answers', async () => {
  const codecs = await openCodecs(memoryRegistry(), '')
  const log = openAcknowledgedLog({
    connect: async () => producer,
    probeTopic: 'uplinks',
    inFlightMax,
    answerWithinMs: 600_000,
    warn: () => {},
  })
  await log.connected()
  const metrics = bridgeMetrics({ inFlight: log.inFlight, spoolBytes: () => 0 })
  const app = bridgeServer({
    keys: apiKeys(new Map([['ttn', [exampleKey]]])),
    intake: openIntake({
      append: log.append,
      uplinks: { topic: 'uplinks', ...codecs.of('uplinks') },
      deadLetters: { topic: 'dead-letters', ...codecs.of('dead-letters') },
      clockMs: () => 1_770_909_347_000,
    }),
    isReady: log.isReady,
    rates: { perSecond: 1, take: () => true },
    pressure: { isTooHigh: () => false },
    metrics,
    bodyBytesMax: 16_384,
    logger: pino({ level: 'silent' }),
  })
  const answers: { status: number; retryAfter: unknown }[] = []
  const posts = Array.from({ length: 1_000 }, async (_, counter) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/things-stack/ttn',
      headers: { 'content-type': 'application/json', 'x-api-key': exampleKey },
      payload: JSON.stringify(uplinkBody({ f_cnt: counter })),
    })
    answers.push({ status: answer.statusCode, retryAfter: answer.headers['retry-after'] })
  })
  await vi.waitFor(() => expect(answers).toHaveLength(900), 30_000)
  expect(new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(
    new Set(['503 1']),
  )
  expect(log.inFlight()).toBe(inFlightMax)

  for (const id of sent) report(null, { opaque: id })
  await Promise.all(posts)
  expect(answers.slice(900).map(({ status }) => status)).toEqual(Array(inFlightMax).fill(202))
  expect(await metrics.text()).toContain('coldstream_bridge_in_flight 0')
  await log.close()
}, 60_000)
