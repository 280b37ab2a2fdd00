// kill -9 in any state: with Kafka there, with Kafka away, while the spool is drained. What was answered 202 is on the topic
// in the end. Bridges are processes of their own; those that shall not find Kafka are given a port where nothing listens.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { random } from './testing/mutations.ts'
import { exampleKey, post, uplinkBody } from './testing/posting.ts'
import { recordsOf } from './testing/topics.ts'

const { kafkaBrokers, schemaRegistryUrl } = testEngines()
const prefix = freshPrefix()
const dir = mkdtempSync(join(tmpdir(), 'coldstream-kills-'))
const nowhere = '127.0.0.1:1'
const rounds = Number(process.env.KILL_ROUNDS ?? 6)
const chance = random(Number(process.env.KILL_SEED ?? 7))
const senders = 20
const accepted = new Set<number>()
let child: ChildProcess | undefined
let port: number
let sent = 0

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function startBridge(brokers: string): Promise<void> {
  child = spawn(process.execPath, [resolve(import.meta.dirname, '../ops/coldstream.ts'), 'bridge'], {
    env: {
      ...process.env,
      KAFKA_BROKERS: brokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      BRIDGE_HOST: '127.0.0.1',
      BRIDGE_PORT: String(port),
      BRIDGE_CONNECTIONS: `ttn=${exampleKey}`,
      BRIDGE_SPOOL_DIR: dir,
      LOG_LEVEL: 'error',
    },
    stdio: 'ignore',
  })
  await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200), {
    timeout: 20_000,
    interval: 50,
  })
}

async function killBridge(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Sends until the bridge is gone; what is accepted is remembered. */
async function sendUntil(isOver: () => boolean): Promise<void> {
  const one = async () => {
    while (!isOver()) {
      const fCnt = sent++
      const body = JSON.stringify(
        uplinkBody({ f_cnt: fCnt }, { end_device_ids: { dev_eui: `00000000000000A${fCnt % 5}` } }),
      )
      const answer = await post(`http://127.0.0.1:${port}/things-stack/ttn`, body).catch(() => null)
      if (answer?.status === 202) accepted.add(fCnt)
    }
  }
  await Promise.all(Array.from({ length: senders }, one))
}

beforeAll(async () => {
  await createTopics(kafkaBrokers, prefix, { partitions: 3, replication: 1 })
  port = await freePort()
})
afterAll(async () => {
  await killBridge()
  rmSync(dir, { recursive: true, force: true })
})

test('kill -9 in any state loses nothing that was acknowledged', async () => {
  let acceptedWhileAway = 0
  for (let round = 0; round < rounds; round += 1) {
    const isAway = round % 3 !== 2
    const before = accepted.size
    await startBridge(isAway ? nowhere : kafkaBrokers)
    let isOver = false
    const sending = sendUntil(() => isOver)
    await sleep(200 + chance() * 1_000)
    await killBridge()
    isOver = true
    await sending
    if (isAway) acceptedWhileAway += accepted.size - before
  }
  expect(acceptedWhileAway).toBeGreaterThan(100)

  await startBridge(kafkaBrokers)
  const left = () => readdirSync(dir).filter((name) => name.endsWith('.spool'))
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 20_000, interval: 100 })
  const codec = (await openCodecs(registryAt(schemaRegistryUrl), prefix)).of('uplinks')
  const stored = (await recordsOf(kafkaBrokers, `${prefix}uplinks`)).map(
    ({ value }) => codec.decode(value).fCnt,
  )
  const storedOnce = new Set(stored)
  expect([...accepted].filter((fCnt) => !storedOnce.has(fCnt))).toEqual([])
}, 120_000)
