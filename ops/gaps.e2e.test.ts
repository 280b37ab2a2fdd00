// Frames get lost between the network and the bridge: found in the topic, kept in their tables, and filled from a stub of the
// Storage Integration through the bridge's own intake.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenBackfill, openBackfill } from '../bridge/main.ts'
import { type Json, uplinkBody } from '../bridge/testing/posting.ts'
import {
  type Stub,
  stubApiKey,
  stubApplication,
  thingsStackStub,
} from '../bridge/testing/things-stack-stub.ts'
import { keysOf, readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { registryAt } from '../infra/registry.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { gapFiller } from './gaps/fill.ts'
import { storeGaps } from './gaps/store.ts'
import { type GapWatch, watchGaps } from './gaps/watch.ts'
import { lossesSince } from './gaps.ts'
import { checkUplinks, readLog } from './profiles/check.ts'

const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const prefix = freshPrefix()
const startMs = Date.UTC(2026, 1, 12, 8)
const nowMs = startMs + 86_400_000
let stub: Stub
let open: OpenBackfill
let watch: GapWatch
let db: Postgres

const sent = (counter: number): Json => {
  const at = new Date(startMs + counter * 600_000).toISOString()
  return uplinkBody({ f_cnt: counter, received_at: at }, { received_at: at })
}
const all = Array.from({ length: 20 }, (_, n) => n)
const lost = [4, 5, 6, 11]

beforeAll(async () => {
  await createTopics(kafkaBrokers, prefix, { partitions: 3, replication: 1 })
  stub = await thingsStackStub({ stored: all.filter((n) => !lost.includes(n)).map(sent) })
  const storage = stub.url.replace('://', `://${stubApplication}:${stubApiKey}@`)
  const config = readConfig(keysOf('bridge'), {
    KAFKA_BROKERS: kafkaBrokers,
    SCHEMA_REGISTRY_URL: schemaRegistryUrl,
    TOPIC_PREFIX: prefix,
    BRIDGE_STORAGE: `ttn=${storage}`,
  })
  open = await openBackfill(config, () => {})
  db = openPostgres(await freshDatabase(), { connectionsMax: 1 })
  watch = watchGaps({
    brokers: kafkaBrokers,
    prefix,
    codecs: await openCodecs(registryAt(schemaRegistryUrl), prefix),
  })
})
afterAll(async () => {
  await open?.close()
  await db?.end()
  await stub?.close()
})

async function look(): Promise<unknown[]> {
  const changed = await watch.look()
  await storeGaps(
    db,
    [...watch.devices.values()].filter(({ devEui }) => changed.has(devEui)),
  )
  const { rows } = await db.query('select first_f_cnt, last_f_cnt, missing from uplink_gaps order by 1')
  return rows.map((row) => Object.values(row))
}

const lossIn = async (view: string) =>
  (await db.query(`select received, lost, loss_percent from ${view}`)).rows.map((row) =>
    Object.values(row).map(Number),
  )

test('gaps are found, kept, and filled; what the storage does not have either stays a loss', async () => {
  await open.backfill('ttn', { fromMs: startMs - 1, toMs: nowMs, deviceId: null })
  expect(await look()).toEqual([
    [4, 6, 3],
    [11, 11, 1],
  ])
  expect(await lossIn('device_uplink_loss')).toEqual([[16, 4, 20]])
  expect(await lossIn('gateway_uplink_loss')).toEqual([[16, 4, 20]])
  expect(lossesSince([...watch.devices.values()], startMs).devices).toEqual([
    { name: '0004A30B001C0530', received: 16, lost: 4, percent: 20 },
  ])

  // 11 was never heard by any gateway.
  stub.state.stored = all.filter((n) => n !== 11).map(sent)
  const filler = gapFiller(open.backfill, new Set(['ttn']))
  expect(await filler.fill(watch.devices.values(), startMs, nowMs)).toMatchObject({ asked: 2, failed: [] })
  expect(await look()).toEqual([[11, 11, 1]])
  expect(await lossIn('device_uplink_loss')).toEqual([[19, 1, 5]])

  // Not asked for again at once, and for a connection without storage never.
  expect((await filler.fill(watch.devices.values(), startMs, nowMs + 1)).asked).toBe(0)
  expect((await gapFiller(open.backfill, new Set()).fill(watch.devices.values(), startMs, nowMs)).asked).toBe(
    0,
  )
  // A look that finds nothing new changes nothing.
  expect(await look()).toEqual([[11, 11, 1]])
})

test('a server that refuses fails its gaps, and says why', async () => {
  stub.state.devices = []
  const { asked, failed } = await gapFiller(open.backfill, new Set(['ttn'])).fill(
    watch.devices.values(),
    startMs,
    nowMs,
  )
  expect([asked, failed]).toEqual([
    1,
    [expect.stringMatching(/^0004A30B001C0530: .*no application kitchen with a device/)],
  ])
})

test('the same log says by what each device is read', async () => {
  const check = checkUplinks(startMs)
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  await readLog({ brokers: kafkaBrokers, prefix, codecs }, check)
  expect(check.devices()).toMatchObject([{ devEui: '0004A30B001C0530', uplinks: expect.any(Number) }])
  expect(check.devices()[0]?.uplinks).toBeGreaterThanOrEqual(16)
})
