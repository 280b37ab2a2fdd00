// Latency from an uplink's write to its committed output, at a steady rate: a door sensor reports the other state in every
// round, so each of its uplinks makes one door event, which names the instant of its uplink. The uplinks are of now: in the
// past, where the backlog lies, timers would have fired already, and each of them would be late.
import { setTimeout as sleep } from 'node:timers/promises'
import { readerSettings } from '../infra/kafka.ts'
import type { Codecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { Consumer } from '../topology/kafka-clients.ts'
import type { Feeder } from './feeder.ts'
import { deviceIdOf, type Fleet, recordedAtOf } from './world.ts'

const SLICE_MS = 10
const SILENT_MS = 5_000

type Setup = {
  brokers: string
  prefix: string
  codecs: Codecs
  partitions: number
  feeder: Feeder
  devices: number
  fromRound: number
  uplinksPerSecond: number
  seconds: number
}

export type Latency = { p50Ms: number; p99Ms: number; mostMs: number; events: number; uplinks: number }

export async function measureLatency(setup: Setup): Promise<Latency> {
  const reader = await Consumer.connect(readerSettings(setup.brokers, `${setup.prefix}latency`))
  const topic = topicName(setup.prefix, 'door-events')
  const partitions = Array.from({ length: setup.partitions }, (_, partition) => ({ topic, partition }))
  const ends = await reader.endOffsets(partitions)
  reader.client.assign(partitions.map((partition, i) => ({ ...partition, offset: ends[i] ?? 0 })))
  /** By device and event time of the uplink. */
  const writtenMs = new Map<string, number>()
  const feeding = { isDone: false }
  const fed = feed(setup, writtenMs).finally(() => {
    feeding.isDone = true
  })
  const latencies = await collect(reader, setup.codecs, writtenMs, feeding)
  const uplinks = await fed
  await reader.disconnect()
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1), events: latencies.length, uplinks }
}

/** Slices of a round at their time; a feeder that is late goes on without a pause, and its uplinks count from then on. */
async function feed(
  { feeder, devices, fromRound, uplinksPerSecond, seconds }: Setup,
  writtenMs: Map<string, number>,
): Promise<number> {
  const startedMs = performance.now()
  const intervalMs = (devices / uplinksPerSecond) * 1_000
  const fleet: Fleet = { devices, intervalMs, startMs: Date.now() - fromRound * intervalMs }
  const ids = Array.from({ length: devices }, (_, device) => deviceIdOf(device))
  const total = Math.floor(uplinksPerSecond * seconds)
  let fed = 0
  while (fed < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * uplinksPerSecond))
    while (fed < due) {
      const round = fromRound + Math.floor(fed / devices)
      const from = fed % devices
      const to = Math.min(devices, from + due - fed)
      const nowMs = performance.now()
      for (let device = from; device < to; device++)
        writtenMs.set(`${ids[device]} ${recordedAtOf(fleet, round, device)}`, nowMs)
      await feeder.uplinks(fleet, round, from, to)
      fed += to - from
    }
    await sleep(SLICE_MS)
  }
  await feeder.flush()
  return fed
}

async function collect(
  reader: Consumer,
  codecs: Codecs,
  writtenMs: ReadonlyMap<string, number>,
  feeding: { isDone: boolean },
): Promise<number[]> {
  const latencies: number[] = []
  let lastMs = performance.now()
  while (!feeding.isDone || performance.now() - lastMs < SILENT_MS) {
    const { messages } = await reader.consume(2_000)
    const nowMs = performance.now()
    for (const { value } of messages) {
      if (value === null) continue
      const { deviceId, recordedAt } = codecs.of('door-events').decode(value)
      const wasMs = writtenMs.get(`${deviceId} ${recordedAt}`)
      if (wasMs === undefined) continue
      latencies.push(nowMs - wasMs)
      lastMs = nowMs
    }
    if (messages.length === 0) await sleep(2)
  }
  return latencies
}
