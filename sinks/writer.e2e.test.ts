import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { digest } from '../ops/digest.ts'
import { type Codecs, memoryRegistry, openCodecs } from '../schemas/codec.ts'
import { derivedId } from '../schemas/identity.ts'
import { Batch, type SinkRecord } from './batch.ts'
import type { SinkTopic } from './rows.ts'
import { loadEvent, reading, seeded } from './testing/load.ts'
import { tablesOf } from './testing/tables.ts'
import { isPartitionGone, type Positions, SinkFenced, Writer } from './writer.ts'

const codecs: Codecs = await openCodecs(memoryRegistry(), '')

async function openWriter(sink = 'sink'): Promise<{ db: Postgres; writer: Writer; another: () => Writer }> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 6 })
  onTestFinished(() => db.end())
  const another = () => new Writer({ db, ...tablesOf(db), sink })
  return { db, writer: another(), another }
}

function record(name: SinkTopic, value: object, offset: number): SinkRecord {
  const place = { name, topic: `t.${name}`, partition: 0, offset }
  return { ...place, timestampMs: 0, key: null, value: codecs.of(name).encode(value as never) }
}

function batchOf(...records: SinkRecord[]): Batch {
  const batch = new Batch(codecs)
  for (const each of records) batch.add(each)
  return batch
}

const readings = (from: number, to: number, change = {}) =>
  Array.from({ length: to - from }, (_, index) =>
    record('readings', reading(from + index, change), from + index),
  )

const at = (next: number): Positions => new Map([['t.readings/0', next]])
const count = async (db: Postgres, table: string) =>
  Number((await db.query(`select count(*) as n from ${table}`)).rows[0]!.n)

test('a batch over the border of a month goes into both months, and none into the default', async () => {
  const { db, writer } = await openWriter()
  const border = Date.UTC(2026, 1, 1)
  const times = [border - 1, border, border + 1, Date.UTC(2025, 11, 31), Date.UTC(1999, 0, 1)]
  const batch = batchOf(...times.map((recordedAt, i) => record('readings', reading(i, { recordedAt }), i)))
  await writer.write(batch, new Map())
  const { rows } = await db.query(
    'select tableoid::regclass::text as month, count(*) as n from sensor_readings group by 1 order by 1',
  )
  expect(rows).toEqual([
    { month: 'sensor_readings_y1999m01', n: 1 },
    { month: 'sensor_readings_y2025m12', n: 1 },
    { month: 'sensor_readings_y2026m01', n: 1 },
    { month: 'sensor_readings_y2026m02', n: 2 },
  ])
})

test('five sinks that need the same new month at once make it once', async () => {
  const { db, another } = await openWriter()
  const writes = Array.from({ length: 5 }, (_, index) => {
    const own = { ...record('readings', reading(index), 0), partition: index }
    return another().write(batchOf(own), new Map())
  })
  await Promise.all(writes)
  expect(await count(db, 'sensor_readings_y2026m01')).toBe(5)
})

test('a reading that is there already, or twice in a batch, is written once: the first in the log stays', async () => {
  const { db, writer } = await openWriter()
  expect(await writer.write(batchOf(...readings(0, 50)), new Map())).toEqual({
    rows: 50,
    hadDuplicates: false,
  })
  const copies = [
    ...readings(50, 60),
    record('readings', reading(3, { temperature: 99 }), 60),
    record('readings', reading(55, { temperature: 99 }), 61),
    ...readings(62, 70),
  ]
  expect(await writer.write(batchOf(...copies), at(50))).toEqual({ rows: 20, hadDuplicates: true })
  expect(await count(db, 'sensor_readings')).toBe(68)
  expect((await db.query('select 1 from sensor_readings where temperature_c = 99')).rows).toEqual([])
  expect(await writer.readPositions(['t.readings'])).toEqual(at(70))
})

test('a zombie that wakes up with an old batch is refused, and changes nothing', async () => {
  const { db, writer, another } = await openWriter()
  const zombie = another()
  await writer.write(batchOf(...readings(0, 10)), new Map())
  await writer.write(batchOf(...readings(10, 20)), at(10))
  const before = await digest(db)
  await expect(zombie.write(batchOf(...readings(0, 10)), new Map())).rejects.toThrow(SinkFenced)
  await expect(zombie.write(batchOf(...readings(10, 30)), at(10))).rejects.toThrow(SinkFenced)
  await expect(zombie.write(batchOf(...readings(15, 30)), at(20))).rejects.toThrow(SinkFenced)
  expect(await digest(db)).toEqual(before)
})

test('of two sinks that begin at once one writes and the other is refused, also where no key collides', async () => {
  const { db, another } = await openWriter()
  const letters = batchOf(record('rollups', rollupOf(1), 0), record('rollups', rollupOf(2), 1))
  const results = await Promise.allSettled([
    another().write(letters, new Map()),
    another().write(letters, new Map()),
  ])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await count(db, 'sink_offsets')).toBe(1)
})

function rollupOf(revision: number) {
  const random = seeded(1)
  for (let index = 0; ; index++) {
    const found = loadEvent(index, random).find(({ topic }) => topic === 'rollups')
    if (found) return { ...found.value, revision, reading_count: revision }
  }
}

test('the highest revision of a key stays, in whatever order and batches they come', async () => {
  const { db, writer } = await openWriter()
  const positions: Positions = new Map()
  const revisions = [[2, 5, 3], [4], [1, 6], [6, 2]]
  let offset = 0
  for (const batch of revisions) {
    const records = batch.map((revision) => record('rollups', rollupOf(revision), offset++))
    await writer.write(batchOf(...records), positions)
    positions.set('t.rollups/0', offset)
    const { rows } = await db.query('select revision from rollups')
    expect(rows).toEqual([{ revision: Math.max(...revisions.slice(0, revisions.indexOf(batch) + 1).flat()) }])
  }
})

