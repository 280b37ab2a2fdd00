// Uplinks → committed outputs, on a real broker: a backlog at full speed, the ceiling of the client in the same run, the
// latency at half of that speed, and the restore of what was remembered after a kill.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { offsetsSettings, withAdmin } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName, topicNames, topics } from '../schemas/topics.ts'
import { Consumer } from '../topology/kafka-clients.ts'
import type { Ceiling } from './ceiling-process.ts'
import { type BenchEngines, withEngines } from './engines.ts'
import { Feeder } from './feeder.ts'
import { measureLatency } from './latency.ts'
import { MeasuredChild } from './measured-child.ts'
import { MeasuredGroup } from './measured-group.ts'
import { INTERVAL_MS, unitsOf } from './world.ts'

export const PREFIX = 'bench.'
export const PARTITIONS = 12
const LATENCY_SECONDS = 10
const DEFAULT_UPLINKS = 600_000

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

export function run(options: Record<string, string>): Promise<void> {
  const devices = Number(options.devices ?? 10_000)
  const uplinks = Math.ceil(Number(options.uplinks ?? DEFAULT_UPLINKS) / devices) * devices
  const threads = Number(options.threads ?? 1)
  return withEngines((engines) => measure(engines, devices, uplinks, { threads, profile: options.profile }))
}

async function measure(
  engines: BenchEngines,
  devices: number,
  uplinks: number,
  { threads, profile }: { threads: number; profile: string | undefined },
): Promise<void> {
  const { kafkaBrokers: brokers, schemaRegistryUrl } = engines
  const ceiling = { topic: `${PREFIX}ceiling`, numPartitions: PARTITIONS }
  await withAdmin(brokers, (admin) => admin.createTopics({ waitForLeaders: false, topics: [ceiling] }))
  await createTopics(brokers, PREFIX, { partitions: PARTITIONS, replication: 1 })
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), PREFIX)
  const feeder = await Feeder.connect(brokers, codecs, PREFIX)
  const rounds = uplinks / devices
  // The backlog ends now: no sensor has a clock that is ahead, and none has been silent.
  const fleet = { devices, startMs: Date.now() - rounds * INTERVAL_MS, intervalMs: INTERVAL_MS }
  await feeder.registry(devices)
  let bytes = 0
  for (let round = 0; round < rounds; round++) bytes += await feeder.uplinks(fleet, round, 0, devices)
  await feeder.flush()
  print(
    `${thousands(uplinks)} uplinks of ${Math.round(bytes / uplinks)} bytes, ${thousands(devices)} devices, ` +
      `${thousands(unitsOf(devices).length)} units, ${PARTITIONS} partitions`,
  )

  const copiesPerSecond = await measureCeiling(brokers, uplinks)
  const process = await MeasuredGroup.start(engines, { prefix: PREFIX, threads, profile })
  const perSecond = await measureBacklog(process, uplinks, devices)
  print(`ratio to the ceiling       ${(perSecond / copiesPerSecond).toFixed(2)}`)

  const latency = await measureLatency({
    ...{ brokers, prefix: PREFIX, codecs, partitions: PARTITIONS, feeder, devices },
    ...{ fromRound: rounds, uplinksPerSecond: perSecond / 2, seconds: LATENCY_SECONDS },
  })
  print(
    `latency at half load       p50 ${latency.p50Ms.toFixed(0)} ms, p99 ${latency.p99Ms.toFixed(0)} ms, most ` +
      `${latency.mostMs.toFixed(0)} ms (${thousands(latency.events)} door events)`,
  )
  for (const stage of ['device', 'unit'] as const) {
    const size = sizeOf(engines.kafkaDir, `${PREFIX}${stage}-changelog-`)
    print(
      `${stage} changelog`.padEnd(27) +
        `${thousands(size / 1e6)} MB on disk after ${thousands(uplinks + latency.uplinks)} uplinks`,
    )
  }
  await printTopics(engines, uplinks + latency.uplinks)
  await process.end('SIGKILL')
  await measureRestore(await MeasuredGroup.start(engines, { prefix: PREFIX, threads }))
  await feeder.close()
}

