import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { eventsByDay, readingsByMonth } from '../../sinks/partitions.ts'
import { makeArchive } from './archive.ts'
import { rowsOfTable } from './content.ts'
import { createMissing } from './create.ts'
import { addHold, releaseHold } from './holds.ts'
import { restoreArchive } from './restore-archive.ts'
import { candidates, planRetention, retire } from './retention.ts'
import { readState } from './state.ts'
import { count, fillMonth, nowMs, openPartitionWorld, retentionInto } from './testing/world.ts'

const cutMs = Date.UTC(2024, 10, 1)
const october = Date.UTC(2024, 9, 1)
const stateOf = (world: Awaited<ReturnType<typeof openPartitionWorld>>) =>
  readState(world.db, readingsByMonth, nowMs)

async function openWorldWithMonths() {
  const world = await openPartitionWorld()
  await fillMonth(world.db, Date.UTC(2024, 8, 1), 500)
  await fillMonth(world.db, october, 1_000)
  await fillMonth(world.db, cutMs, 700)
  return { ...world, retention: retentionInto(world.folder, cutMs) }
}

const decisionsOf = async ({ db }: { db: { query: (text: string) => Promise<{ rows: object[] }> } }) =>
  (
    await db.query(
      'select partition_name as partition, decision, numbers from partition_decisions order by id',
    )
  ).rows as { partition: string; decision: string; numbers: Record<string, unknown> }[]

