// What is read in bulk is what node-rdkafka reads, record by record, from any offset on.
import { randomBytes } from 'node:crypto'
import rdkafka, { type ProducerGlobalConfig } from 'node-rdkafka'
import { beforeAll, expect, test } from 'vitest'
import { producerSettings, transactionalSettings, withAdmin } from '../kafka.ts'
import { openPublisher } from '../publisher.ts'
import { freshPrefix, testEngines } from '../testing/engines.ts'
import { readTopic } from '../topic-reader.ts'
import { BulkReader, streams, wholePartitions } from './bulk-reader.ts'
import { headersIn, type RecordView } from './record-batches.ts'

type Told = {
  offset: number
  key: string | null
  value: string | null
  writtenMs: number
  headers: Record<string, string>
}

const PARTITIONS = 3
const ROUNDS = 12
const { kafkaBrokers: brokers } = testEngines()
const prefix = freshPrefix()
const topic = `${prefix}mixed`
const ends = new Map<number, number>()

const done = <T>(call: (answer: (error: unknown, value?: T) => void) => unknown): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })

/** Later and earlier ones come one after the other. */
let lastMs = Date.UTC(2026, 1, 2)
function writtenMs(): number {
  lastMs += lastMs % 7 < 3 ? -1_000_001 : 3_000_002
  return lastMs
}

const headersOf = (key: string | null): { [name: string]: string }[] =>
  key === null ? [{ code: 'DECODE_FAILED' }, { ä: 'zwei Wörter' }] : []

/** Writes batches of its own: each call is flushed. */
class Writer {
  readonly #producer: rdkafka.Producer

  constructor(settings: object) {
    const global = { ...settings, dr_cb: false, 'linger.ms': 1_000 } as ProducerGlobalConfig
    this.#producer = new rdkafka.Producer(global, {})
    this.#producer.setPollInterval(10)
  }

  async open(): Promise<this> {
    await done((answer) => this.#producer.connect({}, answer as never))
    return this
  }

  async write(to: string, partition: number, records: [key: string | null, value: Buffer | null][]) {
    for (const [key, value] of records)
      this.#producer.produce(to, partition, value, key, writtenMs(), null, headersOf(key))
    await done((answer) => this.#producer.flush(10_000, answer as never))
  }

  call(what: 'initTransactions' | 'commitTransaction' | 'abortTransaction'): Promise<unknown> {
    return done((answer) => this.#producer[what](10_000, answer))
  }

  begin(): Promise<unknown> {
    return done((answer) => this.#producer.beginTransaction(answer))
  }

  async close(): Promise<void> {
    await done((answer) => this.#producer.disconnect(answer as never))
  }
}

const writer = (settings: object): Promise<Writer> => new Writer(settings).open()

async function transactional(name: string): Promise<Writer> {
  const opened = await writer(transactionalSettings(brokers, `${prefix}${name}`).global)
  await opened.call('initTransactions')
  return opened
}

beforeAll(async () => {
  // Its records are months old by their time: the broker would delete them at its next look, which it takes every 5 minutes.
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  await withAdmin(brokers, (admin) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [{ topic, numPartitions: PARTITIONS, configEntries }],
    }),
  )
  const { global } = producerSettings(brokers)
  const [lz4, plain] = [await writer(global), await writer({ ...global, 'compression.codec': 'none' })]
  const [first, second] = [await transactional('first'), await transactional('second')]
  const state = (text: string) => Buffer.from(`${text} `.repeat(50))
  for (let round = 0; round < ROUNDS; round++)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await Promise.all([first.begin(), second.begin()])
      await first.write(topic, partition, [
        [`a${round}`, state('first')],
        [`b${round}`, null],
      ])
      await second.write(topic, partition, [
        [`a${round}`, state('second')],
        [`c${round}`, state('second')],
      ])
      await lz4.write(topic, partition, [
        [null, state('no key')],
        [`d${round}`, Buffer.alloc(0)],
        ['', state('')],
      ])
      await first.write(topic, partition, [[`e${round}`, state('first again')]])
      await plain.write(topic, partition, [
        [`f${round}`, state('plain')],
        [`ä${round}`, randomBytes(30)],
      ])
      await first.call(round % 2 === 0 ? 'commitTransaction' : 'abortTransaction')
      await second.write(topic, partition, [[`g${round}`, state('second again')]])
      await second.call(round % 3 === 0 ? 'abortTransaction' : 'commitTransaction')
      if (round % 5 === 0) await lz4.write(topic, partition, [[`h${round}`, randomBytes(900_000)]])
    }
  await Promise.all([lz4, plain, first, second].map((one) => one.close()))
  for (const { partition, high } of await withAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic)))
    ends.set(partition, Number(high))
}, 60_000)

const text = (bytes: Buffer, from: number, to: number): string | null =>
  to < from ? null : bytes.toString('latin1', from, to)

