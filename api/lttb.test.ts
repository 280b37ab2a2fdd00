import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lttb } from './lttb.ts'

const series = fc.array(fc.float({ noNaN: true, min: -40, max: 60 }), { minLength: 0, maxLength: 400 })
const times = (length: number) => Array.from({ length }, (_, index) => index * 60_000)

test('of any series as many points stay as were asked for, in order, with the first and the last', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 2, max: 120 }), (values, max) => {
      const chosen = lttb(times(values.length), values, max)
      expect(chosen).toHaveLength(Math.min(max, values.length))
      expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b))
      if (values.length > 0) expect([chosen[0], chosen.at(-1)]).toEqual([0, values.length - 1])
    }),
  )
})

test('a peak of one reading in a flat month stays', () => {
  const values = Array.from({ length: 8_640 }, () => 4)
  values[5_001] = 11.5
  expect(lttb(times(values.length), values, 100)).toContain(5_001)
})

test('the example of three buckets by hand: of each the farthest from the line through its neighbours', () => {
  expect(lttb([0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 5, 0, 0, -5, 0, 0], 4)).toEqual([0, 2, 5, 7])
})
