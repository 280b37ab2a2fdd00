// A backup and a restore of readings, on a Postgres of the bench's own and into a folder: what the RTO is made of. Beside it, how
// fast the same bytes are merely sealed.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Backups, runBackup, runRestoreTest } from '../infra/backup/runs.ts'
import { sealing } from '../infra/backup/sealing.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openObjectStore } from '../infra/object-store.ts'
import { openPostgres } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
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