const toldOf = ({ bytes, ...record }: RecordView): Told => ({
  offset: record.offset,
  key: text(bytes, record.keyFrom, record.keyTo),
  value: text(bytes, record.valueFrom, record.valueTo),
  writtenMs: record.writtenMs,
  headers: headersIn(bytes, record.headersFrom),
})

async function inBulk(starts: ReadonlyMap<number, number>): Promise<Map<number, Told[]>> {
  const asked = Array.from(starts, ([partition, offset]) => ({ topic, partition, offset }))
  const reader = await BulkReader.open(brokers, asked, wholePartitions)
  for (const start of asked) reader.follow(start)
  const told = new Map<number, Told[]>([...starts.keys()].map((partition) => [partition, []]))
  const left = new Set(starts.keys())
  try {
    while (left.size > 0) {
      const reached = await reader.read((record, of) => told.get(of.partition)?.push(toldOf(record)))
      for (const { of, offset } of reached ?? [])
        if (offset >= (ends.get(of.partition) ?? 0)) {
          left.delete(of.partition)
          reader.leave(of)
        }
    }
  } finally {
    reader.close()
  }
  return told
}

async function byClient(from: ReadonlyMap<number, number>): Promise<Map<number, Told[]>> {
  const told = new Map<number, Told[]>([...from.keys()].map((partition) => [partition, []]))
  await readTopic({ brokers, topic, from }, (messages) => {
    for (const { partition, offset, key, value, timestamp, headers = [] } of messages)
      told.get(partition)?.push({
        ...{ offset, key: key == null ? null : Buffer.from(key).toString('latin1') },
        value: value === null ? null : value.toString('latin1'),
        writtenMs: timestamp ?? 0,
        headers: Object.fromEntries(
          headers.flatMap((header) => Object.entries(header)).map(([name, bytes]) => [name, String(bytes)]),
        ),
      })
  })
  return told
}

test('compressed and plain, committed and aborted, with and without keys and values: the same records', async () => {
  const all = new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, 0]))
  const expected = await byClient(all)
  expect(expected.get(0)?.length).toBeGreaterThan(100)
  expect(await inBulk(all)).toEqual(expected)
}, 30_000)

test('from any offset on, also from amid a batch or an aborted transaction', async () => {
  for (const [partition, end] of ends) {
    const whole = (await byClient(new Map([[partition, 0]]))).get(partition) ?? []
    for (let offset = 1; offset < end; offset += 7 + partition) {
      const expected = whole.filter((one) => one.offset >= offset)
      expect((await inBulk(new Map([[partition, offset]]))).get(partition)).toEqual(expected)
    }
  }
}, 60_000)

test('another compression, and a partition that is not there, are for the client to read', async () => {
  const zipped = await writer({ ...producerSettings(brokers).global, 'compression.codec': 'gzip' })
  const publisher = await openPublisher(brokers)
  const other = `${prefix}zipped`
  await withAdmin(brokers, (admin) =>
    admin.createTopics({ waitForLeaders: false, topics: [{ topic: other }] }),
  )
  await publisher.publish([{ topic: other, key: 'first', value: Buffer.from('lz4') }])
  await zipped.write(other, 0, [['second', Buffer.from('gzip '.repeat(100))]])
  await Promise.all([publisher.close(), zipped.close()])
  const reader = await BulkReader.open(brokers, [{ topic: other, partition: 0 }], wholePartitions)
  reader.follow({ topic: other, partition: 0, offset: 0 })
  const keys: (string | null)[] = []
  const readOn = async () => {
    for (;;) await reader.read(({ bytes, keyFrom, keyTo }) => keys.push(text(bytes, keyFrom, keyTo)))
  }
  await expect(readOn()).rejects.toThrow('compressed another way')
  reader.close()
  expect(keys).toEqual(['first'])
  await expect(BulkReader.open(brokers, [{ topic: other, partition: 1 }], streams)).rejects.toThrow('leader')
}, 30_000)

test('a partition that is left, and followed from elsewhere while its records are on their way, has no gap', async () => {
  const whole = (await byClient(new Map([[0, 0]]))).get(0) ?? []
  const reader = await BulkReader.open(brokers, [{ topic, partition: 0 }], streams)
  expect(await reader.read(() => {})).toBeNull()
  const told: Told[] = []
  const read = () => reader.read((record) => told.push(toldOf(record)))
  reader.follow({ topic, partition: 0, offset: whole[50]?.offset ?? 0 })
  const first = read()
  reader.leave({ topic, partition: 0 })
  expect([await first, told]).toEqual([[], []])
  reader.follow({ topic, partition: 0, offset: whole[40]?.offset ?? 0 })
  const second = read()
  reader.follow({ topic, partition: 0, offset: 0 })
  expect([await second, told]).toEqual([[], []])
  for (let isEnd = false; !isEnd; ) isEnd = (await read())?.some((reached) => reached.isEnd) ?? false
  reader.close()
  expect(told).toEqual(whole)
}, 30_000)
