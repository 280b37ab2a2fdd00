import type { KafkaConsumer, LibrdKafkaError } from 'node-rdkafka'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answered, Consumer, type Done, insist, NeverAnswered } from './kafka-clients.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const never = () => {}

test('a callback that never comes is given up after half a minute', async () => {
  const call = answered('offsetsForTimes', never)
  const seen = expect(call).rejects.toThrow('The Kafka client has not answered for 30 s: offsetsForTimes.')
  await vi.advanceTimersByTimeAsync(30_000)
  await seen
  await expect(call).rejects.toBeInstanceOf(NeverAnswered)
  expect(vi.getTimerCount()).toBe(0)
})

test('an answer leaves no timer behind', async () => {
  expect(await answered('consume', (done: Done<number>) => done(null, 7))).toBe(7)
  expect(vi.getTimerCount()).toBe(0)
})

test('a process that was frozen hears the answer that was there all the time', async () => {
  let done: Done<string> = never
  const call = answered('commit', (callback: Done<string>) => {
    done = callback
  })
  // Awake again, an interval that is long overdue ticks once.
  vi.setSystemTime(Date.now() + 3_600_000)
  await vi.advanceTimersByTimeAsync(1_000)
  done(null, 'committed')
  expect(await call).toBe('committed')
})

test('a client whose look-ups never come back fails, and is not repeated for ever', async () => {
  const client = { setDefaultConsumeTimeout: never, on: never, offsetsForTimes: never }
  const consumer = new Consumer(client as unknown as KafkaConsumer)
  const asked = insist(
    () => consumer.endOffsets([{ topic: 'uplinks', partition: 0 }]),
    () => true,
  )
  const seen = expect(asked).rejects.toBeInstanceOf(NeverAnswered)
  await vi.advanceTimersByTimeAsync(30_000)
  await seen
})

test('a partition without a leader is asked for until it has one', async () => {
  vi.useRealTimers()
  const answers = [-1, -1, 42]
  const client = {
    ...{ setDefaultConsumeTimeout: never, on: never },
    offsetsForTimes: (asked: { offset: number }[], _: number, done: Done<unknown>) =>
      done(
        null,
        asked.map((one) => ({ ...one, offset: answers.shift() })),
      ),
  }
  const consumer = new Consumer(client as unknown as KafkaConsumer)
  const asked = insist(
    () => consumer.endOffsets([{ topic: 'uplinks', partition: 0 }]),
    () => true,
  )
  expect(await asked).toEqual([42])
})

test('what may be repeated is, and is reported every ten seconds', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const away = Object.assign(new Error('away'), {
    errno: -195,
    code: -195,
    origin: 'kafka',
  }) as LibrdKafkaError
  const report = vi.fn()
  let calls = 0
  const call = async () => {
    if (++calls === 4) return 'there'
    vi.advanceTimersByTime(calls === 2 ? 10_001 : 100)
    throw away
  }
  expect(await insist(call, () => true, report)).toBe('there')
  expect(report.mock.calls).toEqual([[away], [away]])
})
