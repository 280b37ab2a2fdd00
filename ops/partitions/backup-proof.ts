// Whether the database could be rebuilt without the partition that is to go: WAL archiving is recent, and nothing that it
// was to archive is missing. Postgres archives in order and repeats a failed segment until it succeeds, so a failure that a
// later success follows has left no gap; one that is newer than the last success has. Where WAL is not archived at all, the
// newest backup of `coldstream backup` stands for it.
import type { Sql } from '../../infra/postgres.ts'

export type BackupPolicy = { isVerified: boolean; ageHoursMax: number }

export type BackupProof = {
  isProven: boolean
  explanation: string
  numbers: Readonly<Record<string, unknown>>
}

type Archiver = {
  mode: string
  archived: number
  failed: number
  last_archived_at: Date | null
  last_failed_at: Date | null
  last_archived_wal: string | null
  /** Of backup_runs: the newest that succeeded and the newest that failed. */
  last_backup_at: Date | null
  last_backup_failed_at: Date | null
  now: Date
}

const HOUR_MS = 3_600_000

export async function proveBackup(sql: Pick<Sql, 'query'>, policy: BackupPolicy): Promise<BackupProof> {
  const { rows } = await sql.query<Archiver>(
    `select current_setting('archive_mode') as mode, archived_count as archived, failed_count as failed,
       last_archived_time as last_archived_at, last_failed_time as last_failed_at, last_archived_wal, now(),
       (select max(finished_at) from backup_runs where kind = 'backup' and succeeded) as last_backup_at,
       (select max(finished_at) from backup_runs where kind = 'backup' and not succeeded) as last_backup_failed_at
     from pg_stat_archiver`,
  )
  const [archiver] = rows
  if (archiver === undefined) throw new Error('pg_stat_archiver is empty.')
  return judge(archiver, policy)
}

export function judge(archiver: Archiver, { isVerified, ageHoursMax }: BackupPolicy): BackupProof {
  const isArchiving = archiver.mode !== 'off'
  const [what, last, failed] = isArchiving
    ? (['WAL segment was archived', archiver.last_archived_at, archiver.last_failed_at] as const)
    : (['backup was made', archiver.last_backup_at, archiver.last_backup_failed_at] as const)
  const ageHours = last === null ? null : (archiver.now.getTime() - last.getTime()) / HOUR_MS
  const numbers = {
    ...{ archiveMode: archiver.mode, archivedSegments: archiver.archived, failedAttempts: archiver.failed },
    ...{ lastArchivedAt: archiver.last_archived_at, lastFailedAt: archiver.last_failed_at },
    ...{ lastArchivedWal: archiver.last_archived_wal, lastBackupAt: archiver.last_backup_at },
    ...{ ageHours: ageHours === null ? null : Number(ageHours.toFixed(2)), ageHoursMax, isVerified },
  }
  const answer = (isProven: boolean, explanation: string) => ({ isProven, explanation, numbers })
  if (!isVerified) return answer(true, 'Backups are not verified: BACKUP_VERIFICATION_ENABLED is false.')
  if (last === null || ageHours === null)
    return answer(
      false,
      isArchiving
        ? 'No WAL segment was ever archived.'
        : 'WAL archiving is off (archive_mode), and no backup was made by `coldstream backup`.',
    )
  if (failed !== null && failed.getTime() >= last.getTime())
    return answer(false, `The last ${what} ${ageHours.toFixed(1)} h ago; an attempt after it has failed.`)
  if (ageHours > ageHoursMax)
    return answer(false, `The last ${what} ${ageHours.toFixed(1)} h ago; ${ageHoursMax} h are allowed.`)
  return answer(true, `The last ${what} ${ageHours.toFixed(1)} h ago, without failures since.`)
}
