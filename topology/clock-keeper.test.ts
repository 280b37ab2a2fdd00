// Faults that are injected into what the clocks live on.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { ClockBoard } from './clock-board.ts'
import { ClockKeeper } from './clock-keeper.ts'
import { Task } from './engine.ts'
import { Consumer, type Done, NeverAnswered } from './kafka-clients.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import type { SideReader } from './side-reader.ts'
import { TaskSlot } from './task-slot.ts'
import { counting } from './testing/counting.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const [spread] = counting.stages

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Asked = { topic: string; partition: number; offset: number }[]
type Lookup = (asked: Asked, timeoutMs: number, done: Done<Asked>) => void

const answers: Lookup = (asked, _, done) =>
  done(
    null,
    asked.map((one) => ({ ...one, offset: 0 })),
  )
const away: Lookup = (_asked, _timeoutMs, done) =>
  done(Object.assign(new Error('timed out'), { errno: -185, code: -185, origin: 'kafka' }) as never, [])
const silence: Lookup = () => {}

/** A process with one task of the source, and a client that looks up ends as `lookup.with` does. */
function world() {
  const lookup = { with: answers }
  const client = {
    setDefaultConsumeTimeout: () => {},
    on: () => {},
    offsetsForTimes: (asked: Asked, timeoutMs: number, done: Done<Asked>) =>
      lookup.with(asked, timeoutMs, done),
  }
  const fail = vi.fn()
  const warn = vi.fn()
  const options = {
    topicOf: (topic: string) => topic,
    clock: 'wall',
    nowMs: () => Date.now(),
    codecs,
    log: { info: () => {}, warn, error: () => {} },
  } as unknown as RuntimeOptions
  const keeper = new ClockKeeper({
    options,
    board: new ClockBoard(counting, () => 1),
    offsets: new Consumer(client as never),
    side: { follow: () => {} } as unknown as SideReader,
    isWanted: () => true,
    fail,
  })
  const slot = new TaskSlot(new Task(spread!, 0, codecs, () => 0))
  slot.start(new Map([['uplinks', 0]]), new Map(), { clockMs: 0, takenToMs: 0 })
  slot.update(0)
  /** As the loop does; returns how far behind the wall clock the task's is afterwards. */
  const turnFor = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      keeper.mark([slot])
      await vi.advanceTimersByTimeAsync(100)
    }
    return Date.now() - slot.clock.ms
  }
  return { lookup, keeper, fail, warn, turnFor }
}

test('the clock of a task that has read everything follows the wall clock', async () => {
  expect(await world().turnFor(5_000)).toBeLessThan(600)
})

test('a broker that is away stops the clocks, and they go on by themselves once it is back', async () => {
  const { lookup, turnFor, fail, warn } = world()
  lookup.with = away
  expect(await turnFor(60_000)).toBeGreaterThan(59_000)
  expect(warn).toHaveBeenCalled()
  lookup.with = answers
  expect(await turnFor(1_000)).toBeLessThan(600)
  expect(fail).not.toHaveBeenCalled()
})

test('an answer that never comes is given up with a word, its client is replaced, and the next look-up is made', async () => {
  const { lookup, turnFor, fail, warn } = world()
  await turnFor(1_000)
  lookup.with = silence
  await turnFor(32_000)
  expect(fail).toHaveBeenCalledExactlyOnceWith(expect.any(NeverAnswered))
  expect(warn).toHaveBeenCalledWith(
    { err: expect.any(NeverAnswered) },
    expect.stringContaining('clocks wait'),
  )
  lookup.with = answers
  expect(await turnFor(31_000)).toBeLessThan(600)
})

test('clocks that were told before and never come end the start, so that it is tried anew', async () => {
  const { lookup, keeper } = world()
  lookup.with = (asked, _, done) =>
    done(
      null,
      asked.map((one) => ({ ...one, offset: one.offset === -1 ? 5 : 0 })),
    )
  const seen = expect(keeper.follow()).rejects.toThrow('The watermarks end at 5, and nothing comes after 0.')
  await vi.advanceTimersByTimeAsync(61_000)
  await seen
})
