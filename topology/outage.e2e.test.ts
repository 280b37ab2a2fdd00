// The broker freezes under a process, with its sockets open. (That it is killed is ops/chaos.e2e.test.ts's.)
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { findJava } from '../infra/local/maven.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { end, PARTITIONS, statusOf, until, World } from './testing/world.ts'

const hasJava = await findJava().then(
  () => true,
  () => false,
)
const prefix = freshPrefix()
const dataDir = mkdtempSync(join(tmpdir(), 'coldstream-outage-'))
let broker: Awaited<ReturnType<typeof localEngines>> | undefined
let world: World

const brokerPid = () => JSON.parse(readFileSync(join(dataDir, 'pids/kafka.json'), 'utf8')).pid as number

beforeAll(async () => {
  if (!hasJava) return
  broker = await localEngines(['kafka'], { dataDir, report: () => {}, ports: 'any' })
  const { kafkaBrokers: brokers = '' } = broker
  const registryUrl = testEngines().schemaRegistryUrl
  await createTopics(brokers, prefix, { partitions: PARTITIONS, replication: 1 })
  world = new World({
    brokers,
    registryUrl,
    prefix,
    codecs: await openCodecs(registryAt(registryUrl), prefix),
    reader: readerSettings(brokers, `${prefix}test`),
    writer: transactionalSettings(brokers, `${prefix}writer`),
  })
})

afterEach(() => world?.killAll())

afterAll(async () => {
  await broker?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

test.runIf(hasJava)(
  'a broker frozen past the session and transaction time-outs costs nothing',
  { timeout: 240_000 },
  async () => {
    const child = await world.start()
    await until('it has its tasks', async () => (await statusOf(child)).isReady)
    await world.feed(4_000)
    await sleep(300)
    process.kill(brokerPid(), 'SIGSTOP')
    await sleep(20_000)
    process.kill(brokerPid(), 'SIGCONT')
    await world.feed(1_000)
    const { got, want } = await world.outcome()
    expect(got).toEqual(want)
  },
)

test.runIf(hasJava)('told to end while the broker is away, it ends', { timeout: 60_000 }, async () => {
  const child = await world.start()
  await until('it has its tasks', async () => (await statusOf(child)).isReady)
  await world.feed(500)
  process.kill(brokerPid(), 'SIGSTOP')
  try {
    await sleep(500)
    const askedMs = performance.now()
    await end(child, 'SIGTERM')
    expect(performance.now() - askedMs).toBeLessThan(30_000)
  } finally {
    process.kill(brokerPid(), 'SIGCONT')
  }
})
