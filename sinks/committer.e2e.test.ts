import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type Codecs, memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { SinkRecord } from './batch.ts'
import { Committer } from './committer.ts'
import type { Database } from './database.ts'
import { sinkMetrics } from './metrics.ts'
import { reading } from './testing/load.ts'
import { tablesOf } from './testing/tables.ts'
import { Writer } from './writer.ts'

const codecs: Codecs = await openCodecs(memoryRegistry(), '')
const log = pino({ level: 'silent' })
const running = new AbortController().signal

/** `through` stands between the sink and Postgres. */
async function openCommitter(through: (db: Database) => Database = (db) => db) {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 4 })
  onTestFinished(() => db.end())
  const state = { lag: 0, partitions: 0, isPostgresUp: true, pool: db.usage() }
  const metrics = sinkMetrics(() => state)
  const writer = new Writer({ db: through(db), ...tablesOf(db), sink: 's' })
  return { db, metrics, committer: new Committer({ writer, codecs, metrics, log }) }
}

const records = (from: number, to: number): SinkRecord[] =>
  Array.from({ length: to - from }, (_, index) => ({
    ...({ name: 'readings', topic: 't', partition: 0, timestampMs: 0, key: null } as const),
    offset: from + index,
    value: codecs.of('readings').encode(reading(from + index)),
  }))

test('of a batch that Postgres refuses, only the records at fault become dead letters', async () => {
  const { db, committer } = await openCommitter()
  const bad = [reading(3), reading(17)].map(({ recordedAt }) => `'${new Date(recordedAt).toISOString()}'`)
  await db.query(`alter table sensor_readings add check (recorded_at not in (${bad.join(', ')}))`)
  expect(await committer.commit(committer.rebuild(records(0, 40)), running)).toEqual([])
  const letters = await db.query(
    'select topic_offset as offset, code, explanation from dead_letters order by 1',
  )
  expect(letters.rows).toEqual([
    { offset: 3, code: 'ROW_REFUSED', explanation: expect.stringContaining('violates check constraint') },
    { offset: 17, code: 'ROW_REFUSED', explanation: expect.stringContaining('violates check constraint') },
  ])
  expect((await db.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 38 }])
  expect(committer.positions.get('t/0')).toBe(40)
})

test('of readings that came as one record, only those at fault become a dead letter', async () => {
  const { db, committer } = await openCommitter()
  const bad = [reading(3), reading(17)].map(({ recordedAt }) => `'${new Date(recordedAt).toISOString()}'`)
  await db.query(`alter table sensor_readings add check (recorded_at not in (${bad.join(', ')}))`)
  const items = records(0, 40).map(({ value }) => ({ key: 'u', value: value! }))
  const { encode, decode } = codecs.of('reading-batches')
  const together: SinkRecord = {
    ...({
      name: 'reading-batches',
      topic: 't',
      partition: 0,
      timestampMs: 0,
      key: Buffer.from('0'),
    } as const),
    ...{ offset: 5, value: encode({ items }) },
  }
  expect(await committer.commit(committer.rebuild([together]), running)).toEqual([])
  expect((await db.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 38 }])
  const { rows } = await db.query<{ code: string; explanation: string; value: Buffer }>(
    'select code, explanation, value from dead_letters',
  )
  expect(rows).toMatchObject([
    {
      code: 'ROW_REFUSED',
      explanation: expect.stringMatching(/^2 of the 40 readings in it: .*check constraint/),
    },
  ])
  expect(decode(rows[0]!.value)).toEqual({ items: [items[3], items[17]] })
  expect(committer.positions.get('t/0')).toBe(6)
})

test('a commit whose answer is lost is found out, and not repeated', async () => {
  let loseAnswers = 1
  const { db, committer, metrics } = await openCommitter((db) => ({
    async transaction(work, options) {
      const result = await db.transaction(work, options)
      if (options?.readOnly || loseAnswers-- <= 0) return result
      throw new Error('Connection terminated unexpectedly')
    },
  }))
  expect(await committer.commit(committer.rebuild(records(0, 10)), running)).toEqual([])
  expect((await db.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 10 }])
  expect(committer.positions.get('t/0')).toBe(10)
  expect((await metrics.duplicateBatches.get()).values[0]?.value ?? 0).toBe(0)
})

test('what another sink has written meanwhile is left out, and the rest is written', async () => {
  const { db, committer, metrics } = await openCommitter()
  const other = new Writer({ db, ...tablesOf(db), sink: 's' })
  await other.write(committer.rebuild(records(0, 6)), new Map())
  expect(await committer.commit(committer.rebuild(records(0, 10)), running)).toEqual([])
  expect((await db.query('select count(*) as n from sensor_readings')).rows).toEqual([{ n: 10 }])
  expect((await metrics.fenced.get()).values[0]?.value).toBe(1)
})

test('while Postgres is away it tries again, and gives its records back when it is told to end', async () => {
  const ending = new AbortController()
  let calls = 0
  const { committer } = await openCommitter(() => ({
    transaction: async () => {
      if (++calls === 4) ending.abort()
      throw new Error('connect ECONNREFUSED')
    },
  }))
  const batch = records(0, 3)
  expect(await committer.commit(committer.rebuild(batch), ending.signal)).toEqual(batch)
  expect(committer.isPostgresUp).toBe(false)
})

test('a database that was set back under a running sink stops it', async () => {
  const { db, committer } = await openCommitter()
  await committer.commit(committer.rebuild(records(0, 10)), running)
  await db.query('delete from sink_offsets')
  const more = committer.commit(committer.rebuild(records(10, 20)), running)
  await expect(more).rejects.toThrow('was restored or reset under it')
})
