// One consumer alone, under measurement: reads a topic to its end and does nothing with it but add up its bytes. The sink's
// choice between Kafka's clients is made by this.
import { Kafka, logLevel } from 'kafkajs'
import rdkafka, { type Message } from 'node-rdkafka'
import { groupSettings } from '../infra/kafka.ts'
import { threadCpuMs } from './cpu.ts'

export type ReaderSetup = {
  client: 'node-rdkafka' | 'kafkajs'
  brokers: string
  topic: string
  records: number
}
export type Read = { elapsedMs: number; threads: Record<string, number>; bytes: number }

const RECORDS_AT_ONCE = 2_000
const BYTES_AT_ONCE = 4 << 20

const setup = JSON.parse(process.argv[2] ?? '') as ReaderSetup
const group = `reader-${process.pid}`

/** Counts from the first records on: joining the group is not part of it. */
class Meter {
  #records = 0
  #bytes = 0
  #first = 0
  #startMs = 0
  #before: Record<string, number> = {}

  /** True once all are there. */
  add(records: number, bytes: number): boolean {
    if (this.#records === 0) {
      this.#first = records
      this.#startMs = performance.now()
      this.#before = threadCpuMs()
    }
    this.#records += records
    this.#bytes += bytes
    return this.#records >= setup.records
  }

  result(): Read {
    const share = setup.records / (setup.records - this.#first)
    const threads = Object.entries(threadCpuMs()).map(([name, ms]): [string, number] => [
      name,
      (ms - (this.#before[name] ?? 0)) * share,
    ])
    const elapsedMs = (performance.now() - this.#startMs) * share
    return { elapsedMs, bytes: this.#bytes, threads: Object.fromEntries(threads) }
  }
}

const sumOf = (values: readonly (Buffer | null | undefined)[]) =>
  values.reduce((sum, value) => sum + (value?.length ?? 0), 0)

async function readByRdkafka(meter: Meter): Promise<void> {
  const { global, topic } = groupSettings(setup.brokers, group, null)
  const consumer = new rdkafka.KafkaConsumer(
    { ...global, 'partition.assignment.strategy': 'range' } as never,
    topic,
  )
  consumer.setDefaultConsumeTimeout(20)
  await new Promise((done, fail) => {
    consumer.connect({}, (error) => (error ? fail(error) : done(undefined)))
  })
  consumer.subscribe([setup.topic])
  for (;;) {
    const messages = await new Promise<Message[]>((done, fail) => {
      consumer.consume(RECORDS_AT_ONCE, (error, found) => (error ? fail(error) : done(found)))
    })
    if (messages.length > 0 && meter.add(messages.length, sumOf(messages.map(({ value }) => value)))) return
  }
}

async function readByKafkajs(meter: Meter): Promise<void> {
  const kafka = new Kafka({ brokers: setup.brokers.split(','), logLevel: logLevel.ERROR })
  const consumer = kafka.consumer({ groupId: group, maxBytesPerPartition: BYTES_AT_ONCE, minBytes: 1 })
  await consumer.connect()
  await consumer.subscribe({ topic: setup.topic, fromBeginning: true })
  await new Promise<void>((done, fail) => {
    const eachBatch = async ({ batch }: { batch: { messages: { value: Buffer | null }[] } }) => {
      if (meter.add(batch.messages.length, sumOf(batch.messages.map(({ value }) => value)))) done()
    }
    consumer.run({ autoCommit: false, eachBatch }).catch(fail)
  })
}

process.once('disconnect', () => process.exit(2))
process.on('message', async ({ id }: { id: number }) => {
  const meter = new Meter()
  await (setup.client === 'kafkajs' ? readByKafkajs(meter) : readByRdkafka(meter))
  process.send?.({ id, answer: meter.result() })
})
process.send?.({ id: 0 })