test('a record that cannot be read, or has no row, becomes a dead letter, and its neighbours rows', async () => {
  const { db, writer } = await openWriter()
  const good = readings(0, 3)
  const bad = { ...record('readings', reading(1), 3), value: Buffer.from('not Avro'), key: Buffer.from('k') }
  const cut = { ...record('readings', reading(1), 4), value: good[0]!.value!.subarray(0, 20) }
  const noUuid = record('readings', reading(1, { unitId: 'nobody' }), 5)
  const empty = { ...record('readings', reading(1), 6), value: null }
  await writer.write(batchOf(...good, bad, cut, noUuid, empty), new Map())
  const { rows } = await db.query(
    'select topic_offset as offset, code, key, value from dead_letters order by 1',
  )
  expect(rows).toEqual([
    { offset: 3, code: 'RECORD_NOT_FRAMED', key: Buffer.from('k'), value: bad.value },
    { offset: 4, code: 'RECORD_UNREADABLE', key: null, value: cut.value },
    { offset: 5, code: 'ROW_REFUSED', key: null, value: noUuid.value },
    { offset: 6, code: 'RECORD_NOT_FRAMED', key: null, value: null },
  ])
  expect(await count(db, 'sensor_readings')).toBe(3)
  expect(await writer.readPositions(['t.readings'])).toEqual(at(7))
})

test('a long query of other months holds up neither a new month nor its rows', async () => {
  const { db, writer } = await openWriter()
  await writer.write(batchOf(...readings(0, 5)), new Map())
  await db.transaction(async (sql) => {
    await sql.query(
      "select count(*) from sensor_readings where recorded_at between '2026-01-31' and '2026-01-31 23:00Z'",
    )
    const recordedAt = Date.UTC(2026, 4, 1)
    const startMs = performance.now()
    await writer.write(batchOf(record('readings', reading(5, { recordedAt }), 5)), at(5))
    expect(performance.now() - startMs).toBeLessThan(1_500)
  })
  expect(await count(db, 'sensor_readings_y2026m05')).toBe(1)
})

test('a long query over all time makes a new month wait, not for ever, and not the months that are there', async () => {
  const { db, writer, another } = await openWriter()
  await writer.write(batchOf(...readings(0, 5)), new Map())
  const may = batchOf(record('readings', reading(5, { recordedAt: Date.UTC(2026, 4, 1) }), 5))
  await db.transaction(async (sql) => {
    await sql.query('select count(*) from sensor_readings')
    const refused = writer.write(may, at(5)).catch((error: { code?: string }) => error.code)
    await another().write(batchOf({ ...readings(7, 8)[0]!, partition: 1 }), new Map())
    expect(await refused).toBe('55P03')
  })
  await writer.write(may, at(5))
  expect(await count(db, 'sensor_readings')).toBe(7)
})

const changeAt = (recordedAt: number, offset: number, change: object = {}) => {
  const unitId = derivedId('unit', 'events')
  const id = derivedId('door-event', unitId, recordedAt)
  const value = { id, unitId, organizationId: unitId, deviceId: unitId, revision: 1, retracted: false }
  return record(
    'door-events',
    { ...value, recordedAt, doorOpen: true, durationSeconds: null, ...change },
    offset,
  )
}

test('what happened is an event of its day, is replaced by a later revision, and is not written when it is too old', async () => {
  const { db, writer } = await openWriter()
  const border = Date.UTC(2026, 0, 30)
  const old = Date.UTC(2025, 9, 1)
  const first = [changeAt(border - 1, 0), changeAt(border, 1), changeAt(old, 2)]
  await writer.write(batchOf(...first), new Map())
  const next: Positions = new Map([['t.door-events/0', 3]])
  await writer.write(batchOf(changeAt(border, 3, { revision: 2, retracted: true })), next)
  const { rows } = await db.query(
    'select tableoid::regclass::text as day, event_type as type, revision, retracted from events order by 1',
  )
  expect(rows).toEqual([
    { day: 'events_2026_01_29', type: 'door.opened', revision: 1, retracted: false },
    { day: 'events_2026_01_30', type: 'door.opened', revision: 2, retracted: true },
  ])
  expect(await count(db, 'door_events')).toBe(3)
})

test('a day that was dropped after it was looked for is made again, and is no fault of its row', async () => {
  const { db, writer } = await openWriter()
  const time = Date.UTC(2026, 0, 30)
  await writer.write(batchOf(changeAt(time, 0)), new Map())
  await db.query('drop table events_2026_01_30')
  const next: Positions = new Map([['t.door-events/0', 1]])
  const batch = batchOf(changeAt(time + 1, 1))
  expect(isPartitionGone(await writer.write(batch, next).catch((error: unknown) => error))).toBe(true)
  await writer.write(batch, next)
  expect(await count(db, 'events')).toBe(1)
})

test('readings of a month whose strays lie in the default partition go there, too, and none is lost', async () => {
  const { db, writer } = await openWriter()
  const [first, ...others] = readings(0, 5)
  await db.query(`insert into sensor_readings_default
    select (jsonb_populate_record(null::sensor_readings_default, jsonb_build_object(
      'unit_id', gen_random_uuid(), 'device_id', gen_random_uuid(), 'organization_id', gen_random_uuid(),
      'recorded_at', '2026-01-31', 'received_at', '2026-01-31', 'fault', false, 'history', false,
      'simulated', false, 'decoder', 'x', 'decoder_version', 1))).*`)
  await writer.write(batchOf(first!, ...others), new Map())
  expect(await count(db, 'sensor_readings_default')).toBe(6)
})