test('a month goes once its archive was read back, and comes back with every row by one command', async () => {
  const world = await openWorldWithMonths()
  const before = await world.db.query(
    'select * from sensor_readings order by unit_id, recorded_at, device_id',
  )
  const decisions = await retire(world.work, await stateOf(world), world.retention)
  expect(decisions.map(({ partition, decision }) => `${partition} ${decision}`)).toEqual([
    'sensor_readings_y2024m09 dropped',
    'sensor_readings_y2024m10 dropped',
  ])
  expect(await count(world.db, 'sensor_readings')).toBe(700)
  expect((await stateOf(world)).retired).toEqual([])
  const logged = (await decisionsOf(world)).filter(({ partition }) => partition.endsWith('m10'))
  expect(logged.map(({ decision }) => decision)).toEqual(['archived', 'detached', 'dropped'])
  expect(logged.at(-1)!.numbers).toMatchObject({
    rows: 1_000,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  for (const month of [Date.UTC(2024, 8, 1), october])
    await restoreArchive(world.work, {
      ...{ store: world.retention.store!, partitioning: readingsByMonth, keepDays: 30, by: 'test' },
      ...{ period: readingsByMonth.periodOf(month), withinMs: 1_000 },
    })
  const after = await world.db.query('select * from sensor_readings order by unit_id, recorded_at, device_id')
  expect(after.rows).toEqual(before.rows)
  expect(candidates(await stateOf(world), cutMs)).toHaveLength(2)
  expect((await retire(world.work, await stateOf(world), world.retention)).map((d) => d.decision)).toEqual([
    'held',
    'held',
  ])
})

test('a legal hold keeps its partition until it ends, and a plan changes nothing', async () => {
  const world = await openWorldWithMonths()
  const hold = await addHold(world.db, {
    ...{ partition: 'sensor_readings_y2024m09', reason: 'case 12345', createdBy: 'legal', expiresAt: null },
  })
  const expired = { partition: 'sensor_readings_y2024m10', reason: 'old', createdBy: 'legal' }
  await addHold(world.db, { ...expired, expiresAt: new Date(Date.now() - 1_000) })
  const plan = await planRetention(world.work, await stateOf(world), world.retention)
  expect(plan.map(({ partition, outcome }) => `${partition} ${outcome}`)).toEqual([
    'sensor_readings_y2024m09 held',
    'sensor_readings_y2024m10 would be dropped',
  ])
  expect(await decisionsOf(world)).toEqual([])
  await retire(world.work, await stateOf(world), world.retention)
  expect(await count(world.db, 'sensor_readings')).toBe(1_200)
  expect((await decisionsOf(world)).at(0)).toMatchObject({
    decision: 'held',
    numbers: { holds: [{ reason: 'case 12345' }] },
  })
  await releaseHold(world.db, hold.id)
  await retire(world.work, await stateOf(world), world.retention)
  expect(await count(world.db, 'sensor_readings')).toBe(700)
})

test('nothing goes without an archive to go to, nor while the backup is not proven', async () => {
  const world = await openWorldWithMonths()
  const { retention } = world
  for (const refusing of [
    { ...retention, store: undefined },
    { ...retention, backup: { isVerified: true, ageHoursMax: 24 } },
  ])
    expect((await retire(world.work, await stateOf(world), refusing)).map((d) => d.decision)).toEqual([
      'refused',
      'refused',
    ])
  expect(await count(world.db, 'sensor_readings')).toBe(2_200)
  expect((await decisionsOf(world)).at(-1)!.numbers).toMatchObject({ backup: { archiveMode: 'off' } })
})

test('an archive that does not give back what was written is refused, and the month stays', async () => {
  const world = await openWorldWithMonths()
  const store = world.retention.store!
  const spoil = vi.spyOn(store, 'get').mockImplementation(async (key) => {
    const path = join(world.folder, key)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    writeFileSync(path, bytes)
    spoil.mockRestore()
    return store.get(key)
  })
  const [first] = await retire(world.work, await stateOf(world), { ...world.retention, cutMs: october })
  expect(first).toMatchObject({ partition: 'sensor_readings_y2024m09', decision: 'refused' })
  expect(await count(world.db, 'sensor_readings')).toBe(2_200)
})

test('what was written after the archive is archived, too, before the month goes', async () => {
  const world = await openWorldWithMonths()
  const store = world.retention.store!
  const state = await stateOf(world)
  const partition = state.partitions.find(({ name }) => name.endsWith('y2024m09'))!
  await makeArchive(world.work, {
    store,
    partitioning: readingsByMonth,
    partition,
    rows: rowsOfTable(partition.name),
  })
  await world.db.query(
    `update sensor_readings_y2024m09 set temperature_c = temperature_c + 1 where unit_id = md5('unit3')::uuid`,
  )
  const [dropped] = await retire(world.work, state, { ...world.retention, cutMs: october })
  expect(dropped).toMatchObject({ decision: 'dropped', numbers: { rows: 500 } })
  const archives = readdirSync(join(world.folder, 'sensor_readings/sensor_readings_y2024m09'))
  expect(archives.filter((name) => name.endsWith('.zst'))).toHaveLength(2)
})

test('a run that was killed after detaching is finished by the next', async () => {
  const world = await openWorldWithMonths()
  await world.db.query('alter table sensor_readings detach partition sensor_readings_y2024m09')
  await world.db.query('alter table sensor_readings_y2024m09 rename to retired_sensor_readings_y2024m09')
  const [decision] = await retire(world.work, await stateOf(world), { ...world.retention, cutMs: october })
  expect(decision).toMatchObject({
    partition: 'sensor_readings_y2024m09',
    decision: 'dropped',
    numbers: { rows: 500 },
  })
  expect((await stateOf(world)).retired).toEqual([])
})

test('a process that has lost its place drops nothing', async () => {
  const world = await openWorldWithMonths()
  const work = { ...world.work, guard: () => Promise.reject(new Error('Another housekeeper has this task.')) }
  const [decision] = await retire(work, await stateOf(world), { ...world.retention, cutMs: october })
  expect(decision).toMatchObject({ decision: 'refused', explanation: 'Another housekeeper has this task.' })
  expect(await count(world.db, 'sensor_readings')).toBe(2_200)
})

test('days of events are made around today, and old ones go concurrently, archived first', async () => {
  const world = await openPartitionWorld()
  const made = await createMissing(world.work, eventsByDay, 1_000)
  expect([made.made.length, made.made.at(0), made.made.at(-1)]).toEqual([
    61,
    'events_2026_10_22',
    'events_2026_12_21',
  ])
  await world.db.query(`insert into events values ('2026-10-22 05:00Z', gen_random_uuid(), gen_random_uuid(),
    gen_random_uuid(), 1, false, 'door.opened', '{"deviceId": null}')`)
  const state = await readState(world.db, eventsByDay, nowMs)
  expect(state).toMatchObject({ ahead: 30, hasCurrent: true, missing: [], defaultTable: null })
  const decisions = await retire(world.work, state, retentionInto(world.folder, Date.UTC(2026, 9, 24)))
  expect(decisions.map(({ partition, decision }) => `${partition} ${decision}`)).toEqual([
    'events_2026_10_22 dropped',
    'events_2026_10_23 dropped',
  ])
  const restored = await restoreArchive(world.work, {
    ...{ store: retentionInto(world.folder, 0).store!, partitioning: eventsByDay, keepDays: 1, by: 'test' },
    ...{ period: eventsByDay.periodOf(Date.UTC(2026, 9, 22)), withinMs: 1_000 },
  })
  expect(restored).toMatchObject({ partition: 'events_2026_10_22', rows: 1 })
  expect(await count(world.db, 'events')).toBe(1)
})
