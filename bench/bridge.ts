// Webhooks at a fixed rate against a bridge of its own process on a broker of the bench's own. Each request is due at its own
// instant and is measured from there, so a bridge that stalls cannot hide it by being asked less. Beside it, in the same run,
// a server that answers 202 and does nothing: what remains is the bridge and Kafka.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { uplinkBody } from '../bridge/testing/posting.ts'
import { createTopics } from '../infra/topics.ts'
import { type BenchEngines, withEngines } from './engines.ts'

const key = 'a-key-of-the-bench-0001'
const prefix = 'bench.'
const devices = 500
const ratePerSecond = 2_000
const secondsEach = 10
const runs = 3
const tickMs = 2
const tickOfCpuMs = 10

type Measured = { p50: number; p99: number; p999: number; max: number; statuses: Record<string, number> }

export async function run({ rate }: Record<string, string>): Promise<void> {
  const perSecond = Number(rate ?? ratePerSecond)
  await withEngines(async (engines) => {
    await createTopics(engines.kafkaBrokers, prefix, { partitions: 12, replication: 1 })
    const floor = await withFloor((port) => load(port, perSecond, secondsEach))
    print('floor', floor)
    const bridge = await startBridge(engines)
    try {
      await load(bridge.port, perSecond, 5) // warm
      const measured: Measured[] = []
      for (let n = 0; n < runs; n += 1) {
        const beforeMs = cpuMs(bridge.child)
        measured.push(await load(bridge.port, perSecond, secondsEach))
        const microseconds = ((cpuMs(bridge.child) - beforeMs) * 1_000) / (perSecond * secondsEach)
        const name = `run ${n + 1}: ${rssMiB(bridge.child)} MiB, ${microseconds.toFixed(0)} µs of CPU a request;`
        print(name, measured.at(-1) as Measured)
      }
      const best = measured.toSorted((a, b) => a.p99 - b.p99)[0] as Measured
      print('best', best)
      process.stdout.write(`best p99 is ${(best.p99 / floor.p99).toFixed(1)} times the floor's\n`)
    } finally {
      bridge.child.kill('SIGTERM')
      await once(bridge.child, 'exit')
    }
  })
}

const print = (name: string, { p50, p99, p999, max, statuses }: Measured) =>
  process.stdout.write(
    `${name.padEnd(16)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, p99.9 ${p999.toFixed(1)} ms, ` +
      `max ${max.toFixed(0)} ms, ${JSON.stringify(statuses)}\n`,
  )

const rssMiB = ({ pid }: ChildProcess) =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)

function cpuMs({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickOfCpuMs
}

async function startBridge({ kafkaBrokers, schemaRegistryUrl }: BenchEngines) {
  const port = await freePort()
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../ops/coldstream.ts'), 'bridge'], {
    env: {
      PATH: dirname(process.execPath),
      KAFKA_BROKERS: kafkaBrokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      BRIDGE_HOST: '127.0.0.1',
      BRIDGE_PORT: String(port),
      BRIDGE_CONNECTIONS: `bench=${key}`,
      BRIDGE_RATE_MAX: '100000',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null)
    if (answer?.status === 200) return { port, child }
    if (tries > 200) throw new Error('The bridge does not become ready.')
    await sleep(100)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

async function withFloor<T>(use: (port: number) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bridge-floor.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return await use(Number(line.toString()))
  } finally {
    child.kill('SIGTERM')
  }
}

async function load(port: number, perSecond: number, seconds: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const bodies = Array.from({ length: devices }, (_, n) => bodyOf(n))
  const latenciesMs: number[] = []
  const statuses: Record<string, number> = {}
  const startMs = performance.now()
  let sent = 0
  let open = 0
  const post = (dueMs: number) => {
    open += 1
    const end = (status: string) => {
      open -= 1
      statuses[status] = (statuses[status] ?? 0) + 1
      latenciesMs.push(performance.now() - dueMs)
    }
    const body = bodies[sent % devices] ?? ''
    const headers = {
      'content-type': 'application/json',
      'x-api-key': key,
      'content-length': Buffer.byteLength(body),
    }
    const posted = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/things-stack/bench',
      agent,
      headers,
    })
    posted.on('response', (answer) => answer.resume().on('end', () => end(String(answer.statusCode))))
    posted.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'))
    posted.end(body)
  }
  while (sent < perSecond * seconds) {
    for (
      ;
      sent < Math.min(perSecond * seconds, ((performance.now() - startMs) / 1_000) * perSecond);
      sent += 1
    )
      post(startMs + (sent / perSecond) * 1_000)
    await sleep(tickMs)
  }
  while (open > 0) await sleep(10)
  agent.destroy()
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: latenciesMs.at(-1) ?? Number.NaN, statuses }
}

const bodyOf = (n: number): string =>
  JSON.stringify(
    uplinkBody(
      { f_cnt: n },
      { end_device_ids: { device_id: `d${n}`, dev_eui: n.toString(16).padStart(16, '0') } },
    ),
  )
