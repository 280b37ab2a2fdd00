// What the benchmark of the sink reads: the same readings together in `reading-batches`, as the device stage writes them; one by
// one, compressed and not; and as a file of COPY's.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka, { type Producer } from 'node-rdkafka'
import { producerSettings, withAdmin } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import type { Reading } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'
import { topicName } from '../schemas/topics.ts'
import { CopyBuffer } from '../sinks/copy-binary.ts'
import { sinkTables } from '../sinks/rows.ts'
import { type CarriedBatch, CarrierWriter } from '../topology/carrier.ts'

export const PREFIX = 'bench.'
export const PARTITIONS = 12
/** kafkajs reads no lz4, which is what our producers write. */
export const PLAIN_TOPIC = `${PREFIX}plain`

const INTERVAL_MS = 60_000
const QUEUED_MAX = 2_000_000

export const startMs = Date.UTC(2026, 9, 2)
const organizationId = derivedId('organization', 'bench')

/** Devices measure in turn, each every minute; two of three give humidity. */
function reading(index: number, devices: number, ids: readonly string[]): Reading {
  const device = index % devices
  const atMs = startMs + Math.floor(index / devices) * INTERVAL_MS + ((device * 37) % INTERVAL_MS)
  return {
    ...{ unitId: ids[device] ?? '', organizationId, deviceId: ids[(device * 7) % devices] ?? '' },
    ...{ devEui: 'A84041000000000A', kind: 'temperature', recordedAt: atMs, receivedAt: atMs + 180 },
    ...{ temperature: (index % 170) / 10 - 3, humidity: index % 3 === 0 ? null : 40 + (index % 50) },
    ...{ doorOpen: null, doorOpenCount: null, lastOpenSeconds: null, batteryPercent: null },
    ...{
      batteryVolts: 3 + (index % 10) / 16,
      rssi: -60 - (index % 60),
      snr: 7.5,
      gatewayId: `gateway-${device % 40}`,
    },
    ...{ fault: false, history: false, simulated: false, decoder: 'lht65', decoderVersion: 1 },
  }
}

type Fill = {
  brokers: string
  registry: string
  rows: number
  devices: number
  /** Readings of one commit of the device stage for one partition; a hundred and more in a backlog. */
  together: number
  file: string
}

/** Returns how many records carry them. */
export async function fill({ brokers, registry, rows, devices, together, file }: Fill): Promise<number> {
  await createTopics(brokers, PREFIX, { partitions: PARTITIONS, replication: 1 })
  await withAdmin(brokers, (admin) =>
    admin.createTopics({
      topics: [{ topic: PLAIN_TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }],
      waitForLeaders: false,
    }),
  )
  const codecs = await openCodecs(registryAt(registry), PREFIX)
  const [usual, plain] = await Promise.all([producerOf(brokers, {}), producerOf(brokers, uncompressed)])
  const ids = Array.from({ length: devices }, (_, device) => derivedId('bench', device))
  const { columns, write } = sinkTables.readings
  const copy = new CopyBuffer(rows * 200)
  const [name, encode] = [topicName(PREFIX, 'readings'), codecs.of('readings').encode]
  const carrier = new CarrierWriter('reading-batches', PARTITIONS, codecs)
  let sent = 0
  const send = (batches: Iterable<CarriedBatch>) => {
    for (const { topic, partition, value, key } of batches) {
      usual.produce(topicName(PREFIX, topic), partition, value, key)
      sent++
    }
  }
  for (let index = 0; index < rows; index++) {
    const value = reading(index, devices, ids)
    copy.row(columns.length, (row) => write(row, value, { topic: '', partition: 0, offset: 0 }))
    const bytes = encode(value)
    usual.produce(name, null, bytes, value.unitId)
    plain.produce(PLAIN_TOPIC, null, bytes, value.unitId)
    const full = carrier.add({ ...written, key: value.unitId, value: bytes })
    if (full !== null) send([full])
    if (index % (PARTITIONS * together) === 0) send(carrier.end())
    if (index % 20_000 === 0) await sleep(1)
  }
  send(carrier.end())
  await Promise.all([usual, plain].map(end))
  writeFileSync(file, copy.finish())
  return sent
}

const written = { topic: 'readings', partition: null, causeMs: 0 } as const

const uncompressed = { 'compression.codec': 'none' } as const

async function producerOf(brokers: string, change: object): Promise<Producer> {
  const { global, topic } = producerSettings(brokers)
  const settings = { ...global, dr_cb: false, 'queue.buffering.max.messages': QUEUED_MAX, ...change }
  const producer = new rdkafka.Producer(settings, topic)
  await new Promise<void>((done, fail) => {
    producer.connect({}, (error) => (error ? fail(error) : done()))
  })
  producer.setPollInterval(20)
  return producer
}

async function end(producer: Producer): Promise<void> {
  await new Promise<void>((done, fail) => {
    producer.flush(120_000, (error) => (error ? fail(error) : done()))
  })
  await new Promise((done) => {
    producer.disconnect(done)
  })
}
