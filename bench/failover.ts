// How long the units of a process are without one, after it was killed and after it was told to end: with warm copies
// (STANDBY) in the process that takes over, and without. A kill is noticed after the session time-out, which is counted "in all".
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka from 'node-rdkafka'
import { producerSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { createTopics } from '../infra/topics.ts'
import { fridge, hours, minutes, reading } from '../processors/unit-driver.ts'
import { unitStage } from '../processors/unit-stage.ts'
import { openCodecs } from '../schemas/codec.ts'
import type { UnitChangelog } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'
import { topicName } from '../schemas/topics.ts'
import { answer } from '../topology/kafka-clients.ts'
import { type BenchEngines, withEngines } from './engines.ts'
import { MeasuredChild } from './measured-child.ts'

const PARTITIONS = 12
const STAGES = 3
/** Of two processes together: about a half is taken over. */
const UNITS = 200_000
const FLUSH_WITHIN_MS = 120_000

export type FailoverStatus = {
  isReady: boolean
  tasks: number
  keys: number
  isWarm: boolean
  /** Keys of the warm copies. */
  copied: number
  restored: number
  rssBytes: number
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

/** A kill counts from the signal: its session has to end first. */
type Setup = { prefix: string; standby: boolean; sessionTimeoutMs: number }

export function run({ units = String(UNITS), session = '2000' }: Record<string, string>): Promise<void> {
  const sessionTimeoutMs = Number(session)
  return withEngines(async (engines) => {
    for (const standby of [true, false])
      await measure(engines, Number(units), {
        prefix: standby ? 'warm.' : 'cold.',
        standby,
        sessionTimeoutMs,
      })
  })
}

async function measure(engines: BenchEngines, units: number, setup: Setup): Promise<void> {
  const { prefix, standby, sessionTimeoutMs } = setup
  await createTopics(engines.kafkaBrokers, prefix, { partitions: PARTITIONS, replication: 1 })
  const bytes = await writeStates(engines, prefix, units)
  print(
    `${standby ? 'with' : 'without'} warm copies: ${thousands(units)} units of ${Math.round(bytes / units)} bytes, ` +
      `a session of ${sessionTimeoutMs / 1_000} s`,
  )
  const start = () => startProcess(engines, setup)
  let pair = await Promise.all([start(), start()])
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await eachReady(pair)
    const [owner, heir] = await byKeys(pair)
    await failOver(owner, heir, signal)
    pair = [heir, await start()]
  }
  await Promise.all(pair.map((child) => child.end('SIGKILL')))
}

/** A week of a thermometer with a door sensor, under as many names as there are units. */
async function writeStates(engines: BenchEngines, prefix: string, units: number): Promise<number> {
  const { encode } = (await openCodecs(registryAt(engines.schemaRegistryUrl), prefix)).of('unit-changelog')
  const { global, topic } = producerSettings(engines.kafkaBrokers)
  const settings = { ...global, dr_cb: false, 'queue.buffering.max.messages': 2 * units }
  const producer = new rdkafka.Producer(settings, topic)
  await answer<unknown>((done) => producer.connect({}, done as never))
  const state = stateOf()
  let bytes = 0
  for (let unit = 0; unit < units; unit++) {
    const unitId = derivedId('failover', `unit ${unit}`)
    const value = encode({ ...state, unitId })
    bytes += value.length
    producer.produce(topicName(prefix, 'unit-changelog'), null, Buffer.from(value), unitId)
    if (unit % 10_000 === 0) await sleep(0)
  }
  await answer<unknown>((done) => producer.flush(FLUSH_WITHIN_MS, done as never))
  await answer<unknown>((done) => producer.disconnect(done as never))
  return bytes
}

function stateOf(): UnitChangelog {
  const stage = unitStage()
  const emit = () => {}
  const state = stage.initial('unit')
  const config = fridge({ tempMin: 2, tempMax: 8, expectedReadingIntervalSeconds: 600 })
  stage.onRecord(state, { topic: 'unit-configs', value: config }, emit)
  for (let at = Date.UTC(2026, 9, 5); at < Date.UTC(2026, 9, 5) + hours(24 * 7); at += minutes(10)) {
    const value = reading({ at, temperature: 5 + (at % 3), humidity: 40 })
    stage.onRecord(state, { topic: 'readings', value }, emit)
    stage.settle(state, at + 1, emit)
  }
  return stage.save(state)
}

function startProcess(engines: BenchEngines, { prefix, standby, sessionTimeoutMs }: Setup) {
  return MeasuredChild.start('failover-process.ts', {
    KAFKA_BROKERS: engines.kafkaBrokers,
    SCHEMA_REGISTRY_URL: engines.schemaRegistryUrl,
    TOPIC_PREFIX: prefix,
    // Without a name: one that is told to end leaves the group, and is not waited for.
    INSTANCE: '',
    GRACE: hours(2),
    CLOCK: 'events',
    STANDBY: String(standby),
    SESSION_TIMEOUT: sessionTimeoutMs,
    COMMIT_INTERVAL: 100,
    COMMIT_RECORDS_MAX: 100_000,
    PROCESS_PORT: 0,
    LOG_LEVEL: 'error',
  })
}

const statusOf = (child: MeasuredChild) => child.ask<FailoverStatus>('status')

async function eachReady(children: readonly MeasuredChild[]): Promise<void> {
  for (;;) {
    const all = await Promise.all(children.map(statusOf))
    const tasks = all.reduce((sum, status) => sum + status.tasks, 0)
    const isReady = tasks === STAGES * PARTITIONS && all.every((status) => status.isReady && status.isWarm)
    if (isReady && all.every((status) => status.tasks > 0)) return
    await sleep(50)
  }
}

async function byKeys(pair: readonly MeasuredChild[]): Promise<[MeasuredChild, MeasuredChild]> {
  const [a, b] = pair as [MeasuredChild, MeasuredChild]
  const [ofA, ofB] = [await statusOf(a), await statusOf(b)]
  return ofA.keys >= ofB.keys ? [a, b] : [b, a]
}

async function failOver(owner: MeasuredChild, heir: MeasuredChild, signal: NodeJS.Signals): Promise<void> {
  const before = await statusOf(heir)
  const { keys } = await statusOf(owner)
  const startedMs = performance.now()
  const ending = owner.end(signal)
  let givenMs = 0
  for (;;) {
    const { isReady, tasks } = await statusOf(heir)
    if (tasks > before.tasks && givenMs === 0) givenMs = performance.now()
    if (isReady && tasks === STAGES * PARTITIONS) break
    await sleep(5)
  }
  const readyMs = performance.now()
  await ending
  const { restored, rssBytes } = await statusOf(heir)
  print(
    `  ${signal}: ${thousands(keys)} units taken over in ${thousands(readyMs - givenMs)} ms once they were given; ` +
      `${thousands(readyMs - startedMs)} ms in all, ${thousands(restored - before.restored)} records read, ` +
      `RSS ${thousands(rssBytes / 1e6)} MB, before ${thousands(before.rssBytes / 1e6)} MB`,
  )
}
