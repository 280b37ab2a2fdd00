import { expect, test } from 'vitest'
import { reconcile, type Version } from './versions.ts'

const none = { max: null as number | null }
const version = (validFromMs: number, max: number | null): Version<typeof none> => ({
  validFromMs,
  fields: { max },
})
const undated = (max: number | null) => [{ validFromMs: undefined, fields: { max } }]
const nothing = { added: [], changed: [], removed: [] }

test('the first version holds from the beginning', () => {
  expect(reconcile([], undated(8), none, 500)).toEqual({ ...nothing, added: [version(0, 8)] })
})

test('the same again is no change', () => {
  expect(reconcile([version(0, 8)], undated(8), none, 500)).toEqual(nothing)
  expect(reconcile([version(0, 7), version(300, 8)], undated(8), none, 500)).toEqual(nothing)
  expect(reconcile([version(500, 8)], undated(8), none, 500)).toEqual(nothing)
})

test('a change without a date holds from now on, and what was stays', () => {
  expect(reconcile([version(0, 8)], undated(9), none, 500)).toEqual({ ...nothing, added: [version(500, 9)] })
})

test('a rule taken out of the file ends now; none at all was never there', () => {
  expect(reconcile([version(0, 8)], undated(null), none, 500)).toEqual({
    ...nothing,
    added: [version(500, null)],
  })
  expect(reconcile([], undated(null), none, 500)).toEqual(nothing)
})

test('a planned change that the file no longer names is removed', () => {
  expect(reconcile([version(0, 8), version(900, 9)], undated(8), none, 500)).toEqual({
    ...nothing,
    removed: [version(900, 9)],
  })
})

test('dated versions say the whole history from the first of them on', () => {
  const existing = [version(0, 5), version(100, 6), version(200, 7), version(300, 8)]
  expect(reconcile(existing, [version(100, 6), version(300, 9)], none, 500)).toEqual({
    added: [],
    changed: [{ before: { max: 8 }, after: version(300, 9) }],
    removed: [version(200, 7)],
  })
})
