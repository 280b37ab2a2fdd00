import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import { expect, test } from 'vitest'
import type { BulkReader, Reached, StoredRecord } from './bulk.ts'
import type { Batch, Consumer } from './kafka-clients.ts'
import { StreamReader } from './stream-reader.ts'

const NAME = 'x.uplinks'
const at = (offset: number, partition = 0): TopicPartitionOffset => ({ topic: NAME, partition, offset })

const recordAt = (offset: number): StoredRecord => ({
  ...{
    offset,
    bytes: Buffer.from(`key${offset}`),
    keyFrom: 0,
    keyTo: 3,
    valueFrom: 3,
    valueTo: 3 + `${offset}`.length,
  },
  ...{ headersFrom: 0, writtenMs: 1_000 + offset },
})

/** A reader in bulk that answers when it is told to: all that it follows, up to an offset. */
class FakeBulk implements BulkReader {
  readonly starts = new Map<number, { of: TopicPartitionOffset; next: number }>()
  readonly released: string[] = []
  isClosed = false
  #answer = Promise.withResolvers<{ toOffset: number; isEnd: boolean }>()

  follow(of: TopicPartitionOffset): void {
    this.starts.set(of.partition, { of, next: of.offset })
  }
  leave({ partition }: TopicPartition): void {
    this.starts.delete(partition)
  }
  release({ partition, offset }: TopicPartitionOffset): void {
    this.released.push(`${partition}:${offset}`)
  }
  forget({ partition }: TopicPartition): void {
    this.released.push(`${partition} for good`)
  }
  async read(onRecord: (record: StoredRecord, of: TopicPartitionOffset) => void): Promise<Reached[]> {
    const { toOffset, isEnd } = await this.#answer.promise
    this.#answer = Promise.withResolvers()
    return Array.from(this.starts.values(), (start) => {
      for (; start.next < toOffset; start.next++) onRecord(recordAt(start.next), start.of)
      return { of: start.of, offset: start.next, isEnd }
    })
  }
  close(): void {
    this.isClosed = true
  }
  answer(toOffset: number, isEnd = false): void {
    this.#answer.resolve({ toOffset, isEnd })
  }
  fail(error: Error): void {
    this.#answer.reject(error)
  }
}

/** A client that gives what it is told to give, and nothing else. */
class FakeClient {
  readonly calls: string[] = []
  #batch = Promise.withResolvers<Batch>()

  consume = async (): Promise<Batch> => {
    const batch = await this.#batch.promise
    this.#batch = Promise.withResolvers()
    return batch
  }
  give(...offsets: number[]): void {
    const messages = offsets.map((offset) => ({
      ...{
        topic: NAME,
        partition: 0,
        offset,
        key: Buffer.from('key'),
        value: Buffer.from(`${offset}`),
        size: 1,
      },
    }))
    this.#batch.resolve({ messages, ends: [] } as unknown as Batch)
  }
  client = {
    pause: (partitions: TopicPartition[]) => void this.calls.push(`pause ${partitions.length}`),
    resume: (partitions: TopicPartition[]) => void this.calls.push(`resume ${partitions.length}`),
    seek: ({ partition, offset }: TopicPartitionOffset) =>
      void this.calls.push(`seek ${partition} ${offset}`),
  }
}

function open() {
  const readers: FakeBulk[] = []
  const client = new FakeClient()
  const warnings: string[] = []
  const log = { info: () => {}, warn: (_: object, text: string) => void warnings.push(text), error: () => {} }
  const reader = new StreamReader({
    group: client as unknown as Consumer,
    bulk: {
      openStreams: async () => {
        readers.push(new FakeBulk())
        return readers.at(-1) as FakeBulk
      },
      headersIn: () => ({}),
    },
    streams: new Map([[NAME, { topic: 'uplinks', partitions: 2 }]]),
    log,
  })
  return { reader, readers, client, warnings }
}

/** Until what was begun has gone on as far as it can. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

/** Follows these, and has asked for what comes next. */
async function begun(...starts: TopicPartitionOffset[]) {
  const opened = open()
  opened.reader.follow(starts)
  const first = opened.reader.read()
  await settled()
  return { ...opened, first }
}

type Read = ReturnType<StreamReader['read']>

