// What Prometheus is told of the backups: read from `backup_runs` and the store when it asks, so that any process can tell
// it, and a process that was just started tells the truth.
import { Gauge, type Registry } from 'prom-client'
import type { ObjectStore } from '../object-store.ts'
import type { Postgres } from '../postgres.ts'

export type BackupMetricsOptions = {
  db: Postgres
  store: ObjectStore
  /** For a bucket, which does not know how large it may become; 0: no limit, and no metric. */
  storageBytesMax: number
}

/** A bucket is not listed at every scrape. */
const KEPT_MS = 60_000

type Reading = {
  kind: string
  finished: number | null
  ran: number
  succeeded: boolean
  bytes: number | null
}

export function registerBackupMetrics(registry: Registry, options: BackupMetricsOptions): void {
  const registers = [registry]
  const read = keptFor(KEPT_MS, () => lastRuns(options.db))
  const used = keptFor(KEPT_MS, () => usedRatio(options))
  const gauge = (name: string, help: string, figureOf: (run: Reading) => number | null) =>
    new Gauge({
      ...{ name, help, labelNames: ['kind'], registers },
      async collect() {
        const runs = await read().catch(() => []) // Postgres is away: that is another alert's matter
        for (const run of runs) {
          const value = figureOf(run)
          if (value !== null) this.set({ kind: run.kind }, value)
        }
      },
    })
  gauge('coldstream_backup_last_success_timestamp_seconds', 'When one last ended well', (run) => run.finished)
  gauge('coldstream_backup_last_run_timestamp_seconds', 'When one last ended, however', (run) => run.ran)
  gauge('coldstream_backup_last_run_failed', '1 where the last one failed', (run) => (run.succeeded ? 0 : 1))
  gauge('coldstream_backup_bytes', 'Size of the last one that ended well', (run) => run.bytes)
  new Gauge({
    name: 'coldstream_backup_storage_used_ratio',
    help: 'How full the place of the backups is, of 1',
    registers,
    async collect() {
      const ratio = await used().catch(() => undefined)
      if (ratio !== undefined) this.set(ratio)
    },
  })
}

async function lastRuns(db: Postgres): Promise<Reading[]> {
  const { rows } = await db.query<Reading>(
    `select kind, extract(epoch from max(finished_at) filter (where succeeded))::float8 as finished,
       extract(epoch from max(finished_at))::float8 as ran,
       (array_agg(succeeded order by finished_at desc, id desc))[1] as succeeded,
       (array_agg(backup_bytes order by finished_at desc, id desc) filter (where succeeded))[1] as bytes
     from backup_runs group by kind`,
    [],
    { readOnly: true },
  )
  return rows
}

async function usedRatio({ store, storageBytesMax }: BackupMetricsOptions): Promise<number | undefined> {
  const usage = await store.usage()
  if (usage !== undefined) return usage.usedBytes / usage.totalBytes
  if (storageBytesMax === 0) return undefined
  const objects = await store.list('')
  return objects.reduce((sum, { bytes }) => sum + bytes, 0) / storageBytesMax
}

function keptFor<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let kept: { atMs: number; value: Promise<T> } | undefined
  return () => {
    if (kept !== undefined && performance.now() - kept.atMs < ms) return kept.value
    const value = read()
    kept = { atMs: performance.now(), value }
    value.catch(() => {
      kept = undefined
    })
    return value
  }
}
