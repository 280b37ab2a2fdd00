// The sink as a process: configuration, Kafka, registry and Postgres put together; beside it, the registry's outbox.
import { setTimeout as sleep } from 'node:timers/promises'
import pino, { type Logger } from 'pino'
import type { Config } from '../infra/config.ts'
import { serveHealth } from '../infra/health-server.ts'
import { groupSettings } from '../infra/kafka.ts'
import { adoptOrphans } from '../infra/orphans.ts'
import { publishOutbox } from '../infra/outbox.ts'
import { type PoolConfig, poolOf } from '../infra/pool-settings.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { openPublisher } from '../infra/publisher.ts'
import { registryAt } from '../infra/registry.ts'
import { checkTopics } from '../infra/topics.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { Committer } from './committer.ts'
import { LagMeter } from './lag.ts'
import { sinkMetrics } from './metrics.ts'
import { PartitionTables } from './partition-tables.ts'
import { eventsByDay, monthsAround, type Partitioning, readingsByMonth } from './partitions.ts'
import { sinkTopics } from './rows.ts'
import { Sink } from './sink.ts'
import { Source } from './source.ts'
import { Writer } from './writer.ts'

export type SinkConfig = Pick<
  Config,
  | 'KAFKA_BROKERS'
  | 'SCHEMA_REGISTRY_URL'
  | 'DATABASE_URL'
  | 'DATABASE_DIRECT_URL'
  | 'TOPIC_PREFIX'
  | 'INSTANCE'
  | 'SINK_BATCH_ROWS_MAX'
  | 'SINK_BATCH_WAIT'
  | 'SINK_PORT'
  | 'EVENTS_RETENTION_DAYS'
  | 'LOG_LEVEL'
> &
  Partial<PoolConfig>

export type RunningSink = {
  port: number
  /** Rejects where it cannot go on; resolves after `close`. */
  ended: Promise<void>
  close: () => Promise<void>
}

/** Names its rows of sink_offsets: one for each pipeline that writes into the database. */
const sinkName = (prefix: string) => `${prefix}sink`
const LOCK_WAITERS_MAX = 2
const OUTBOX_PAUSE_MS = 2_000

/** Resolves once it runs. Postgres may be away then and later: it waits and loses nothing. */
export async function runSink(config: SinkConfig): Promise<RunningSink> {
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: prefix, DATABASE_URL, DATABASE_DIRECT_URL } = config
  const log = pino({ name: 'sink', level: config.LOG_LEVEL })
  const counts = await checkTopics(brokers, prefix, sinkTopics, [])
  const codecs = await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), prefix)
  const onConnectionLost = (error: Error) => log.warn({ err: error }, 'A connection to Postgres was lost')
  const db = openPostgres(DATABASE_URL, { ...poolOf(config), name: 'coldstream-sink', onConnectionLost })
  const direct = openPostgres(DATABASE_DIRECT_URL || DATABASE_URL, {
    name: 'coldstream-sink-ddl',
    connectionsMax: LOCK_WAITERS_MAX,
    onConnectionLost,
  })
  const group = groupSettings(brokers, sinkName(prefix), config.INSTANCE || null)
  const names = new Map(sinkTopics.map((name) => [topicName(prefix, name), name]))
  const source = await Source.connect(group, names)
  const metrics = sinkMetrics(() => ({
    lag: lag.records,
    partitions: source.assigned.length,
    isPostgresUp: committer.isPostgresUp,
    pool: db.usage(),
  }))
  const nowMs = Date.now
  const onDefault = (table: string) =>
    log.error({ table }, 'Rows go to the default partition: run `coldstream partitions check`')
  const tablesOf = (partitioning: Partitioning) =>
    new PartitionTables({ db: direct, partitioning, nowMs, onDefault })
  const [months, days] = [tablesOf(readingsByMonth), tablesOf(eventsByDay)]
  const eventsRetentionDays = config.EVENTS_RETENTION_DAYS
  const writer = new Writer({ db, months, days, sink: sinkName(prefix), eventsRetentionDays, nowMs })
  const committer = new Committer({ writer, codecs, metrics, log })
  const lag = new LagMeter(source, committer.positions)
  const { SINK_BATCH_ROWS_MAX: rowsMax, SINK_BATCH_WAIT: waitMs } = config
  // A batch's age: a wall clock that is set back must not hold it.
  const steadyMs = () => performance.now()
  const sink = new Sink({
    ...{ source, writer, committer, codecs, metrics, log, rowsMax, waitMs },
    nowMs: steadyMs,
  })
  const outbox = new AbortController()
  // Long queries over all time make a new month wait, so it is made before anything waits for it.
  const made = months.ensure(monthsAround(nowMs()))
  await made.catch((error) => log.warn({ err: error }, 'The months ahead are not made yet'))
  const health = await serveHealth(config.SINK_PORT, 'SINK_PORT', {
    isReady: () => sink.isReady(),
    registry: metrics.registry,
    details: () => ({
      postgres: committer.isPostgresUp ? 'up' : 'away',
      partitions: source.assigned.length,
      lag: lag.records,
    }),
  })
  const partitionsOf = new Map([...names].map(([name, topic]) => [name, counts.get(topic) ?? 0] as const))
  const bystander = topicName(prefix, 'watermarks')
  const isWanted = () => !outbox.signal.aborted
  void adoptOrphans({ brokers, settings: group, partitionsOf, bystander, log }, isWanted)
  const publishing = keepPublishing({ db, codecs, prefix, brokers, log, signal: outbox.signal })
  const run = async () => {
    try {
      await sink.run()
    } finally {
      lag.stop()
      outbox.abort()
      await Promise.allSettled([source.close(), health.close(), publishing])
      await Promise.allSettled([db.end(), direct.end()])
    }
  }
  const ended = run()
  return {
    port: health.port,
    ended,
    close: async () => {
      sink.stop()
      await ended
    },
  }
}

type OutboxOptions = {
  db: Postgres
  codecs: Codecs
  prefix: string
  brokers: string
  log: Logger
  signal: AbortSignal
}

/** What an applier of a fleet file was killed over goes on here, without anybody's doing. */
async function keepPublishing({ db, codecs, prefix, brokers, log, signal }: OutboxOptions): Promise<void> {
  while (!signal.aborted) {
    await sleep(OUTBOX_PAUSE_MS, undefined, { signal }).catch(() => {}) // cut short by the stop
    if (signal.aborted) return
    try {
      const { rows } = await db.query('select 1 from outbox where published_at is null limit 1')
      if (rows.length === 0) continue
      const publisher = await openPublisher(brokers)
      try {
        const published = await publishOutbox(db, { codecs, prefix, publisher })
        log.info({ published }, 'The outbox is published')
      } finally {
        await publisher.close()
      }
    } catch (error) {
      log.warn({ err: error }, 'The outbox waits: it is tried again')
    }
  }
}
