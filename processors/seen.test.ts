import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addCounter, addDigest, addUplink, type Digests, digestsAt, emptyUplinks, hasUplink } from './seen.ts'

const uplink = (fCnt: number, sessionKeyId: string | null = 's', digest = 0) => ({
  sessionKeyId,
  fCnt,
  recordedAtMs: fCnt * 1000,
  digest,
})

test('whatever the order, every counter is seen once and runs stay as few as the gaps', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 60 })), (counters) => {
      const ranges: number[] = []
      for (const counter of counters) addCounter(ranges, counter)
      const distinct = [...new Set(counters)].sort((a, b) => a - b)
      const runs = distinct.flatMap((counter, i) => {
        const ends = distinct[i + 1] !== counter + 1
        const starts = distinct[i - 1] !== counter - 1
        return [...(starts ? [counter] : []), ...(ends ? [counter] : [])]
      })
      expect(ranges).toEqual(runs)
    }),
  )
})

test('a join starts a new session: the same counter is another uplink', () => {
  const seen = emptyUplinks()
  addUplink(seen, uplink(0), 0)
  expect(hasUplink(seen, uplink(0))).toBe(true)
  expect(hasUplink(seen, uplink(1))).toBe(false)
  expect(hasUplink(seen, uplink(0, 't'))).toBe(false)
})

test('without a session an uplink is its instant, port and payload', () => {
  const seen = emptyUplinks()
  addUplink(seen, uplink(5, null, 11), 0)
  expect(hasUplink(seen, uplink(5, null, 11))).toBe(true)
  expect(hasUplink(seen, uplink(5, null, 12))).toBe(false)
  expect(hasUplink(seen, uplink(6, null, 11))).toBe(false)
})

test('sessions and digests that are older than what is kept are forgotten', () => {
  const seen = emptyUplinks()
  addUplink(seen, uplink(1, 'old'), 0)
  addUplink(seen, uplink(1, null, 7), 0)
  addUplink(seen, uplink(100, 'new'), 50_000)
  addUplink(seen, uplink(100, null, 8), 50_000)
  expect(seen.sessions.map(({ sessionKeyId }) => sessionKeyId)).toEqual(['new'])
  expect(seen.digests).toEqual([{ recordedAtMs: 100_000, digest: 8 }])
})

test('digests are found by their instant, in whatever order they came', () => {
  const digests: Digests = []
  for (const ms of [30, 10, 20, 10]) addDigest(digests, ms, ms + digests.length, 0)
  expect(digests.map(({ recordedAtMs }) => recordedAtMs)).toEqual([10, 10, 20, 30])
  expect(digestsAt(digests, 10)).toEqual([13, 11])
  expect(digestsAt(digests, 15)).toEqual([])
})
