// Processes of the counting topology on the real broker: killed, frozen, sharing. Whatever happens, what comes out is
// what the engine makes of the same uplinks in memory.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { counterOf, end, PARTITIONS, random, statusOf, until, World } from './testing/world.ts'

const worlds: World[] = []

async function makeWorld(): Promise<World> {
  const { kafkaBrokers: brokers, schemaRegistryUrl: registryUrl } = testEngines()
  const prefix = freshPrefix()
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  const world = new World({
    brokers,
    registryUrl,
    prefix,
    codecs: await openCodecs(registryAt(registryUrl), prefix),
    reader: readerSettings(brokers, `${prefix}test`),
    writer: transactionalSettings(brokers, `${prefix}writer`),
    logLevel: process.env.TEST_LOG === undefined ? 'error' : 'info',
  })
  worlds.push(world)
  return world
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.killAll()
})

test('a backlog gives what the engine gives in memory; then the wall clock ends the last minute', async () => {
  const world = await makeWorld()
  await world.feed(3_000)
  const child = await world.start({ CLOCK: 'wall' })
  const { got, want } = await world.outcome(Date.now())
  expect(got).toEqual(want)
  const { isReady, tasks } = await statusOf(child)
  expect(isReady).toBe(true)
  expect(tasks).toHaveLength(2 * PARTITIONS)
  expect(await end(child, 'SIGTERM')).toBe(0)
})

test('records that nobody can read become dead letters, and their partitions go on', async () => {
  const world = await makeWorld()
  const child = await world.start()
  await world.feed(200)
  const unknown = Buffer.from([0, 0x7f, 0xff, 0xff, 0xf0, 1, 2, 3])
  const broken = Buffer.concat([world.encoded(0).subarray(0, 5), Buffer.from([9, 9])])
  const poison = [Buffer.from('no record'), unknown, broken]
  await world.write(poison.map((value, i) => ({ key: `device-${i}`, value })))
  await world.feed(800)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  const letters = await world.readAll('dead-letters')
  expect(letters.map((letter) => letter.code).sort()).toEqual([
    'RECORD_NOT_FRAMED',
    'RECORD_UNREADABLE',
    'SCHEMA_UNKNOWN',
  ])
  expect(letters.find((letter) => letter.code === 'SCHEMA_UNKNOWN')).toMatchObject({
    source: 'uplinks',
    key: Buffer.from('device-1'),
    value: unknown,
  })
  expect((await statusOf(child)).tasks.reduce((sum, task) => sum + task.deadLetters, 0)).toBe(3)
})

test('killed six times under load, it tells every minute once and right', {
  timeout: 120_000,
}, async () => {
  const next = random(Number(process.env.TEST_SEED ?? 20261121))
  const world = await makeWorld()
  for (let kills = 0; kills < 6; kills++) {
    const child = await world.start({ INSTANCE: 'one', COMMIT_INTERVAL: 10 })
    const feeding = world.feed(1_500)
    await sleep(100 + next() * 1_400)
    await end(child, 'SIGKILL')
    await feeding
  }
  await world.start({ INSTANCE: 'one' })
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
})

test('restarted in the middle of a backlog, the wall clock ends no minute early', {
  timeout: 90_000,
}, async () => {
  const next = random(7)
  const world = await makeWorld()
  await world.feed(8_000)
  for (let kills = 0; kills < 4; kills++) {
    const child = await world.start({ INSTANCE: 'one', CLOCK: 'wall', COMMIT_INTERVAL: 10 })
    await sleep(500 + next() * 500)
    await end(child, 'SIGKILL')
  }
  await world.start({ INSTANCE: 'one', CLOCK: 'wall' })
  const { got, want } = await world.outcome(Date.now())
  expect(got).toEqual(want)
})

test('processes share the partitions and hand them over under load', { timeout: 90_000 }, async () => {
  const world = await makeWorld()
  const first = await world.start()
  await world.feed(2_000)
  const second = await world.start()
  await world.feed(2_000)
  await until('both have tasks', async () => {
    const both = await Promise.all([statusOf(first), statusOf(second)])
    return both.every(({ isReady, tasks }) => isReady && tasks.length === PARTITIONS)
  })
  // What it keeps goes on as it is: nothing is restored that did not move.
  expect(await counterOf(first, 'coldstream_restored_records_total')).toBe(0)
  expect(await counterOf(second, 'coldstream_restored_records_total')).toBeGreaterThan(0)
  await world.feed(2_000)
  expect(await end(first, 'SIGTERM')).toBe(0)
  await world.feed(2_000)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  expect((await statusOf(second)).tasks).toHaveLength(2 * PARTITIONS)
})

test('processes of different speed take a backlog of two hours nearly in the order of writing', {
  timeout: 90_000,
}, async () => {
  const world = await makeWorld()
  const slackMs = 600_000
  await world.feed(4_000, 2_000, { isOld: true })
  // Of two, the group would give all uplinks to one. So few a commit, that nobody is done before the others are there.
  const start = (most: number) => world.start({ GRACE: 4 * slackMs, COMMIT_RECORDS_MAX: most })
  await Promise.all([40, 20, 5].map(start))
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
  expect(await world.disorderMs()).toBeLessThanOrEqual(slackMs)
})

test('a frozen process that wakes up after its partitions moved writes nothing', {
  timeout: 120_000,
}, async () => {
  const world = await makeWorld()
  const zombie = await world.start({ COMMIT_RECORDS_MAX: 20, COMMIT_INTERVAL: 1 })
  await until('it has its tasks', async () => (await statusOf(zombie)).isReady)
  const feeding = world.feed(3_000)
  await sleep(600)
  zombie.process.kill('SIGSTOP')
  await feeding
  const heir = await world.start()
  await until('the heir has everything', async () => {
    const { isReady, tasks } = await statusOf(heir)
    return isReady && tasks.length === 2 * PARTITIONS
  })
  await world.feed(1_000)
  zombie.process.kill('SIGCONT')
  await world.feed(1_000)
  const moved = await world.outcome()
  expect(moved.got).toEqual(moved.want)
  await until('it is a member again', async () => {
    const { isReady, tasks } = await statusOf(zombie)
    return isReady && tasks.length === PARTITIONS
  })
  await world.feed(1_000)
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
})

test('a session that the broker refuses ends the process, which says what to give', async () => {
  const world = await makeWorld()
  const child = await world.start({ SESSION_TIMEOUT: 500 })
  expect(child.process.exitCode ?? (await once(child.process, 'exit'))[0]).toBe(3)
})

test('of two processes with one name, one ends and says why', async () => {
  const world = await makeWorld()
  const both = await Promise.all([world.start({ INSTANCE: 'one' }), world.start({ INSTANCE: 'one' })])
  const feeding = (async () => {
    for (let i = 0; i < 20; i++) await world.feed(50)
  })()
  const [code] = await Promise.race(both.map((child) => once(child.process, 'exit')))
  expect(code).toBe(3)
  await feeding
  const { got, want } = await world.outcome()
  expect(got).toEqual(want)
})
