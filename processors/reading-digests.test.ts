import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDigest,
  digestAt,
  type Entry,
  emptyDigests,
  entriesOf,
  keptBytes,
  packed,
  replaceDigest,
  restoreDigests,
} from './reading-digests.ts'
import { restoreSpace } from './seen.ts'

const digest = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const entry = fc.record({ recordedAtMs: fc.nat({ max: 40 }).map((n) => n * 600_000), digest })
const horizonMs = 12 * 600_000

/** The same in a map. */
function model(entries: readonly Entry[]): Entry[] {
  let kept: Entry[] = []
  let newestMs = 0
  for (const one of entries) {
    if (kept.some(({ recordedAtMs }) => recordedAtMs === one.recordedAtMs)) continue
    newestMs = Math.max(newestMs, one.recordedAtMs)
    kept = [...kept, one].filter(({ recordedAtMs }) => recordedAtMs >= newestMs - horizonMs)
  }
  return kept.sort((a, b) => a.recordedAtMs - b.recordedAtMs)
}

function packedFrom(entries: readonly Entry[], each = (digests: ReturnType<typeof emptyDigests>) => digests) {
  let digests = emptyDigests()
  let newestMs = 0
  for (const { recordedAtMs, digest } of entries) {
    if (digestAt(digests, recordedAtMs) !== undefined) continue
    newestMs = Math.max(newestMs, recordedAtMs)
    addDigest(digests, recordedAtMs, digest, newestMs - horizonMs)
    digests = each(digests)
  }
  return digests
}

test('in whatever order they come, the packed digests are those of the horizon, each under its instant', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const digests = packedFrom(entries)
      expect(entriesOf(digests)).toEqual(model(entries))
      for (const { recordedAtMs, digest } of model(entries)) {
        expect(digestAt(digests, recordedAtMs)).toBe(digest)
        expect(digestAt(digests, recordedAtMs + 1)).toBeUndefined()
      }
    }),
  )
})

test('a restart after any of them changes nothing', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const restarted = packedFrom(entries, (digests) =>
        restoreDigests(digests.firstMs, Buffer.from(keptBytes(digests))),
      )
      expect(entriesOf(restarted)).toEqual(model(entries))
    }),
  )
})

test('gaps of any size come back as they were', () => {
  const entries = [0, 1, 127, 128, 16_384, 1_700_000_000_000, Number.MAX_SAFE_INTEGER].map(
    (recordedAtMs) => ({
      recordedAtMs,
      digest: -1,
    }),
  )
  expect(entriesOf(packed(entries))).toEqual(entries)
})

test('what has been forgotten in front makes room for gaps of any size, and what stands is whole', () => {
  const gapMs = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 45 }))
  fc.assert(
    fc.property(fc.array(gapMs, { minLength: 40, maxLength: 120 }), fc.nat({ max: 12 }), (gapsMs, kept) => {
      const digests = emptyDigests()
      const entries: Entry[] = []
      let recordedAtMs = 0
      for (const [digest, gapMs] of gapsMs.entries()) {
        recordedAtMs += gapMs
        entries.push({ recordedAtMs, digest })
        addDigest(digests, recordedAtMs, digest, entries.at(-1 - kept)?.recordedAtMs ?? 0)
        expect(entriesOf(digests)).toEqual(entries.slice(-1 - kept))
      }
    }),
  )
})

test('a replaced digest stands at its instant, and only there', () => {
  const digests = packed([10, 20, 30].map((recordedAtMs) => ({ recordedAtMs, digest: recordedAtMs })))
  replaceDigest(digests, 20, -5)
  replaceDigest(digests, 25, -6)
  expect(entriesOf(digests).map((one) => one.digest)).toEqual([10, -5, 30])
})

test('what an earlier release kept in two arrays is read, too', () => {
  const none = { sessions: [], digests: [] }
  const kept = { unitId: 'u', gapsMs: [1_000, 600_000, 0x1_0000_0000], digests: [7, -8, 9], firstMs: 0 }
  const space = restoreSpace({
    uplinks: none,
    unassigned: none,
    readings: [{ ...kept, packed: Buffer.alloc(0) }],
  })
  expect(space.readings.map(({ digests }) => entriesOf(digests))).toEqual([
    [
      { recordedAtMs: 1_000, digest: 7 },
      { recordedAtMs: 601_000, digest: -8 },
      { recordedAtMs: 601_000 + 0x1_0000_0000, digest: 9 },
    ],
  ])
})
