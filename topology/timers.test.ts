import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timers } from './timers.ts'

const filled = (entries: Record<string, number>): Timers => {
  const timers = new Timers()
  for (const [key, atMs] of Object.entries(entries)) timers.set(key, atMs)
  timers.fold()
  return timers
}

test('due timers come up at their instant, and stay until they are moved on', () => {
  const timers = filled({ a: 10, b: 20, c: 30 })
  expect(timers.nextMs).toBe(10)
  expect(timers.due(9)).toEqual([])
  expect(timers.due(20)).toEqual(['a', 'b'])
  expect(timers.due(20)).toEqual(['a', 'b'])
  timers.set('a', 40)
  timers.set('b', Number.POSITIVE_INFINITY)
  expect(timers.nextMs).toBe(30)
  expect(timers.size).toBe(2)
})

test('an aborted transaction gives every timer back', () => {
  const timers = filled({ a: 10, b: 20 })
  timers.set('a', 99)
  timers.set('a', Number.POSITIVE_INFINITY)
  timers.set('new', 1)
  timers.revert()
  expect(timers.due(1_000).sort()).toEqual(['a', 'b'])
  expect(timers.nextMs).toBe(10)
})

test('a key that is set over and over does not fill the heap', () => {
  const timers = new Timers()
  for (let i = 0; i < 200_000; i++) timers.set(`key-${i % 3}`, i)
  timers.fold()
  expect(timers.due(Number.MAX_SAFE_INTEGER).sort()).toEqual(['key-0', 'key-1', 'key-2'])
})

test('it is a map from keys to instants, whatever is done to it', () => {
  const change = fc.oneof(
    fc.record({
      do: fc.constant('set' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      at: fc.nat(50),
    }),
    fc.record({ do: fc.constant('clear' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    fc.record({ do: fc.constantFrom('fold' as const, 'revert' as const) }),
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), fc.nat(50), (changes, clockMs) => {
      const timers = new Timers()
      let model = new Map<string, number>()
      let committed = new Map<string, number>()
      for (const c of changes) {
        if (c.do === 'set') {
          timers.set(c.key, c.at)
          model.set(c.key, c.at)
        } else if (c.do === 'clear') {
          timers.set(c.key, Number.POSITIVE_INFINITY)
          model.delete(c.key)
        } else if (c.do === 'fold') {
          timers.fold()
          committed = new Map(model)
        } else {
          timers.revert()
          model = new Map(committed)
        }
      }
      const due = [...model].filter(([, at]) => at <= clockMs).map(([key]) => key)
      expect([...new Set(timers.due(clockMs))].sort()).toEqual(due.sort())
      expect(timers.nextMs).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()))
    }),
  )
})

test('with more due than are wanted, the earliest come first', () => {
  const timers = new Timers()
  for (const at of [5, 3, 9, 1, 7]) timers.set(`key ${at}`, at)
  timers.fold()
  expect(timers.due(8, 2)).toEqual(['key 1', 'key 3'])
  for (const key of timers.due(8, 2)) timers.set(key, Number.POSITIVE_INFINITY)
  expect(timers.due(8, 9)).toEqual(['key 5', 'key 7'])
})

// By the time of the processor and not of the wall: the machine may be busy with other things.
test('a million pending timers cost no scan', { timeout: 60_000 }, () => {
  const timers = new Timers()
  for (let i = 0; i < 1_000_000; i++) timers.set(`unit-${i}`, 1_000_000 + ((i * 7_919) % 1_000_000))
  timers.fold()
  const before = process.cpuUsage()
  for (let clockMs = 0; clockMs < 100_000; clockMs++) timers.due(clockMs)
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000) // µs: 10 for a look, where one scan takes milliseconds
})
