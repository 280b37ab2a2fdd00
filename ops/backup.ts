// `coldstream backup`, `restore-test` and `restore`: what a person runs, and a timer may.
import type { Command } from 'commander'
import { listBackups, readManifest } from '../infra/backup/catalog.ts'
import type { Restored } from '../infra/backup/restore.ts'
import {
  type Backups,
  backupKeys,
  openBackups,
  runBackup,
  runRestore,
  runRestoreTest,
} from '../infra/backup/runs.ts'
import { makeKeyFile } from '../infra/backup/sealing.ts'
import { readConfig } from '../infra/config.ts'
import { openPostgres } from '../infra/postgres.ts'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function withBackups(work: (backups: Backups) => Promise<void>): Promise<void> {
  const config = readConfig(backupKeys)
  // Through the direct URL: while a restore swaps databases, PgBouncer's sessions would be in its way.
  const db = openPostgres(config.DATABASE_DIRECT_URL || config.DATABASE_URL, {
    connectionsMax: 1,
    idleTimeoutMs: 1,
  })
  try {
    const report = (line: string) => process.stderr.write(`${line}\n`)
    await work(openBackups(config, { db, nowMs: Date.now, report }))
  } finally {
    await db.end()
  }
}

export function backupCommand(program: Command): void {
  const backup = program
    .command('backup')
    .description('back the database up into BACKUP_URL, and remove backups older than BACKUP_RETENTION_DAYS')
    .action(() =>
      withBackups(async (backups) => {
        const { manifest, removed } = await runBackup(backups)
        const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
        print(
          `${manifest.name}: ${mib(manifest.bytes)} MiB in ${backups.store.name}, ${manifest.tables.length} tables, ` +
            `${rows} rows, ${manifest.keyId === null ? 'not sealed' : `sealed with key ${manifest.keyId}`}`,
        )
        for (const name of removed) print(`removed ${name}`)
      }),
    )
  backup
    .command('list')
    .description('the backups of BACKUP_URL, newest first')
    .action(() =>
      withBackups(async ({ store }) => {
        for (const { name } of await listBackups(store)) {
          const { bytes, keyId, tables } = await readManifest(store, name)
          print(
            `${name}  ${mib(bytes)} MiB  ${tables.length} tables  ${keyId ? `key ${keyId}` : 'not sealed'}`,
          )
        }
      }),
    )
  backup
    .command('key')
    .description('make a key for sealing backups; without it they cannot be opened: keep a copy elsewhere')
    .argument('<file>', 'where to write it; then set BACKUP_KEY_FILE')
    .action((file: string) => print(`Key ${makeKeyFile(file).id} is in ${file}.`))
}

export function restoreTestCommand(program: Command): void {
  program
    .command('restore-test')
    .description('restore a backup into a scratch database, compare it with what was backed up, and drop it')
    .argument('[name]', 'of the backup; without it the newest')
    .action((name?: string) =>
      withBackups(async (backups) => print(describe(await runRestoreTest(backups, name)))),
    )
}

export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description('restore a backup and put it in the place of the database; what was there is kept beside it')
    .argument('[name]', 'of the backup; without it the newest')
    .requiredOption('--yes', 'say that the database is to be replaced')
    .option('--end-sessions', 'end the sessions of those who still use it')
    .action((name: string | undefined, { endSessions = false }: { endSessions?: boolean }) =>
      withBackups(async (backups) => {
        const replaced = await runRestore(backups, { name, endSessions })
        print(describe(replaced))
        if (replaced.previous !== undefined) print(`What was there is now the database ${replaced.previous}.`)
      }),
    )
}

function describe({ manifest, entries, rows, seconds }: Restored): string {
  const total = seconds.download + seconds.restore + seconds.compare
  return (
    `${manifest.name}: ${entries} entries, ${manifest.tables.length} tables and ${rows} rows are as they were backed up. ` +
    `${total.toFixed(1)} s: download ${seconds.download.toFixed(1)}, restore ${seconds.restore.toFixed(1)}, ` +
    `compare ${seconds.compare.toFixed(1)}.`
  )
}

const mib = (bytes: number) => (bytes / (1 << 20)).toFixed(1)
