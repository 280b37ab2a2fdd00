// How far behind subscribers are: 1,000 WebSockets at one process of the API, every one of them told of every reading. From the
// call that writes a record to Kafka until each client has it; and what the process takes for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fillRegistry, units } from '../api/testing/fleet.ts'
import { greetedLive, type LiveClient } from '../api/testing/live-client.ts'
import { readingNews } from '../api/testing/news.ts'
import { idOf } from '../api/testing/rows.ts'
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres } from '../infra/postgres.ts'
import { openPublisher } from '../infra/publisher.ts'
import { registryAt } from '../infra/registry.ts'
import { openScratch } from '../infra/testing/scratch.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'

const PREFIX = 'live.'
const SECONDS = 30
const TICK_MS = 10
/** Whom the API refuses hears of it sooner. */
const REFUSED_WITHIN_MS = 2_000
const MB = 1_048_576

const query = `subscription { readings(organization: "${idOf('acme')}") { cursor unitId recordedAt receivedAt temperature humidity doorOpen } }`

type Options = { rate?: string; subscribers?: string }

/** `rate`: readings a second. */
export async function run(options: Options = {}): Promise<void> {
  const rate = Number(options.rate ?? 10)
  const subscribers = Number(options.subscribers ?? 1_000)
  const scratch = openScratch()
  const report = (line: string) => process.stderr.write(`engines: ${line}\n`)
  const engines = await localEngines(['kafka', 'registry', 'postgres'], {
    ...{ dataDir: scratch.dir, report, ports: 'any' },
  })
  const { kafkaBrokers = '', schemaRegistryUrl = '', databaseUrl = '' } = engines
  try {
    await migrate(databaseUrl)
    const postgres = openPostgres(databaseUrl, { connectionsMax: 1 })
    await postgres.transaction(fillRegistry)
    await postgres.end()
    await createTopics(kafkaBrokers, PREFIX, { partitions: 12, replication: 1 })
    await measure({ kafkaBrokers, schemaRegistryUrl, databaseUrl }, rate, subscribers)
  } finally {
    await engines.stop()
    await scratch.remove()
  }
}

type Addresses = { kafkaBrokers: string; schemaRegistryUrl: string; databaseUrl: string }

async function measure(at: Addresses, rate: number, subscribers: number): Promise<void> {
  // First, because two that register at once disturb each other.
  const codec = (await patiently(() => openCodecs(registryAt(at.schemaRegistryUrl), PREFIX))).of('readings')
  const publisher = await openPublisher(at.kafkaBrokers)
  const api = await startApi(at)
  const clients: LiveClient[] = []
  try {
    const before = api.usage()
    await untilLive(api.url)
    for (let made = 0; made < subscribers; made += 50)
      clients.push(...(await Promise.all(Array.from({ length: 50 }, () => listening(api.url)))))
    const connected = api.usage()
    const due = rate * SECONDS
    const startMs = performance.now()
    for (let count = 0; count < due; count++) {
      const waitMs = startMs + (count * 1_000) / rate - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      const unit = units[count % units.length]?.unit ?? ''
      const value = codec.encode(readingNews({ unit }, Date.now() - 60_000, 4, { receivedAt: Date.now() }))
      publisher
        .publish([{ topic: `${PREFIX}readings`, key: idOf(unit), value: Buffer.from(value) }])
        .catch(() => {})
    }
    for (let waited = 0; waited < 100 && lags.length < due * subscribers; waited++) await sleep(100)
    const after = api.usage()
    lags.sort((a, b) => a - b)
    const at99 = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]
    console.log(`${subscribers} subscribers, ${rate} readings/s to each, ${SECONDS} s:`)
    console.log(`  arrived  ${lags.length} of ${due * subscribers}`)
    console.log(`  lag      p50 ${at99(0.5)} ms, p99 ${at99(0.99)} ms, most ${lags.at(-1)} ms`)
    console.log(
      `  RSS      ${before.rssMb} MB alone, ${connected.rssMb} MB connected, ${after.rssMb} MB at the end`,
    )
    console.log(
      `  CPU      ${(((after.cpuMs - connected.cpuMs) * 1_000) / lags.length).toFixed(1)} µs a message told`,
    )
  } finally {
    for (const client of clients) client.close()
    await publisher.close()
    await api.stop()
  }
}

/** A registry that has just been started, on a busy machine, is slow to answer. */
async function patiently<T>(work: () => Promise<T>, tries = 5): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (tries === 1) throw error
    await sleep(1_000)
    return patiently(work, tries - 1)
  }
}

const lags: number[] = []

async function listening(url: string): Promise<LiveClient> {
  const client = await greetedLive(url)
  client.pending.push = (...messages) => {
    for (const { type, payload } of messages) {
      if (type !== 'next') throw new Error(`got ${type}: ${JSON.stringify(payload)}`)
      lags.push(Date.now() - Date.parse(payload.data.readings.receivedAt))
    }
    return 0
  }
  client.send({ id: '1', type: 'subscribe', payload: { query } })
  return client
}

/** The API has found its topics: nobody is refused any more. */
async function untilLive(url: string): Promise<void> {
  for (;;) {
    const client = await greetedLive(url)
    client.send({ id: '1', type: 'subscribe', payload: { query } })
    await sleep(REFUSED_WITHIN_MS)
    const isRefused = client.pending.length > 0
    client.close()
    if (!isRefused) return
  }
}

/** The very process that people run. */
async function startApi({ kafkaBrokers, schemaRegistryUrl, databaseUrl }: Addresses) {
  const settings = {
    ...{ KAFKA_BROKERS: kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl, DATABASE_URL: databaseUrl },
    ...{ API_PORT: '0', API_HOST: '127.0.0.1', API_AUTH: 'open', TOPIC_PREFIX: PREFIX, LOG_LEVEL: 'warn' },
  }
  // `env` becomes the process that it starts, so its id is the API's.
  const child = spawn(
    'env',
    [
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      ...[process.execPath, 'ops/coldstream.ts', 'api'],
    ],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  )
  const end = () => child.kill()
  process.once('exit', end)
  const port = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      const found = /localhost:(\d+)/.exec(String(text))?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error('the API ended')))
  })
  const stat = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const rss = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1_024
  return {
    url: `http://127.0.0.1:${port}`,
    usage: () => ({
      rssMb: Math.round(rss() / MB),
      cpuMs: (Number(stat()[11]) + Number(stat()[12])) * TICK_MS,
    }),
    stop: async () => {
      process.removeListener('exit', end)
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

if (import.meta.main) await run()
