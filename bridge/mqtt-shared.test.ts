// Several bridges on one broker: a shared subscription gives each message to one of them. Needs a broker that knows such
// (mosquitto); without it the rest of MQTT is tested in mqtt-source.test.ts.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PipelineError } from '../schemas/failure.ts'
import { type MqttSource, openMqttSource } from './mqtt-source.ts'

const hasMosquitto = (() => {
  try {
    execFileSync('sh', ['-c', 'command -v mosquitto'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const dir = mkdtempSync(join(tmpdir(), 'coldstream-mqtt-'))
let broker: ChildProcess
let port: number

beforeAll(async () => {
  if (!hasMosquitto) return
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  port = (free.address() as AddressInfo).port
  await new Promise((done) => free.close(done))
  const file = join(dir, 'mosquitto.conf')
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n`)
  broker = spawn('mosquitto', ['-c', file], { stdio: 'ignore' })
})
afterAll(async () => {
  rmSync(dir, { recursive: true })
  if (!hasMosquitto) return
  broker.kill()
  await once(broker, 'exit')
})

type Bridge = { source: MqttSource; kept: string[]; isAway: boolean }

function bridge(query: string): Bridge {
  const opened = { kept: [] as string[], isAway: false }
  const source = openMqttSource({
    connectionId: 'ttn',
    url: new URL(`mqtt://app%40tenant:key@127.0.0.1:${port}?share=bridges&${query}`),
    intake: {
      async take({ bytes }) {
        if (opened.isAway) throw new PipelineError('KAFKA_UNAVAILABLE', { reason: 'gone' })
        opened.kept.push(bytes.toString())
        return []
      },
    },
    warn: () => {},
  })
  return Object.assign(opened, { source })
}

const topic = 'v3/app@tenant/devices/dev1/up'
const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n))

test.runIf(hasMosquitto)(
  'two bridges share the messages, each gets some and none twice; what one could not keep is not lost',
  async () => {
    const bridges = [bridge('client=bridge-1'), bridge('client=bridge-2')] as const
    const network = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
    await vi.waitFor(() => expect(bridges.every(({ source }) => source.isConnected())).toBe(true), 10_000)
    const keptBy = () => bridges.map(({ kept }) => kept)
    // Until both subscriptions stand.
    await vi.waitFor(async () => {
      await network.publishAsync(topic, 'hello', { qos: 1 })
      expect(keptBy().every((kept) => kept.length > 0)).toBe(true)
    }, 10_000)
    for (const one of bridges) one.kept.length = 0

    await Promise.all(numbers(200).map((text) => network.publishAsync(topic, text, { qos: 1 })))
    await vi.waitFor(() => expect(keptBy().flat().length).toBeGreaterThanOrEqual(200), 10_000)
    const own = keptBy()
      .flat()
      .filter((text) => text !== 'hello')
    expect(own.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(200))
    for (const kept of keptBy()) expect(kept.length).toBeGreaterThan(10)

    // One loses its Kafka and ends with messages that it never acknowledged: its session gives them to its successor.
    const [first, second] = bridges
    first.isAway = true
    for (const one of bridges) one.kept.length = 0
    await Promise.all(numbers(40).map((text) => network.publishAsync(topic, text, { qos: 1 })))
    await first.source.close()
    const successor = bridge('client=bridge-1')
    const all = () =>
      [...new Set([...successor.kept, ...second.kept])].toSorted((a, b) => Number(a) - Number(b))
    await vi.waitFor(() => expect(all()).toEqual(numbers(40)), 10_000)
    expect(successor.kept.length).toBeGreaterThan(0)

    await Promise.all([successor.source.close(), second.source.close(), network.endAsync(true)])
  },
  40_000,
)
