// What Prometheus learns from the sink.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type SinkMetrics = ReturnType<typeof sinkMetrics>

export type SinkState = {
  lag: number
  partitions: number
  isPostgresUp: boolean
  pool: { inUse: number; idle: number; waiting: number }
}

export function sinkMetrics(state: () => SinkState) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string) =>
    new Counter({ name: `coldstream_sink_${name}`, help, registers })
  const gauge = (name: string, help: string, value: (state: SinkState) => number) =>
    new Gauge({
      name: `coldstream_sink_${name}`,
      help,
      registers,
      collect() {
        this.set(value(state()))
      },
    })
  gauge('lag_records', 'Offsets between what is written and the end of its partitions.', ({ lag }) => lag)
  gauge('partitions', 'Partitions that this sink writes.', ({ partitions }) => partitions)
  gauge('postgres_up', '1 where the last batch was written, 0 while it is tried again.', (s) =>
    Number(s.isPostgresUp),
  )
  gauge('connections_in_use', 'Connections to Postgres in use.', ({ pool }) => pool.inUse)
  return {
    registry,
    rows: counter('rows_total', 'Rows sent to Postgres in committed batches.'),
    deadLetters: counter('dead_letters_total', 'Records that the sink itself could not make a row of.'),
    duplicateBatches: counter('duplicate_batches_total', 'Batches that met a reading already there.'),
    fenced: counter('fenced_total', 'Batches refused because another sink had written their partitions.'),
    failures: counter('failures_total', 'Batches that failed and were tried again.'),
    lostRecords: counter('lost_records_total', 'Records that Kafka had deleted before they were written.'),
    batchSeconds: new Histogram({
      name: 'coldstream_sink_batch_seconds',
      help: 'Time of one transaction; its count is the number of batches.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
      registers,
    }),
  }
}
