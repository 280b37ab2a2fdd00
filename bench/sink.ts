// Topic → committed rows, on a broker and a Postgres of the bench's own, beside the ceiling of the same run: the same rows,
// as psql's `\copy` in binary from a file, into the same table with the same indexes. Rounds take turns, so that other load
// meets both; the best round of each counts.
import { createReadStream, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
import { topicName } from '../schemas/topics.ts'
import type { SinkConfig } from '../sinks/main.ts'
import { ensurePartition } from '../sinks/partition-tables.ts'
import { readingsByMonth } from '../sinks/partitions.ts'
import { sinkTables } from '../sinks/rows.ts'
import { MeasuredChild } from './measured-child.ts'
import type { Read, ReaderSetup } from './measured-reader.ts'
import type { SinkSetup } from './measured-sink.ts'
import { cpuMsOf, psqlCopy } from './psql-copy.ts'
import { fill, PARTITIONS, PLAIN_TOPIC, PREFIX, startMs } from './sink-world.ts'

const ROUNDS = 3

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

type Measured = {
  rowsPerSecond: number
  backendMicros: number
  clientMicros: number
  threads?: Record<string, number>
  waits?: Record<string, number>
}
type World = {
  brokers: string
  registry: string
  url: string
  db: Postgres
  rows: number
  /** Of Kafka, that carry the rows. */
  records: number
  file: string
  profileDir: string | undefined
  /** The rounds alone. */
  isBrief: boolean
}

export async function run(options: Record<string, string>): Promise<void> {
  const devices = Number(options.devices ?? 10_000)
  const rows = Number(options.rows ?? 600_000)
  const together = Number(options.together ?? 200)
  await removeAbandonedScratches()
  const scratch = openScratch()
  const report = (line: string) => process.stderr.write(`engines: ${line}\n`)
  const file = join(tmpdir(), `coldstream-bench-${process.pid}.copy`)
  try {
    const engines = await localEngines(['kafka', 'registry', 'postgres'], {
      ...{ dataDir: scratch.dir, report, ports: 'any', isDurable: true },
    })
    const { kafkaBrokers: brokers = '', schemaRegistryUrl: registry = '', databaseUrl: url = '' } = engines
    try {
      await migrate(url)
      const db = openPostgres(url, { connectionsMax: 2, statementTimeoutMs: 0 })
      await ensurePartition(db, readingsByMonth, readingsByMonth.periodOf(startMs))
      const records = await fill({ brokers, registry, rows, devices, together, file })
      const [profileDir, isBrief] = [options.profile, options.only === 'rounds']
      await measure({ brokers, registry, url, db, rows, records, file, profileDir, isBrief })
      await db.end()
    } finally {
      await engines.stop()
    }
  } finally {
    rmSync(file, { force: true })
    await scratch.remove()
  }
}

async function measure(world: World): Promise<void> {
  const { rows, db } = world
  const ceilings: Measured[] = []
  const sinks: Measured[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [ceiling, sink] = [await measureCopy(world), await measureSink(world)]
    ceilings.push(ceiling)
    sinks.push(sink)
    process.stderr.write(`${line('ceiling', ceiling)}\n${line('sink', sink)}\n`)
  }
  const [ceiling, sink] = [best(ceilings), best(sinks)]
  print(
    `${thousands(rows)} readings in ${thousands(world.records)} records, ${PARTITIONS} partitions; best of ${ROUNDS} rounds each, ` +
      'taking turns',
  )
  print(line('ceiling: \\copy of psql', ceiling))
  print(line('sink: topic → committed rows', sink))
  for (const [thread, ms] of Object.entries(sink.threads ?? {}))
    print(`  ${thread.padEnd(38)} ${((ms * 1000) / rows).toFixed(2)} µs a row`)
  print('  what its backends were seen at, of all times that they were looked at')
  for (const [what, share] of Object.entries(sink.waits ?? {}))
    print(`  ${what.padEnd(44)} ${share.toFixed(2)}`)
  print(`ratio to the ceiling           ${(sink.rowsPerSecond / ceiling.rowsPerSecond).toFixed(2)} by time`)
  const total = (m: Measured) => m.backendMicros + m.clientMicros
  print(`CPU of both sides              ${total(ceiling).toFixed(2)} and ${total(sink).toFixed(2)} µs a row`)
  if (world.isBrief) return
  await printReaders(world)
  await printIndexCost(db, world.file)
}

/** Each client alone, without a sink behind it. */
async function printReaders({ brokers, rows }: World): Promise<void> {
  const readings = topicName(PREFIX, 'readings')
  const ways: [client: ReaderSetup['client'], topic: string, what: string][] = [
    ['node-rdkafka', readings, 'lz4'],
    ['node-rdkafka', PLAIN_TOPIC, 'uncompressed'],
    ['kafkajs', PLAIN_TOPIC, 'uncompressed'],
  ]
  print('reading alone, to the end of the topic')
  for (const [client, topic, what] of ways) {
    const setup: ReaderSetup = { client, brokers, topic, records: rows }
    const child = await MeasuredChild.start('./measured-reader.ts', setup)
    const { elapsedMs, threads } = await child.ask<Read>('read')
    await child.end('SIGKILL')
    const micros = Object.entries(threads).map(([name, ms]): [string, number] => [name, (ms * 1000) / rows])
    const all = micros.reduce((sum, [, each]) => sum + each, 0)
    const own = micros.find(([name]) => name === 'JavaScript')?.[1] ?? 0
    print(
      `  ${`${client}, ${what}`.padEnd(28)} ${thousands((rows * 1000) / elapsedMs).padStart(8)} records/s   ` +
        `${all.toFixed(2)} µs a record, of that ${own.toFixed(2)} on the JavaScript thread`,
    )
  }
}

const best = (all: readonly Measured[]): Measured =>
  all.reduce((one, other) => (other.rowsPerSecond > one.rowsPerSecond ? other : one))

const line = (name: string, { rowsPerSecond, backendMicros, clientMicros }: Measured) =>
  `${name.padEnd(30)} ${thousands(rowsPerSecond).padStart(8)} rows/s   backend ${backendMicros.toFixed(2)} µs, ` +
  `client ${clientMicros.toFixed(2)} µs a row`

const clear = (db: Postgres) => db.query('truncate sensor_readings, sink_offsets')

async function measureCopy({ db, url, rows, file }: World): Promise<Measured> {
  await clear(db)
  const into = `sensor_readings (${sinkTables.readings.columns.join(', ')})`
  const { elapsedMs, backendMs, clientMs } = await psqlCopy(url, into, file)
  return {
    rowsPerSecond: (rows * 1000) / elapsedMs,
    ...{ backendMicros: (backendMs * 1000) / rows, clientMicros: (clientMs * 1000) / rows },
  }
}

async function measureSink({
  db,
  brokers,
  registry,
  url,
  rows,
  records,
  profileDir,
}: World): Promise<Measured> {
  await clear(db)
  const config: SinkConfig = {
    ...{ KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry, DATABASE_URL: url, DATABASE_DIRECT_URL: '' },
    ...{
      TOPIC_PREFIX: PREFIX,
      INSTANCE: '',
      SINK_BATCH_ROWS_MAX: 10_000,
      SINK_BATCH_WAIT: 200,
      SINK_PORT: 0,
    },
    ...{ EVENTS_RETENTION_DAYS: 90, LOG_LEVEL: 'error' },
  } as SinkConfig
  const setup: SinkSetup = { config, profileDir: profileDir ?? null }
  const child = await MeasuredChild.start('./measured-sink.ts', setup)
  try {
    await child.ask('begin')
    const first = await untilWritten(db, 1)
    const waits = new Map<string, number>()
    const last = await untilWritten(db, records, waits)
    const threads = await child.ask<Record<string, number>>('end')
    const clientMs = Object.values(threads).reduce((sum, ms) => sum + ms, 0)
    return {
      rowsPerSecond: (rows * (1 - first.written / records) * 1000) / (last.atMs - first.atMs),
      ...{ backendMicros: (last.backendMs * 1000) / rows, clientMicros: (clientMs * 1000) / rows, threads },
      waits: sharesOf(waits),
    }
  } finally {
    await child.end('SIGTERM')
  }
}

type Seen = { written: number; atMs: number; backendMs: number }

/** What a backend is at while it has a batch. One that waits for the client could have been given work. */
const DOING = `case when wait_event = 'ClientRead' then 'that waits for the client'
  when wait_event is null then 'that runs'
  else 'that waits for ' || wait_event_type || ' ' || wait_event end`

/** Offsets are stored with the rows, so they say what is committed. `waits`: how often what was seen. */
async function untilWritten(db: Postgres, least: number, waits = new Map<string, number>()): Promise<Seen> {
  for (;;) {
    const { rows } = await db.query<{ written: number; pids: number[] | null; doing: string[] | null }>(
      `with sink as (select pid, state, ${DOING} as doing from pg_stat_activity
         where application_name = 'coldstream-sink' and datname = current_database())
       select coalesce(sum(next_offset), 0)::bigint as written, (select array_agg(pid) from sink) as pids,
         (select array_agg(doing) from sink where state <> 'idle') as doing
       from sink_offsets`,
    )
    const { written = 0, pids, doing } = rows[0] ?? {}
    for (const what of ['samples', `${doing?.length ?? 0} batches at once`, ...(doing ?? [])])
      waits.set(what, (waits.get(what) ?? 0) + 1)
    if (written >= least) {
      const backendMs = (pids ?? []).reduce((sum, pid) => sum + cpuMsOf(pid), 0)
      return { written, atMs: performance.now(), backendMs }
    }
    await sleep(10)
  }
}

function sharesOf(seen: ReadonlyMap<string, number>): Record<string, number> {
  const { samples = 1, ...rest } = Object.fromEntries(seen)
  return Object.fromEntries(
    Object.entries(rest)
      .sort()
      .map(([what, n]) => [what, n / samples]),
  )
}

/** What each index costs: the same COPY into tables that have some of them. */
async function printIndexCost(db: Postgres, file: string): Promise<void> {
  const columns = sinkTables.readings.columns.join(', ')
  const shapes: Record<string, string> = {
    'no index': '',
    'BRIN (recorded_at)': 'create index on shape using brin (recorded_at)',
    'the key, as it is': 'alter table shape add primary key (unit_id, recorded_at, device_id, simulated)',
    'the key, time first': 'alter table shape add primary key (recorded_at, unit_id, device_id, simulated)',
    'the key and (organization_id, recorded_at)':
      'alter table shape add primary key (unit_id, recorded_at, device_id, simulated); ' +
      'create index on shape (organization_id, recorded_at)',
  }
  print('index cost: the same COPY into a table with …')
  for (const [name, statement] of Object.entries(shapes)) {
    await db.query('drop table if exists shape')
    await db.query('create table shape (like sensor_readings)')
    if (statement !== '') await db.query(statement)
    const { micros, bytes, rows } = await db.transaction(async (sql) => {
      const pid = (await sql.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0
      const before = cpuMsOf(pid)
      await sql.copyIn(
        `copy shape (${columns}) from stdin (format binary)`,
        createReadStream(file, { highWaterMark: 1 << 20 }),
      )
      const spent = cpuMsOf(pid) - before
      const size = await sql.query<{ bytes: number; rows: number }>(
        "select pg_total_relation_size('shape') as bytes, count(*) as rows from shape",
      )
      const found = size.rows[0] ?? { bytes: 0, rows: 1 }
      return { ...found, micros: (spent * 1000) / found.rows }
    })
    print(`  ${name.padEnd(44)} backend ${micros.toFixed(2)} µs, ${Math.round(bytes / rows)} bytes a row`)
  }
}
