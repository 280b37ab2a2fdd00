// The restore of many units: their changelog is written to a broker of the bench's own, then read back by one process a
// thread, each with its part of the partitions, as after a kill of all. CPU is given beside the time, because on a machine that
// does other things only CPU tells what a core could do. And what a unit costs in memory.
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka from 'node-rdkafka'
import { producerSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { createTopics } from '../infra/topics.ts'
import { unitStage } from '../processors/unit-stage.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import type { Reading } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'
import { topicName } from '../schemas/topics.ts'
import { answer } from '../topology/kafka-clients.ts'
import { withEngines } from './engines.ts'
import { MeasuredChild } from './measured-child.ts'
import type { Restored, Spent } from './restore-process.ts'
import { configOf, INTERVAL_MS, unitIdOf } from './world.ts'

const PREFIX = 'bench.'
const PARTITIONS = 12
const UNITS = 1_000_000
const SAMPLES = 100
const READINGS = 20
const START_MS = Date.UTC(2026, 9, 5)
const FLUSH_WITHIN_MS = 240_000

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

export function run(options: Record<string, string>): Promise<void> {
  const units = Number(options.units ?? UNITS)
  const threads = (options.threads ?? '1,2').split(',').map(Number)
  return withEngines(async ({ kafkaBrokers: brokers, schemaRegistryUrl }) => {
    await createTopics(brokers, PREFIX, { partitions: PARTITIONS, replication: 1 })
    const codecs = await openCodecs(registryAt(schemaRegistryUrl), PREFIX)
    const bytes = await writeStates(brokers, codecs, units)
    print(`${thousands(units)} units of ${Math.round(bytes / units)} bytes, ${PARTITIONS} partitions`)
    for (const count of threads) await measure({ brokers, schemaRegistryUrl, prefix: PREFIX }, units, count)
  })
}

/** Thermometers that measure every ten minutes, with the readings of the grace; each unit gets the state of one of them. */
async function writeStates(brokers: string, codecs: Codecs, units: number): Promise<number> {
  const { global, topic } = producerSettings(brokers)
  const producer = new rdkafka.Producer(
    { ...global, dr_cb: false, 'queue.buffering.max.messages': 500_000 },
    topic,
  )
  await answer<unknown>((done) => producer.connect({}, done as never))
  producer.setPollInterval(20)
  const name = topicName(PREFIX, 'unit-changelog')
  const samples = Array.from({ length: SAMPLES }, (_, n) => stateOf(codecs, n * 5))
  let bytes = 0
  for (let unit = 0; unit < units; unit++) {
    const { unitId, value } = samples[unit % SAMPLES] as (typeof samples)[0]
    const own = derivedId('bench', `unit ${unit}`)
    for (let at = value.indexOf(unitId); at >= 0; at = value.indexOf(unitId, at + 1)) value.write(own, at)
    samples[unit % SAMPLES] = { unitId: own, value }
    bytes += value.length
    while (!produced(producer, name, value, own)) await sleep(5)
  }
  await answer<unknown>((done) => producer.flush(FLUSH_WITHIN_MS, done as never))
  await answer<unknown>((done) => producer.disconnect(done as never))
  return bytes
}

function produced(producer: rdkafka.Producer, topic: string, value: Buffer, key: string): boolean {
  try {
    producer.produce(topic, null, value, key)
    return true
  } catch (error) {
    if ((error as { code?: number }).code !== rdkafka.CODES.ERRORS.ERR__QUEUE_FULL) throw error
    return false
  }
}

function stateOf(codecs: Codecs, device: number): { unitId: string; value: Buffer } {
  const stage = unitStage()
  const unitId = unitIdOf(device)
  const state = stage.initial(unitId)
  const emit = () => {}
  const { organizationId, ...config } = configOf(device)
  stage.onRecord(state, { topic: 'unit-configs', value: { ...config, organizationId } }, emit)
  for (let n = 0; n < READINGS; n++) {
    const recordedAt = START_MS + n * INTERVAL_MS
    const reading: Reading = {
      ...{
        unitId,
        organizationId,
        deviceId: derivedId('bench', `device ${device}`),
        devEui: '',
        kind: 'temperature',
      },
      ...{
        recordedAt,
        receivedAt: recordedAt,
        temperature: 5 + Math.sin(n + device),
        humidity: 40 + (n % 7),
      },
      ...{
        doorOpen: null,
        doorOpenCount: null,
        lastOpenSeconds: null,
        batteryPercent: null,
        batteryVolts: 3.6,
      },
      ...{ rssi: -97, snr: 7.5, gatewayId: 'roof-north', fault: false, history: false, simulated: false },
      ...{ decoder: 'elsys', decoderVersion: 1 },
    }
    stage.onRecord(state, { topic: 'readings', value: reading }, emit)
    stage.settle(state, recordedAt, emit)
  }
  return { unitId, value: Buffer.from(codecs.of('unit-changelog').encode(stage.save(state))) }
}

type Where = { brokers: string; schemaRegistryUrl: string; prefix: string }

async function measure(where: Where, units: number, threads: number): Promise<void> {
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  const children = await Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      MeasuredChild.start('restore-process.ts', {
        ...{ ...where, partitions: all.filter((partition) => partition % threads === thread) },
      }),
    ),
  )
  const floor = await Promise.all(children.map((child) => child.ask<Spent>('floor')))
  const floorMs = floor.reduce((total, { cpuMs }) => total + cpuMs, 0)
  const startedMs = performance.now()
  const restored = await Promise.all(children.map((child) => child.ask<Restored>('restore')))
  const elapsedMs = performance.now() - startedMs
  const sum = (of: (one: Restored) => number): number => restored.reduce((total, one) => total + of(one), 0)
  const cpuMs = sum((one) => one.cpuMs)
  print(
    `restore by ${threads} thread(s)     ${thousands(sum(({ keys }) => keys))} states, and their timers, in ` +
      `${(elapsedMs / 1_000).toFixed(1)} s: ${thousands((units * 1_000) / elapsedMs)} states/s`,
  )
  print(
    `  CPU                      ${((cpuMs * 1_000) / units).toFixed(2)} µs a state, JavaScript's thread ` +
      `${((sum((one) => one.javaScriptMs) * 1_000) / units).toFixed(2)} µs: ${thousands((units * 1_000) / cpuMs)} states/s a core`,
  )
  print(
    `  floor                    ${((floorMs * 1_000) / units).toFixed(2)} µs a state: node-rdkafka reads the same records, ` +
      `nothing is done with them`,
  )
  const grown = sum(({ rssBytes }) => rssBytes)
  print(
    `  memory                   ${thousands(grown / 1e6)} MB more RSS, ${thousands(grown / units)} bytes a unit; ` +
      `of V8's heap ${thousands(sum(({ heapBytes }) => heapBytes) / units)} bytes a unit`,
  )
  for (const child of children) await child.end('SIGKILL')
}
