// A backup and a restore of readings, on a Postgres of the bench's own and into a folder, and the way back to a certain second by
// the WAL archive: what RPO and RTO are made of. Beside it, how fast the same bytes are merely sealed.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backups, runBackup, runRestoreTest } from '../infra/backup/runs.ts'
import { sealing } from '../infra/backup/sealing.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openObjectStore } from '../infra/object-store.ts'
import { openPostgres, type Sql, withSession } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
import { openArchivedServer } from '../infra/wal-archive/testing/archived-server.ts'
import { fillYears, planYears } from './years-data.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0)
const key = { id: 'bench', secret: randomBytes(32) }

export async function run(options: Record<string, string>): Promise<void> {
  const rows = Number(options.rows ?? 1_000_000)
  await removeAbandonedScratches()
  const scratch = openScratch()
  const report = () => {}
  try {
    const engines = await localEngines(['postgres'], { dataDir: scratch.dir, report, ports: 'any' })
    try {
      const { databaseUrl: directUrl = '' } = engines
      await migrate(directUrl)
      const db = openPostgres(directUrl, { connectionsMax: 2, idleTimeoutMs: 10 })
      const untilMs = Date.UTC(2026, 10, 1)
      await fillYears(db, planYears({ units: 500, rows, months: 24, untilMs, rollupUnits: 5 }), report)
      const store = openObjectStore(join(scratch.dir, 'store'))
      await measure({
        db,
        store,
        keys: [key],
        directUrl,
        keepDays: 30,
        programsDir: '',
        nowMs: Date.now,
        report,
      })
      await db.end()
    } finally {
      await engines.stop()
    }
    await measurePointInTime(join(scratch.dir, 'archived'), rows)
  } finally {
    rmSync(join(scratch.dir, 'store'), { recursive: true, force: true })
    await scratch.remove()
  }
}

async function measure(backups: Backups): Promise<void> {
  const startMs = performance.now()
  const { manifest } = await runBackup(backups)
  const seconds = (performance.now() - startMs) / 1_000
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  const { rows: sizes } = await backups.db.query<{ bytes: number }>(
    'select pg_database_size(current_database()) as bytes',
  )
  const size = sizes[0]?.bytes ?? 0
  print(
    `database: ${mib(size)} MiB, ${rows.toLocaleString('en')} rows; sealed dump: ${mib(manifest.bytes)} MiB`,
  )
  print(
    `backup with fingerprints: ${seconds.toFixed(1)} s, ${(size / 2 ** 20 / seconds).toFixed(0)} MiB of database a second`,
  )
  const tested = await runRestoreTest(backups)
  const { download, restore, compare } = tested.seconds
  print(
    `restore: download and opening ${download.toFixed(1)} s, pg_restore ${restore.toFixed(1)} s, comparing ${compare.toFixed(1)} s; ` +
      `${(size / 2 ** 20 / (download + restore + compare)).toFixed(0)} MiB of database a second`,
  )
  const bytes = Math.max(manifest.bytes, 64 << 20)
  const piece = randomBytes(1 << 20)
  const pieces = Readable.from(Array.from({ length: Math.ceil(bytes / piece.length) }, () => piece))
  const sealMs = performance.now()
  await pipeline(pieces, sealing(key), async (sealed) => {
    for await (const _ of sealed) void _
  })
  print(
    `sealing alone: ${(bytes / 2 ** 20 / ((performance.now() - sealMs) / 1_000)).toFixed(0)} MiB a second`,
  )
}

const ARCHIVE_TIMEOUT_SECONDS = 60

/** As docker-compose.yml sets it up, with half of the readings before the base backup and half after it. */
async function measurePointInTime(dataDir: string, rows: number): Promise<void> {
  const server = await openArchivedServer(dataDir)
  try {
    const settings = { ...server.archiving, archive_timeout: String(ARCHIVE_TIMEOUT_SECONDS) }
    const { port, url } = await server.start('data', settings)
    await migrate(url)
    const db = openPostgres(url, { connectionsMax: 1, idleTimeoutMs: 10 })
    const half = { units: 500, rows: rows / 2, months: 12, rollupUnits: 1 }
    await fillYears(db, planYears({ ...half, untilMs: Date.UTC(2025, 10, 1) }), () => {})
    const walFrom = await walPosition(url)
    const [baseSeconds] = await timed(() => server.baseBackup(port, 'base'))
    await fillYears(db, planYears({ ...half, untilMs: Date.UTC(2026, 10, 1), rollupUnits: 0 }), () => {})
    await db.end()
    const { instant, seconds } = await withSession(url, (sql) => untilArchived(sql, server.isArchived))
    print(
      `WAL archive: a commit is in it after ${seconds.toFixed(1)} s, with archive_timeout=${ARCHIVE_TIMEOUT_SECONDS}`,
    )
    const walBytes = (await walPosition(url)) - walFrom
    server.recoverTo('base', instant)
    const [recoverySeconds] = await timed(async () => {
      const restored = await server.start('base', { archive_mode: 'off' })
      await withSession(restored.url, untilPromoted)
    })
    print(
      `base backup ${baseSeconds.toFixed(1)} s; recovery from it, over ${mib(walBytes)} MiB of WAL: ${recoverySeconds.toFixed(1)} s`,
    )
  } finally {
    await server.stop()
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[seconds: number, result: T]> {
  const startMs = performance.now()
  const result = await work()
  return [(performance.now() - startMs) / 1_000, result]
}

/** Commits something, and leaves it to the server when that goes to the archive. */
async function untilArchived(sql: Sql, isArchived: (segment: string) => boolean) {
  const commit = () => sql.query("insert into outbox (topic, key, value) values ('t', 'k', '{}')")
  await commit()
  const { rows } = await sql.query<{ segment: string; instant: string }>(
    'select pg_walfile_name(pg_current_wal_insert_lsn()) as segment, clock_timestamp()::text as instant',
  )
  const { segment = '', instant = '' } = rows[0] ?? {}
  await commit() // a recovery that meets nothing after its instant fails
  const [seconds] = await timed(async () => {
    while (!isArchived(segment)) await sleep(50)
  })
  return { instant, seconds }
}

async function walPosition(url: string): Promise<number> {
  return withSession(url, async (sql) => {
    const { rows } = await sql.query<{ at: string }>("select pg_current_wal_lsn() - '0/0'::pg_lsn as at")
    return Number(rows[0]?.at)
  })
}

async function untilPromoted(sql: Sql): Promise<void> {
  for (;;) {
    const { rows } = await sql.query<{ yes: boolean }>('select pg_is_in_recovery() as yes')
    if (rows[0]?.yes === false) return
    await sleep(50)
  }
}
