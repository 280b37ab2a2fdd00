import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { transactionalSettings } from '../infra/kafka.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { registryAt } from '../infra/registry.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { readTopic } from '../infra/topic-reader.ts'
import { createTopics } from '../infra/topics.ts'
import { digest, type TableDigest } from '../ops/digest.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { sinkTopics } from './rows.ts'
import { LoadWriter, reading, seeded } from './testing/load.ts'

type World = { prefix: string; writer: LoadWriter }

async function openWorld(partitions = 3): Promise<World> {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const prefix = freshPrefix()
  await createTopics(kafkaBrokers, prefix, { partitions, replication: 1 })
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  const settings = transactionalSettings(kafkaBrokers, `${prefix}load`)
  const writer = await LoadWriter.open({ settings, prefix, codecs })
  onTestFinished(() => writer.close())
  return { prefix, writer }
}

type Sink = {
  child: ChildProcess
  get: (path: string) => Promise<Response>
  /** Once it has ended: all that it said. */
  outputAtEnd: () => Promise<string>
}

/** The very command that people run, as a process of its own. */
async function startSink(prefix: string, databaseUrl: string, env: NodeJS.ProcessEnv = {}): Promise<Sink> {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const child = spawn(process.execPath, ['ops/coldstream.ts', 'sink'], {
    env: {
      ...process.env,
      ...{ KAFKA_BROKERS: kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl, DATABASE_URL: databaseUrl },
      ...{
        TOPIC_PREFIX: prefix,
        SINK_BATCH_ROWS_MAX: '400',
        SINK_BATCH_WAIT: '20ms',
        INSTANCE: 'one',
        SINK_PORT: '0',
      },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => kill(child))
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const port = await vi.waitFor(() => {
    const found = /on port (\d+)/.exec(output)?.[1]
    if (child.exitCode !== null) throw new Error(`the sink has ended: ${output}`)
    if (found === undefined) throw new Error(`the sink does not run yet: ${output}`)
    return found
  }, 20_000)
  const ended = once(child, 'close')
  return {
    child,
    get: (path) => fetch(`http://127.0.0.1:${port}${path}`),
    // `close`, unlike `exit`, comes after the last of its output.
    outputAtEnd: async () => {
      await ended
      return output
    },
  }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

async function openDatabase(): Promise<{ url: string; db: Postgres }> {
  const url = await freshDatabase()
  const db = openPostgres(url, { connectionsMax: 2 })
  onTestFinished(() => db.end())
  return { url, db }
}

/** Per partition the offset after its last committed record. */
async function committedEnds(prefix: string): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  for (const name of sinkTopics) {
    const topic = topicName(prefix, name)
    await readTopic({ brokers: testEngines().kafkaBrokers, topic }, (messages) => {
      for (const { partition, offset } of messages) ends.set(`${topic}/${partition}`, offset + 1)
    })
  }
  return ends
}

const storedOffsets = async (db: Postgres) => {
  const { rows } = await db.query<{ key: string; next: number }>(
    "select topic || '/' || topic_partition as key, next_offset as next from sink_offsets",
  )
  return new Map(rows.map(({ key, next }) => [key, next]))
}

async function untilWritten(db: Postgres, prefix: string): Promise<void> {
  const ends = await committedEnds(prefix)
  await vi.waitFor(async () => expect(await storedOffsets(db)).toEqual(ends), {
    timeout: 40_000,
    interval: 100,
  })
}

const total = (digests: readonly TableDigest[]) => digests.reduce((sum, { rows }) => sum + rows, 0)

test('killed twelve times at random under load, it leaves the very rows of an undisturbed run', {
  timeout: 180_000,
}, async () => {
  const { prefix, writer } = await openWorld()
  const random = seeded(20_260_301)
  const killed = await openDatabase()
  let isKilling = true
  const loading = (async () => {
    for (let from = 0; isKilling || from < 12_000; from += 400) {
      await writer.writeLoad(from, from, from + 400)
      await sleep(100)
    }
  })()
  const writtenUpTo = async () =>
    [...(await storedOffsets(killed.db)).values()].reduce((sum, next) => sum + next, 0)
  for (let kills = 0; kills < 12; kills++) {
    const before = await writtenUpTo()
    const { child } = await startSink(prefix, killed.url)
    // Most while they write, every third wherever it is in its start.
    if (kills % 3 > 0)
      await vi.waitFor(async () => expect(await writtenUpTo()).toBeGreaterThan(before), 20_000)
    await sleep(random() * (kills % 3 > 0 ? 300 : 1_000))
    await kill(child)
  }
  isKilling = false
  await loading
  const last = await startSink(prefix, killed.url)
  await untilWritten(killed.db, prefix)
  await kill(last.child, 'SIGTERM')

  const undisturbed = await openDatabase()
  const { child } = await startSink(prefix, undisturbed.url)
  await untilWritten(undisturbed.db, prefix)
  await kill(child, 'SIGTERM')
  const expected = await digest(undisturbed.db, { withRevisions: true })
  expect(total(expected)).toBeGreaterThan(10_000)
  expect(expected.map(({ table }) => table)).toContain('sensor_readings_y2026m02')
  expect(expected.every(({ rows }) => rows > 0)).toBe(true)
  expect(await digest(killed.db, { withRevisions: true })).toEqual(expected)
})

test('Postgres killed in mid-flow, twice: the sink waits, stays, and loses and doubles nothing', {
  timeout: 120_000,
}, async () => {
  const { prefix, writer } = await openWorld()
  const own = await ownPostgres()
  await migrate(own.url)
  const sink = await startSink(prefix, own.url)
  const loading = (async () => {
    for (let from = 0; from < 8_000; from += 400) {
      await writer.writeLoad(from, from, from + 400)
      await sleep(250)
    }
  })()
  for (let kills = 0; kills < 2; kills++) {
    await vi.waitFor(async () => expect((await sink.get('/health/ready')).status).toBe(200), 20_000)
    await sleep(1_000)
    await own.kill()
    await vi.waitFor(async () => expect((await sink.get('/health/ready')).status).toBe(503), 20_000)
    await own.start()
  }
  await loading
  const db = openPostgres(own.url, { connectionsMax: 2 })
  onTestFinished(() => db.end())
  await untilWritten(db, prefix)
  expect(sink.child.exitCode).toBeNull()
  expect((await sink.get('/health/ready')).status).toBe(200)
  await kill(sink.child, 'SIGTERM')
  expect(sink.child.exitCode).toBe(0)

  const undisturbed = await openDatabase()
  await startSink(prefix, undisturbed.url)
  await untilWritten(undisturbed.db, prefix)
  expect(await digest(db, { withRevisions: true })).toEqual(
    await digest(undisturbed.db, { withRevisions: true }),
  )
})

/** A Postgres that may be killed without anybody else's tests. */
async function ownPostgres() {
  const dataDir = mkdtempSync(join(tmpdir(), 'coldstream-sink-'))
  chmodSync(dataDir, 0o755) // Postgres enters it as another user when root runs the tests
  const start = () => localEngines(['postgres'], { dataDir, report: () => {}, ports: 'fixed' })
  let engine = await start()
  onTestFinished(async () => {
    await engine.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return {
    url: engine.databaseUrl!,
    async kill() {
      const { pid } = JSON.parse(readFileSync(join(dataDir, 'pids/postgres.json'), 'utf8'))
      process.kill(pid, 'SIGKILL')
    },
    async start() {
      engine = await start()
    },
  }
}

test('sinks share the partitions; what one that ends had, the other goes on with', {
  timeout: 60_000,
}, async () => {
  const { prefix, writer } = await openWorld()
  const { url, db } = await openDatabase()
  const [first, second] = await Promise.all([
    startSink(prefix, url, { INSTANCE: '' }),
    startSink(prefix, url, { INSTANCE: '' }),
  ])
  const partitionsOf = async (sink: Sink) =>
    ((await (await sink.get('/health')).json()) as { partitions: number }).partitions
  await vi.waitFor(async () => {
    const shares = [await partitionsOf(first), await partitionsOf(second)]
    expect(shares.reduce((sum, share) => sum + share)).toBe(3 * sinkTopics.length)
    expect(Math.min(...shares)).toBeGreaterThan(0)
  }, 20_000)
  await writer.writeLoad(1, 0, 1_500)
  await kill(first.child, 'SIGTERM')
  await writer.writeLoad(2, 1_500, 3_000)
  await untilWritten(db, prefix)
  expect(await partitionsOf(second)).toBe(3 * sinkTopics.length)
  const readings = (await digest(db)).filter(({ table }) => table.startsWith('sensor_readings'))
  expect(total(readings)).toBeGreaterThan(2_000)
})

test('partitions go by two lanes: one that waits for its offsets does not hold up the other', async () => {
  const { prefix, writer } = await openWorld(2)
  const { url, db } = await openDatabase()
  await startSink(prefix, url)
  await writer.writeLoad(1, 0, 400)
  await untilWritten(db, prefix)
  const before = await storedOffsets(db)
  const of = (partition: number, offsets: ReadonlyMap<string, number>) =>
    [...offsets].filter(([key]) => key.endsWith(`/${partition}`)).sort()
  await db.transaction(async (sql) => {
    await sql.query('select from sink_offsets where topic_partition = 0 for update')
    await writer.writeLoad(2, 400, 800)
    const ends = await committedEnds(prefix)
    await vi.waitFor(async () => expect(of(1, await storedOffsets(db))).toEqual(of(1, ends)), 10_000)
    expect(of(0, await storedOffsets(db))).toEqual(of(0, before))
  })
  await untilWritten(db, prefix)
})

test('a record that nobody can read is kept as a dead letter, and the partition goes on', async () => {
  const { prefix, writer } = await openWorld(1)
  const { url, db } = await openDatabase()
  const sink = await startSink(prefix, url)
  await writer.writeBytes('reading-batches', 'k', Buffer.from('not Avro'))
  const unknownSchema = Buffer.concat([Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]), Buffer.from('x')])
  await writer.writeBytes('reading-batches', 'k', unknownSchema)
  await writer.write({ topic: 'readings', key: 'k', value: reading(1) })
  await writer.commit()
  await untilWritten(db, prefix)
  const { rows } = await db.query('select code, value, topic from dead_letters order by topic_offset')
  expect(rows).toEqual([
    { code: 'RECORD_NOT_FRAMED', value: Buffer.from('not Avro'), topic: `${prefix}reading-batches` },
    { code: 'SCHEMA_UNKNOWN', value: unknownSchema, topic: `${prefix}reading-batches` },
  ])
  expect((await db.query('select recorded_at from sensor_readings')).rows).toEqual([
    { recorded_at: new Date(reading(1).recordedAt) },
  ])
  const metrics = await (await sink.get('/metrics')).text()
  expect(metrics).toContain('coldstream_sink_dead_letters_total 2')
  expect(metrics).toContain('coldstream_sink_rows_total 3')
})

test('a topic that was made anew under the tables is refused, not skipped', async () => {
  const { prefix } = await openWorld(1)
  const { url, db } = await openDatabase()
  await db.query(
    'insert into sink_offsets (sink, topic, topic_partition, next_offset) values ($1, $2, 0, 1000)',
    [`${prefix}sink`, `${prefix}reading-batches`],
  )
  const { child, outputAtEnd } = await startSink(prefix, url)
  expect(await outputAtEnd()).toContain('was made anew')
  expect(child.exitCode).not.toBe(0)
})

test('of two sinks under one name the first ends and says why', async () => {
  const { prefix } = await openWorld(1)
  const { url } = await openDatabase()
  const first = await startSink(prefix, url)
  await vi.waitFor(async () => expect((await first.get('/health/ready')).status).toBe(200), 20_000)
  const second = await startSink(prefix, url)
  expect(await first.outputAtEnd()).toContain('give each its own INSTANCE')
  await vi.waitFor(async () => expect((await second.get('/health/ready')).status).toBe(200), 20_000)
})
