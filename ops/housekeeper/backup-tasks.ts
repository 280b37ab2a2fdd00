// The backups on time: one a day, and once a week the proof that the newest can be restored.
import type { Registry } from 'prom-client'
import { registerBackupMetrics } from '../../infra/backup/metrics.ts'
import {
  type BackupConfig,
  backupStore,
  openBackups,
  runBackup,
  runRestoreTest,
} from '../../infra/backup/runs.ts'
import type { Config } from '../../infra/config.ts'
import type { Postgres } from '../../infra/postgres.ts'
import type { Task } from './task.ts'

export const backupTaskKeys = ['BACKUP_STORAGE_GIB_MAX'] as const

export type BackupTaskConfig = BackupConfig & Pick<Config, (typeof backupTaskKeys)[number]>

/** None where there is no place for backups. */
export function backupTasks(config: BackupTaskConfig, report: (line: string) => void): Task[] {
  if (config.BACKUP_URL === '') return []
  return [
    {
      name: 'database-backup',
      schedule: '0 2 * * *',
      title: 'backs the database up, and removes backups older than BACKUP_RETENTION_DAYS',
      atStart: false,
      run: async ({ db, nowMs }) => {
        const { manifest, removed } = await runBackup(openBackups(config, { db, nowMs, report }))
        return { backup: manifest.name, bytes: manifest.bytes, tables: manifest.tables.length, removed }
      },
    },
    {
      name: 'backup-restore-test',
      schedule: '0 4 * * 0',
      title: 'restores the newest backup into a scratch database, and compares every table',
      atStart: false,
      run: async ({ db, nowMs }) => {
        const { manifest, rows, seconds } = await runRestoreTest(openBackups(config, { db, nowMs, report }))
        return { backup: manifest.name, rows, seconds }
      },
    },
  ]
}

export function addBackupMetrics(registry: Registry, db: Postgres, config: BackupTaskConfig): void {
  if (config.BACKUP_URL === '') return
  const storageBytesMax = config.BACKUP_STORAGE_GIB_MAX * 2 ** 30
  registerBackupMetrics(registry, { db, store: backupStore(config), storageBytesMax })
}
