// What the housekeeper does while somebody reads all of it for minutes, and what the sink notices of it: nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Codecs, memoryRegistry, openCodecs } from '../../schemas/codec.ts'
import { Batch } from '../../sinks/batch.ts'
import { eventsByDay, readingsByMonth } from '../../sinks/partitions.ts'
import { reading } from '../../sinks/testing/load.ts'
import { tablesOf } from '../../sinks/testing/tables.ts'
import { Writer } from '../../sinks/writer.ts'
import { createMissing } from './create.ts'
import { retire } from './retention.ts'
import { readState } from './state.ts'
import { moveStrays } from './strays.ts'
import {
  count,
  fillMonth,
  nowMs,
  openPartitionWorld,
  type PartitionWorld,
  retentionInto,
} from './testing/world.ts'

const codecs: Codecs = await openCodecs(memoryRegistry(), '')
const ROWS = 200
/** A sink that queued behind somebody would wait for as long as the query is open, which is some seconds. */
const STALL_MAX_MS = 1_000

/** Writes batch after batch into the current month until it is stopped; the longest time that one took. */
function keepWriting({ db }: PartitionWorld) {
  const writer = new Writer({ db, ...tablesOf(db, () => nowMs), sink: 's' })
  const stopping = new AbortController()
  let [offset, longestMs] = [0, 0]
  const write = async () => {
    while (!stopping.signal.aborted) {
      const batch = new Batch(codecs)
      for (let index = offset; index < offset + ROWS; index++) {
        const value = codecs.of('readings').encode(reading(index, { recordedAt: nowMs + index }))
        batch.add({
          name: 'readings',
          topic: 't',
          partition: 0,
          timestampMs: 0,
          key: null,
          offset: index,
          value,
        })
      }
      const startMs = performance.now()
      await writer.write(batch, new Map([['t/0', offset || undefined]]))
      longestMs = Math.max(longestMs, performance.now() - startMs)
      offset += ROWS
    }
  }
  const writing = write()
  onTestFinished(async () => {
    stopping.abort()
    await writing
  })
  return {
    reset: () => {
      longestMs = 0
    },
    longestMs: () => longestMs,
    stop: async () => {
      stopping.abort()
      await writing
      return offset
    },
  }
}

test('while a long query of all readings and events is open, nothing that the housekeeper does holds up the sink', async () => {
  const world = await openPartitionWorld()
  const { db, work, folder } = world
  await createMissing(work, eventsByDay, 1_000)
  await fillMonth(db, Date.UTC(2024, 8, 1), 2_000)
  await fillMonth(db, nowMs, 1_000)
  await db.query('alter table sensor_readings detach partition sensor_readings_y2026m11')
  await db.query('drop table sensor_readings_y2026m11')
  await fillMonth(db, Date.UTC(2023, 0, 1), 500, 'sensor_readings_default')
  await createMissing(work, readingsByMonth, 1_000)
  await db.query('drop table sensor_readings_y2027m03')
  const sink = keepWriting(world)
  const cutMs = Date.UTC(2026, 9, 1)
  const stateOf = () => readState(db, readingsByMonth, nowMs)
  await sleep(300)
  sink.reset()
  await db.transaction(async (sql) => {
    await sql.query('select count(*) from sensor_readings')
    await sql.query('select count(*) from events')
    const retention = { ...retentionInto(folder, cutMs), withinMs: 700 }
    expect((await createMissing(work, readingsByMonth, 700)).postponed).toEqual(['sensor_readings_y2027m03'])
    const [month] = await retire(work, await stateOf(), retention)
    expect(month).toMatchObject({ partition: 'sensor_readings_y2024m09', decision: 'postponed' })
    await expect(moveStrays(work, 700)).rejects.toThrow('its locks were not free')
    const days = { ...retention, cutMs: Date.UTC(2026, 9, 23) }
    const [day] = await retire(work, await readState(db, eventsByDay, nowMs), days)
    expect(day).toMatchObject({ partition: 'events_2026_10_22', decision: 'postponed' })
    expect(await count(db, 'sensor_readings_default')).toBe(500)
  })
  // The long query has ended: under the same writing, everything is made good.
  const retention = { ...retentionInto(folder, cutMs), withinMs: 20_000 }
  expect((await createMissing(work, readingsByMonth, 20_000)).made).toEqual(['sensor_readings_y2027m03'])
  expect(await moveStrays(work, 20_000)).toMatchObject([{ partition: 'sensor_readings_y2023m01', rows: 500 }])
  const dropped = await retire(work, await stateOf(), retention)
  expect(dropped.map(({ partition, decision }) => `${partition} ${decision}`)).toEqual([
    'sensor_readings_y2023m01 dropped',
    'sensor_readings_y2024m09 dropped',
  ])
  const days = { ...retention, cutMs: Date.UTC(2026, 9, 23) }
  const [day] = await retire(work, await readState(db, eventsByDay, nowMs), days)
  expect(day).toMatchObject({ partition: 'events_2026_10_22', decision: 'dropped' })
  const longestMs = sink.longestMs()
  const written = await sink.stop()
  expect(written).toBeGreaterThan(2_000)
  expect(await count(db, 'sensor_readings')).toBe(written)
  expect(await count(db, 'sensor_readings_default')).toBe(0)
  expect(longestMs).toBeLessThan(STALL_MAX_MS)
  console.info(`The longest batch of ${written / ROWS} took ${longestMs.toFixed(0)} ms.`)
})
