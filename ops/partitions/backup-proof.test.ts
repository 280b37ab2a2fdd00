import { expect, test } from 'vitest'
import { judge } from './backup-proof.ts'

const now = new Date('2026-11-21T12:00:00Z')
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
const archiver = {
  ...{ mode: 'on', archived: 9, failed: 0, last_archived_at: hoursAgo(1), last_failed_at: null, now },
  ...{ last_archived_wal: '000000010000000000000009', last_backup_at: null, last_backup_failed_at: null },
}
const policy = { isVerified: true, ageHoursMax: 24 }

test.each([
  ['recent, without failures', {}, true],
  ['a failure that a success has followed', { failed: 1, last_failed_at: hoursAgo(2) }, true],
  ['a failure since the last success', { failed: 1, last_failed_at: hoursAgo(0.5) }, false],
  ['older than allowed', { last_archived_at: hoursAgo(25) }, false],
  ['never archived', { last_archived_at: null }, false],
  ['archiving off, and no backup', { mode: 'off', last_archived_at: null }, false],
  ['archiving off, a backup of today', { mode: 'off', last_backup_at: hoursAgo(10) }, true],
  [
    'archiving off, a backup of today, a later one failed',
    { mode: 'off', last_backup_at: hoursAgo(10), last_backup_failed_at: hoursAgo(1) },
    false,
  ],
])('WAL archiving, %s', (_, change, isProven) => {
  const proof = judge({ ...archiver, ...change }, policy)
  expect(proof.isProven, proof.explanation).toBe(isProven)
  expect(judge({ ...archiver, ...change }, { ...policy, isVerified: false }).isProven).toBe(true)
})
