// What a parent makes of its members' words, and of their silence.
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { MemberReport } from './member.ts'
import { startMembers } from './members.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

class FakeChild extends EventEmitter {
  readonly pid = 1
  connected = true
  readonly signals: string[] = []

  kill(signal: string): void {
    this.signals.push(signal)
    this.emit('exit', null, signal)
  }

  /** As `coldstream` does when its parent says so. */
  send(): void {
    this.emit('exit', 0, null)
  }

  say(over: Partial<MemberReport> = {}): void {
    const totals = {
      records: 0,
      deadLetters: 0,
      commits: 0,
      aborts: 0,
      rebuilds: 0,
      restoredRecords: 0,
      restoreMs: 0,
    }
    const report: MemberReport = {
      ...{ tasks: [], copies: [], isReady: true, troubles: [], loopStillMs: 0, totals, commitsMs: [] },
      ...over,
    }
    this.emit('message', { report })
  }
}

function pair() {
  const children: FakeChild[] = []
  const error = vi.fn()
  const runtime = startMembers({
    count: 2,
    fork: () => {
      const child = new FakeChild()
      children.push(child)
      return child as unknown as ChildProcess
    },
    log: { info: () => {}, warn: () => {}, error },
  })
  return { runtime, children, error }
}

test('what stands still in a member is told with its number', async () => {
  const { runtime, children } = pair()
  children[0]!.say()
  children[1]!.say({
    isReady: false,
    loopStillMs: 40_000,
    troubles: [{ stage: 'unit', partition: 3, reason: 'unit/3: it stands still.' }],
  })
  expect(runtime.isReady()).toBe(false)
  expect(runtime.loopStillMs()).toBe(40_000)
  expect(runtime.troubles()).toEqual([
    { stage: 'unit', partition: 3, reason: 'Member 2: unit/3: it stands still.' },
  ])
  await runtime.stop()
})

test('a member that says nothing more is not ready, is named, and after a minute is started again', async () => {
  const { runtime, children, error } = pair()
  const [good, hung] = children as [FakeChild, FakeChild]
  hung.say()
  good.say()
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      vi.advanceTimersByTime(1_000)
      good.say()
    }
  }
  pass(30)
  expect(runtime.isReady()).toBe(true)
  pass(1)
  expect(runtime.isReady()).toBe(false)
  expect(runtime.troubles().map(({ reason }) => reason)).toEqual(['Member 2 has said nothing for 31 s.'])
  expect(hung.signals).toEqual([])
  pass(30)
  expect(hung.signals).toEqual(['SIGKILL'])
  expect(good.signals).toEqual([])
  expect(error).toHaveBeenCalledOnce()
  await vi.waitFor(() => expect(children).toHaveLength(3))
  children[2]!.say()
  expect(runtime.isReady()).toBe(true)
  await turn()
  await runtime.stop()
})

test('one that waits for Kafka at its start is not ready, and is left alone', async () => {
  const { runtime, children } = pair()
  vi.advanceTimersByTime(600_000)
  expect(runtime.isReady()).toBe(false)
  expect(runtime.troubles().map(({ reason }) => reason)).toEqual([
    'Member 1 is starting.',
    'Member 2 is starting.',
  ])
  expect(children).toHaveLength(2)
  expect(children.flatMap(({ signals }) => signals)).toEqual([])
  await runtime.stop()
})
