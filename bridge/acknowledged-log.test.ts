import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type AcknowledgedLog, openAcknowledgedLog, type RawProducer } from './acknowledged-log.ts'

type Fake = RawProducer & {
  sent: number[]
  acknowledge(id: number): void
  fail(id: number): void
  error(error: Error): void
  isDisconnected: boolean
}

function fakeProducer(): Fake {
  const listeners = new Map<string, (...args: never[]) => void>()
  const emit = (event: string, ...args: unknown[]) => listeners.get(event)?.(...(args as never[]))
  return {
    sent: [],
    isDisconnected: false,
    produce(_topic, _partition, _value, _key, _timestamp, id) {
      this.sent.push(id)
    },
    on: (event: string, listener: (...args: never[]) => void) => listeners.set(event, listener),
    getMetadata: (_options, done) => done(null),
    disconnect(_timeoutMs, done) {
      this.isDisconnected = true
      done()
    },
    acknowledge: (id) => emit('delivery-report', null, { opaque: id }),
    fail: (id) => emit('delivery-report', new Error('Local: Message timed out'), { opaque: id }),
    error: (error) => emit('event.error', error),
  }
}

let producers: Fake[]
let warnings: string[]
let log: AcknowledgedLog
const record = { topic: 'uplinks', key: '0004A30B001C0530', value: Buffer.from([1]) }
const codeOf = (promise: Promise<void>) =>
  promise.then(
    () => 'acknowledged',
    (error: { code: string }) => error.code,
  )

beforeEach(async () => {
  vi.useFakeTimers()
  producers = []
  warnings = []
  log = openAcknowledgedLog({
    connect: async () => {
      producers.push(fakeProducer())
      return producers.at(-1)!
    },
    probeTopic: 'uplinks',
    inFlightMax: 3,
    answerWithinMs: 3_000,
    warn: (_details, message) => warnings.push(message),
  })
  await vi.advanceTimersByTimeAsync(0)
})
afterEach(() => vi.useRealTimers())

test('an append ends with its own report', async () => {
  const [first, second] = [codeOf(log.append(record)), codeOf(log.append(record))]
  producers[0]!.acknowledge(1)
  expect(await second).toBe('acknowledged')
  producers[0]!.fail(0)
  expect(await first).toBe('KAFKA_UNAVAILABLE')
})

test('a report that does not come is answered for in time, and its record still counts against the bound', async () => {
  const answers = [1, 2, 3].map(() => codeOf(log.append(record)))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await Promise.all(answers)).toEqual(answers.map(() => 'KAFKA_UNAVAILABLE'))
  expect(await codeOf(log.append(record))).toBe('BRIDGE_OVERLOADED')
  producers[0]!.acknowledge(0)
  expect(log.inFlight()).toBe(2)
  const later = codeOf(log.append(record))
  producers[0]!.acknowledge(3)
  expect(await later).toBe('acknowledged')
})

test('an outage is told once, and its end', async () => {
  for (const id of [0, 1]) {
    const answer = codeOf(log.append(record))
    producers[0]!.fail(id)
    await answer
  }
  const answer = codeOf(log.append(record))
  producers[0]!.acknowledge(2)
  await answer
  expect(warnings).toEqual([
    'Kafka does not acknowledge: senders are told to come back',
    'Kafka acknowledges again',
  ])
})

test('a producer beyond repair is replaced, and nobody waits for its reports', async () => {
  const stranded = codeOf(log.append(record))
  producers[0]!.error(Object.assign(new Error('Broker: out of order sequence number'), { isFatal: true }))
  expect(await stranded).toBe('KAFKA_UNAVAILABLE')
  await vi.advanceTimersByTimeAsync(0)
  expect(producers).toHaveLength(2)
  expect(producers[0]!.isDisconnected).toBe(true)
  const next = codeOf(log.append(record))
  producers[0]!.acknowledge(0)
  producers[1]!.acknowledge(1)
  expect(await next).toBe('acknowledged')
  expect(log.inFlight()).toBe(0)
})

test('a record that no broker takes is refused, not retried for ever', async () => {
  producers[0]!.produce = () => {
    throw Object.assign(new Error('Broker: Message size too large'), { code: 10 })
  }
  expect(await codeOf(log.append(record))).toBe('BODY_TOO_LARGE')
  expect(log.inFlight()).toBe(0)
})
