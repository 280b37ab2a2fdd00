import { afterAll, beforeAll, expect, test } from 'vitest'
import { openObjectStore } from '../../infra/object-store.ts'
import { type S3Server, startS3Server } from '../../infra/testing/s3-server.ts'
import { readingsByMonth } from '../../sinks/partitions.ts'
import { restoreArchive } from './restore-archive.ts'
import { retire } from './retention.ts'
import { readState } from './state.ts'
import { count, fillMonth, nowMs, openPartitionWorld, retentionInto } from './testing/world.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
}, 120_000)
afterAll(() => server.stop())

test('a month goes to a bucket and comes back from it, also to a database that does not know the archive', async () => {
  const world = await openPartitionWorld()
  const { endpoint, accessKeyId, secretAccessKey, bucket } = server
  const store = openObjectStore(`s3://${bucket}/archive`, { endpoint, accessKeyId, secretAccessKey })
  await fillMonth(world.db, Date.UTC(2024, 9, 1), 60_000)
  const state = await readState(world.db, readingsByMonth, nowMs)
  const [month] = await retire(world.work, state, {
    ...retentionInto(world.folder, Date.UTC(2024, 10, 1)),
    store,
  })
  expect(month).toMatchObject({ decision: 'dropped', numbers: { rows: 60_000 } })
  expect((await store.list('sensor_readings/')).map(({ key }) => key.replace(/.*\d\dZ-\w+/, ''))).toEqual([
    '.copy.zst',
    '.copy.zst.json',
  ])
  await world.db.query('delete from partition_archives')
  const period = readingsByMonth.periodOf(Date.UTC(2024, 9, 1))
  await restoreArchive(world.work, {
    ...{ store, partitioning: readingsByMonth, period, keepDays: 1, by: 'test', withinMs: 1_000 },
  })
  expect(await count(world.db, 'sensor_readings')).toBe(60_000)
})

test('a wrong secret is a refusal, and the month stays', async () => {
  const world = await openPartitionWorld()
  const { endpoint, accessKeyId, bucket } = server
  const store = openObjectStore(`s3://${bucket}`, { endpoint, accessKeyId, secretAccessKey: 'wrong' })
  await fillMonth(world.db, Date.UTC(2024, 9, 1), 100)
  const state = await readState(world.db, readingsByMonth, nowMs)
  const [month] = await retire(world.work, state, {
    ...retentionInto(world.folder, Date.UTC(2024, 10, 1)),
    store,
  })
  expect(month).toMatchObject({ decision: 'refused' })
  expect(await count(world.db, 'sensor_readings')).toBe(100)
})
