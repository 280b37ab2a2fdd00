// `coldstream archive`: what was dropped and where it is, and bringing it back.
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { archiveStore, type PartitionConfig, partitionConfigKeys } from './housekeeper/tasks.ts'
import { partitionOf } from './partitions/names.ts'
import { refused } from './partitions/refused.ts'
import { restoreArchive } from './partitions/restore-archive.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const WITHIN_MS = 600_000

type Context = { db: Postgres; directUrl: string; config: PartitionConfig }

async function withArchive(use: (context: Context) => Promise<void>): Promise<void> {
  const config = readConfig(['DATABASE_URL', 'DATABASE_DIRECT_URL', ...partitionConfigKeys])
  const directUrl = config.DATABASE_DIRECT_URL || config.DATABASE_URL
  const db = openPostgres(directUrl, { name: 'coldstream-archive', connectionsMax: 2 })
  try {
    await use({ db, directUrl, config })
  } finally {
    await db.end()
  }
}

export function archiveCommand(program: Command): void {
  const archive = program.command('archive').description('partitions that were archived: list, restore')
  archive
    .command('list')
    .description('what is archived, and whether it is still a partition')
    .action(() => withArchive(({ db }) => list(db)))
  archive
    .command('restore')
    .description('bring an archived partition back, compared row by row with its archive')
    .argument('<partition>', '2024-11 (readings), 2024-11-05 (events), or the name of the table')
    .option('--keep-days <days>', 'how long it is held against the next retention', '30')
    .action((name: string, { keepDays }: { keepDays: string }) =>
      withArchive((context) => restore(context, name, Number(keepDays))),
    )
}

type Row = { partition: string; rows: number; bytes: number; key: string; state: string; archived: Date }

async function list(db: Postgres): Promise<void> {
  const { rows } = await db.query<Row>(
    `select partition_name as partition, row_count as rows, object_bytes as bytes, object_key as key, archived_at as archived,
       case when verified_at is null then 'not verified' when restored_at is not null then 'restored'
            when dropped_at is not null then 'dropped' else 'still there' end as state
     from partition_archives order by partition_name, id`,
  )
  for (const { partition, rows: count, bytes, key, state, archived } of rows)
    print(`${partition}  ${state}  ${count} rows  ${bytes} bytes  ${archived.toISOString()}  ${key}`)
  if (rows.length === 0) print('Nothing is archived yet.')
}

async function restore({ db, directUrl, config }: Context, text: string, keepDays: number): Promise<void> {
  const { partitioning, period } = partitionOf(text)
  const store = archiveStore(config)
  if (store === undefined) throw refused('ARCHIVE_URL is not set: name the folder or bucket of the archives.')
  if (!(keepDays >= 0)) throw refused('--keep-days is a number of days.')
  const restored = await restoreArchive(
    {
      ...{ db, directUrl, nowMs: Date.now, runId: null, signal: new AbortController().signal },
      ...{ report: (line: string) => void process.stderr.write(`${line}\n`), guard: async () => {} },
    },
    { store, partitioning, period, keepDays, by: userInfo().username, withinMs: WITHIN_MS },
  )
  print(
    `${restored.partition}: ${restored.addedRows} rows are back, equal to the archive; held until ${restored.heldUntil.toISOString()}.`,
  )
}