async function measureCeiling(brokers: string, uplinks: number): Promise<number> {
  const setup = { brokers, prefix: PREFIX, uplinks, recordsPerCommit: 5_000 }
  const child = await MeasuredChild.start('ceiling-process.ts', setup)
  const { elapsedMs, threads } = await child.ask<Ceiling>('copy')
  await child.end('SIGTERM')
  print()
  print(
    `ceiling (copies uplinks)   ${thousands((uplinks / elapsedMs) * 1_000)} uplinks/s, ${perUplink(threads, uplinks)} µs CPU each`,
  )
  printCosts(threads, uplinks)
  return (uplinks / elapsedMs) * 1_000
}

const perUplink = (spentMs: Record<string, number>, uplinks: number): string =>
  ((Object.values(spentMs).reduce((sum, ms) => sum + ms, 0) * 1_000) / uplinks).toFixed(1)

function printCosts(spentMs: Record<string, number>, uplinks: number): void {
  for (const [name, ms] of Object.entries(spentMs).sort(([, a], [, b]) => b - a))
    if (ms * 1_000 > uplinks * 0.05)
      print(`  ${name.padEnd(38)} ${((ms * 1_000) / uplinks).toFixed(2).padStart(6)} µs`)
}

async function measureBacklog(child: MeasuredGroup, uplinks: number, devices: number): Promise<number> {
  const units = unitsOf(devices).length
  while (!(await child.progress()).isReady) await sleep(5)
  await child.begin()
  const startedMs = performance.now()
  const { taken: before } = await child.progress()
  let mostBytes = 0
  for (;;) {
    const { isDone } = await child.progress()
    mostBytes = Math.max(mostBytes, (await child.totals()).rssBytes)
    if (isDone) break
    await sleep(20)
  }
  const elapsedMs = performance.now() - startedMs
  const done = uplinks - Math.max(0, (before.unit ?? 0) - units)
  const { threads, phases, commitsMs } = await child.cost()
  print()
  print(
    `pipeline, backlog          ${thousands((done / elapsedMs) * 1_000)} uplinks/s, ${perUplink(threads, done)} µs CPU each`,
  )
  printCosts(threads, done)
  print('  of the JavaScript thread:')
  printCosts(phases, done)
  print(
    `commits                    ${commitsMs.length}, ${(commitsMs.reduce((a, b) => a + b, 0) / commitsMs.length).toFixed(0)} ms each`,
  )
  print(`RSS                        ${thousands(mostBytes / 1e6)} MB at most`)
  return (done / elapsedMs) * 1_000
}

async function measureRestore(child: MeasuredGroup): Promise<void> {
  const startedMs = performance.now()
  while (!(await child.progress()).isReady) await sleep(5)
  const { keys } = await child.progress()
  const { restoredRecords, restoreMs } = await child.totals()
  const states = Object.values(keys).reduce((sum, n) => sum + n, 0)
  print(
    `restart after kill -9      ready after ${thousands(performance.now() - startedMs)} ms; ${thousands(states)} states ` +
      `from ${thousands(restoredRecords)} records in ${thousands(restoreMs)} ms`,
  )
  await child.end('SIGTERM')
}

/** How many records of Kafka an uplink causes, control records included. */
async function printTopics({ kafkaBrokers }: BenchEngines, uplinks: number): Promise<void> {
  print('records an uplink causes')
  const client = await Consumer.connect(offsetsSettings(kafkaBrokers, `${PREFIX}counts`))
  for (const topic of topicNames) {
    const count = topics[topic].partitions ?? PARTITIONS
    const partitions = Array.from({ length: count }, (_, partition) => ({
      topic: topicName(PREFIX, topic),
      partition,
    }))
    const ends = await client.endOffsets(partitions)
    const records = ends.reduce((sum, end) => sum + end, 0)
    if (records > uplinks / 1_000) print(`  ${topic.padEnd(24)} ${(records / uplinks).toFixed(3)}`)
  }
  await client.disconnect()
}

function sizeOf(dir: string, start: string): number {
  let bytes = 0
  for (const name of readdirSync(dir))
    if (name.startsWith(start))
      for (const file of readdirSync(join(dir, name)))
        if (file.endsWith('.log')) bytes += statSync(join(dir, name, file)).size
  return bytes
}
