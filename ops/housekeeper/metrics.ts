// What Prometheus learns from the housekeeper. Every housekeeper says the same, because all read the same tables: alerts
// take the highest or lowest of them.
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Observation, TableObservation, TaskState } from './observation.ts'

const seconds = (date: Date | null) => (date === null ? undefined : date.getTime() / 1000)

const tableGauges: Record<string, [help: string, value: (table: TableObservation) => number | undefined]> = {
  partitions: ['Partitions of the table, without the default one.', (t) => t.partitions.length],
  partitions_ahead: [
    'Months (readings) or days (events) made ahead without a gap.',
    (t) => (t.isPartitioned ? t.ahead : undefined),
  ],
  partitions_current: ['1 where the partition of now is there.', (t) => Number(t.hasCurrent)],
  partitions_default_rows: ['Rows in the default partition.', (t) => t.defaultRows],
  partitions_bytes: ['Bytes of all partitions with their indexes.', (t) => t.bytes],
  partitions_rows_estimate: ['Rows by the statistics of Postgres.', (t) => t.estimatedRows],
  partitions_growth_bytes_per_day: ['Growth over the last week.', (t) => t.growthBytesPerDay ?? undefined],
  partitions_overdue: ['Partitions older than the retention and still there.', (t) => t.overdue.length],
  partitions_retired: ['Tables that are detached and not yet dropped.', (t) => t.retired.length],
}

const taskGauges: Record<string, [help: string, value: (task: TaskState) => number | undefined]> = {
  housekeeper_last_run_timestamp_seconds: ['Start of the last run.', (t) => seconds(t.lastRunAt)],
  housekeeper_last_success_timestamp_seconds: [
    'End of the last run that succeeded.',
    (t) => seconds(t.lastSuccessAt),
  ],
  housekeeper_next_run_timestamp_seconds: ['When it is due.', (t) => seconds(t.nextRunAt)],
  housekeeper_last_run_failed: [
    '1 where the last run that ended has failed or was abandoned.',
    (t) => Number(t.lastOutcome === 'failed' || t.lastOutcome === 'abandoned'),
  ],
  housekeeper_runs: ['Runs in the history.', (t) => t.runs],
  housekeeper_failures: ['Failed and abandoned runs in the history.', (t) => t.failures],
}

export function housekeeperMetrics(state: () => { observation: Observation | undefined; isUp: boolean }) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const observed = () => state().observation
  for (const [name, [help, value]] of Object.entries(tableGauges))
    labelled(registry, `coldstream_${name}`, help, 'table', () =>
      (observed()?.tables ?? []).map((table) => [table.partitioning.parent, value(table)]),
    )
  for (const [name, [help, value]] of Object.entries(taskGauges))
    labelled(registry, `coldstream_${name}`, help, 'task', () =>
      (observed()?.tasks ?? []).map((task) => [task.task, value(task)]),
    )
  labelled(registry, 'coldstream_partition_bytes', 'Bytes of one partition.', 'partition', () =>
    (observed()?.tables ?? []).flatMap(({ partitions }) =>
      partitions.map(({ name, bytes }): [string, number] => [name, bytes]),
    ),
  )
  single('coldstream_backup_verified', '1 where the backup is recent and without failures.', () =>
    Number(observed()?.backup.isProven ?? 0),
  )
  single('coldstream_housekeeper_postgres_up', '1 where Postgres answered the last time.', () =>
    Number(state().isUp),
  )
  single('coldstream_housekeeper_observed_timestamp_seconds', 'When these figures were read.', () =>
    Math.round((observed()?.atMs ?? 0) / 1000),
  )
  return registry

  function single(name: string, help: string, value: () => number): void {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value())
      },
    })
  }
}

type Labelled = () => readonly (readonly [label: string, value: number | undefined])[]

function labelled(registry: Registry, name: string, help: string, label: string, values: Labelled): void {
  new Gauge({
    ...{ name, help, labelNames: [label], registers: [registry] },
    collect() {
      this.reset() // what is dropped is no more said
      for (const [text, value] of values()) if (value !== undefined) this.set({ [label]: text }, value)
    },
  })
}
