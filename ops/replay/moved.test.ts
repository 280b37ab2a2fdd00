import { expect, test } from 'vitest'
import type { Difference } from './diff.ts'
import { pairMoved } from './moved.ts'

const episode = { start: 'started_at', end: 'ended_at', same: ['unit_id', 'direction'] }

function difference(kind: 'added' | 'removed', start: string, end: string, over = {}): Difference {
  const row = {
    ...{ id: `${kind}-${start}`, revision: 1, unit_id: 'u', direction: 'high' },
    ...{ started_at: `2026-01-01T${start}:00Z`, ended_at: `2026-01-01T${end}:00Z`, ...over },
  }
  return { kind, before: kind === 'removed' ? row : null, after: kind === 'added' ? row : null, fields: [] }
}

test('a removed and an added episode that overlap are one that has moved, with what differs', () => {
  const [moved, ...more] = pairMoved(
    [difference('removed', '10:00', '11:00'), difference('added', '10:20', '11:00')],
    episode,
  )
  expect(more).toEqual([])
  expect(moved).toMatchObject({
    kind: 'moved',
    fields: ['started_at'],
    before: { id: 'removed-10:00' },
    after: { id: 'added-10:20' },
  })
})

test.each([
  ['do not overlap', difference('added', '11:30', '12:00')],
  ['are of another unit', difference('added', '10:20', '11:00', { unit_id: 'v' })],
  ['are of another direction', difference('added', '10:20', '11:00', { direction: 'low' })],
])('episodes that %s stay removed and added', (_, other) => {
  const removed = difference('removed', '10:00', '11:00')
  expect(pairMoved([removed, other], episode)).toEqual([removed, other])
})

test('each episode has moved at most once', () => {
  const kinds = pairMoved(
    [
      difference('removed', '10:00', '11:00'),
      difference('added', '10:10', '10:20'),
      difference('added', '10:30', '10:40'),
    ],
    episode,
  ).map(({ kind }) => kind)
  expect(kinds).toEqual(['moved', 'added'])
})