const toldBy = async (read: Read) => {
  const { parts, ends } = await read
  const records = parts.flatMap(({ of, records: own }) =>
    own.map(({ offset }) => `${of.partition}:${offset}`),
  )
  return [...records, ...ends.map(({ of, offset }) => `${of.partition} ends at ${offset}`)]
}

test('records come as they lie in their batches, with where they stand and when they were written', async () => {
  const { readers, first } = await begun(at(7))
  readers[0]?.answer(8, true)
  const { parts, ends } = await first
  expect(parts[0]?.records[0]).toMatchObject({
    topic: 'uplinks',
    partition: 0,
    offset: 7,
    writtenMs: 1_007,
    bytes: 4,
  })
  expect(String(parts[0]?.records[0]?.key) + parts[0]?.records[0]?.value).toBe('key7')
  expect(ends).toMatchObject([{ of: { topic: NAME, partition: 0 }, offset: 8 }])
})

test('what was read of a partition that was left by then is not handed out, nor its end', async () => {
  const { reader, readers, client, first } = await begun(at(0), at(0, 1))
  client.give()
  expect(await toldBy(first)).toEqual([])
  readers[0]?.answer(2, true)
  await settled()
  reader.leave([at(0)])
  expect(await toldBy(reader.read())).toEqual(['1:0', '1:1', '1 ends at 2'])
})

test('a partition that is followed again begins where it is asked to, whatever was under way', async () => {
  const { reader, readers, client, first } = await begun(at(50))
  client.give()
  await first
  readers[0]?.answer(60, true)
  await settled()
  reader.leave([at(0)])
  reader.follow([at(40)])
  expect(await toldBy(reader.read())).toEqual([])
  const next = reader.read()
  await settled()
  readers[0]?.answer(42)
  expect(await toldBy(next)).toEqual(['0:40', '0:41'])
})

test('what slipped into the client before its partitions were paused is left to the reader in bulk', async () => {
  const { reader, client } = open()
  reader.follow([at(0)])
  const read = reader.read()
  client.give(0, 1, 2)
  expect(await toldBy(read)).toEqual([])
})

test('a reader that fails is opened anew where it stood', async () => {
  const { reader, readers, warnings, first } = await begun(at(0))
  readers[0]?.answer(3)
  await first
  const second = reader.read()
  await settled()
  readers[0]?.fail(new Error('The broker has closed the connection'))
  expect(await toldBy(second)).toEqual([])
  expect(readers[0]?.isClosed).toBe(true)
  const third = reader.read()
  await settled()
  readers[1]?.answer(5)
  expect(await toldBy(third)).toEqual(['0:3', '0:4'])
  expect(warnings).toEqual(['Reading in bulk failed, and is tried again'])
})

test('what is not plain the client reads, from where the other stood, once no read of it is under way', async () => {
  const { reader, readers, client, first } = await begun(at(0), at(9, 1))
  readers[0]?.answer(3)
  await first
  const second = reader.read()
  await settled()
  readers[0]?.fail(Object.assign(new Error('gzip'), { name: 'NotPlain' }))
  await second
  // Began before the client took over, and may have been paused then.
  const third = reader.read()
  client.give(77)
  expect(await toldBy(third)).toEqual([])
  expect(client.calls).toEqual([])
  const fourth = reader.read()
  expect(client.calls).toEqual(['resume 2', 'seek 0 3', 'seek 1 9'])
  client.give(3, 4)
  expect(await toldBy(fourth)).toEqual(['0:3', '0:4'])
  reader.leave([at(0)])
  reader.follow([at(5)])
  expect(client.calls.slice(3)).toEqual(['pause 1', 'resume 1'])
})

test('of what is committed the bytes are let go, and of nothing else', async () => {
  const { reader, readers, first } = await begun(at(7), at(3, 1))
  readers[0]?.answer(9)
  await first
  expect(readers[0]?.released).toEqual([])
  reader.release([at(8), at(3, 1)])
  expect(readers[0]?.released).toEqual(['0:8', '1:3'])
})

test('what is paused keeps its bytes; what another process has taken over is forgotten', async () => {
  const { reader, readers, first } = await begun(at(7), at(3, 1))
  readers[0]?.answer(9)
  await first
  reader.leave([at(9)])
  expect(readers[0]?.released).toEqual([])
  reader.giveUp([at(9), at(9, 1)])
  expect(readers[0]?.released).toEqual(['0 for good', '1 for good'])
  expect([...(readers[0]?.starts.keys() ?? [])]).toEqual([])
})
