// Reads the streams that the group has given to this process. The client keeps the membership: it hears of rebalances and sends
// heartbeats, and all its partitions are paused. What they hold is read in bulk, from the offsets that the tasks ask for, as long
// as all is plain. Where it is not, the client reads them until it is built anew.
//
//   followed ──records──▶ arrived ──read()──▶ offered to the tasks
//       └── left, or followed from elsewhere: what has not been handed out by then never is
import { setImmediate as callbackEnds, setTimeout as sleep } from 'node:timers/promises'
import type { Message, TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import type { TopicName } from '../schemas/topics.ts'
import type { Bulk, BulkReader } from './bulk.ts'
import type { Consumer } from './kafka-clients.ts'
import type { Log } from './kafka-runtime.ts'
import { toInputs } from './message.ts'
import type { InputRecord } from './records.ts'
import { StoredInput, type StoredSource } from './stored-input.ts'

const CONSUME_RECORDS_MAX = 2_000
const SEEK_WITHIN_MS = 5_000
const RETRY_PAUSE_MS = 200
/** Between two looks at whether anything is followed. */
const IDLE_PAUSE_MS = 20
/** In a row. A leader that moves, or a broker that restarts, costs some. */
const FAILURES_MAX = 50

/** Where a partition is read on. Another object where it is followed anew. */
type Followed = TopicPartitionOffset

/** Records of one partition, in their order. */
type Part = { of: TopicPartition; records: InputRecord[] }

type End = { of: TopicPartition; offset: number }

/** `ends`: partitions that were read to their ends, with the offset that comes next. They hold after the records. */
export type Arrived = { parts: readonly Part[]; ends: readonly End[] }

export type StreamSetup = {
  group: Consumer
  bulk: Pick<Bulk, 'openStreams' | 'headersIn'>
  /** All that the group may give, by their names on the broker. */
  streams: ReadonlyMap<string, { topic: TopicName; partitions: number }>
  log: Log
}

type Collecting = { source: StoredSource; part: Part }

/** It is kept until it has been handed out. */
type Outcome = { from: 'client' | 'bulk' } & ({ arrived: Arrived } | { error: unknown })

export const NOTHING: Arrived = { parts: [], ends: [] }

export class StreamReader {
  readonly #setup: StreamSetup
  readonly #followed = new Map<string, Followed>()
  /** Where the client has been told from where to go on: before it took over, others read what it was given. */
  readonly #sought = new Set<string>()
  #bulk: BulkReader | null = null
  #isPlain = true
  #isByClient = false
  #isClosed = false
  #failures = 0
  #consuming: Promise<Outcome> | null = null
  #reading: Promise<Outcome> | null = null

  constructor(setup: StreamSetup) {
    this.#setup = setup
  }

  /** From the offset on, of partitions that are not followed. */
  follow(starts: readonly TopicPartitionOffset[]): void {
    for (const start of starts) {
      const followed = { ...start }
      this.#followed.set(idOf(start), followed)
      this.#bulk?.follow(followed)
    }
    if (this.#isByClient) this.#resume(starts)
  }

  leave(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#followed.delete(idOf(partition))
      this.#bulk?.leave(partition)
    }
    if (this.#isByClient && partitions.length > 0) this.#setup.group.client.pause([...partitions])
  }

  /** They have been taken away: another process reads them now. */
  giveUp(partitions: readonly TopicPartition[]): void {
    this.leave(partitions)
    for (const partition of partitions) this.#bulk?.forget(partition)
  }

  /** What came before these offsets is committed: no abort brings it back. */
  release(committed: readonly TopicPartitionOffset[]): void {
    for (const reached of committed) this.#bulk?.release(reached)
  }

  /** Waits for what comes next, but not for long. Rejects with what the client rejects with. */
  async read(): Promise<Arrived> {
    // No read of the client is under way then: what it gives from now on is wanted.
    if (!this.#isPlain && !this.#isByClient && this.#consuming === null) this.#giveToClient()
    const isByClient = this.#isByClient
    this.#consuming ??= outcomeOf('client', this.#consume())
    if (this.#isPlain) this.#reading ??= outcomeOf('bulk', this.#readInBulk())
    const outcome = await Promise.race([this.#consuming, ...(this.#reading === null ? [] : [this.#reading])])
    if (outcome.from === 'client') this.#consuming = null
    else this.#reading = null
    if ('error' in outcome) throw outcome.error
    // What slipped into the client before a pause is read in bulk.
    if (outcome.from === 'client') return isByClient ? outcome.arrived : NOTHING
    const isFollowed = ({ of }: End | Part): boolean => this.#followed.get(idOf(of)) === of
    const { parts, ends } = outcome.arrived
    return { parts: parts.filter(isFollowed), ends: ends.filter(isFollowed) }
  }

  close(): void {
    this.#isClosed = true
    this.#bulk?.close()
  }

  /**
   * Rebalances are heard here, too. Messages become records at once, and nothing is done with them before the client's callback
   * has ended: it holds each message and its buffers until then, and they would be moved to V8's old generation while records
   * are taken.
   */
  async #consume(): Promise<Arrived> {
    const { messages, ends } = await this.#setup.group.consume(CONSUME_RECORDS_MAX)
    const parts = Array.from(Map.groupBy(messages, idOf).values(), (own): Part => {
      const [{ topic, partition }] = own as [Message]
      return { of: { topic, partition }, records: toInputs(this.#streamOf(topic), own) }
    })
    if (parts.length > 0) await callbackEnds()
    return { parts, ends: ends.map(({ offset, ...of }) => ({ of, offset })) }
  }

  #streamOf(name: string): TopicName {
    const stream = this.#setup.streams.get(name)
    if (stream === undefined) throw new Error(`${name} is no stream of this topology`)
    return stream.topic
  }

  /** Never rejects. */
  async #readInBulk(): Promise<Arrived> {
    try {
      this.#bulk ??= await this.#open()
      const parts: Part[] = []
      let last: Collecting | undefined
      const reached = await this.#bulk.read((record, of) => {
        if (of !== last?.part.of) {
          last = this.#collecting(of)
          parts.push(last.part)
        }
        last.part.records.push(new StoredInput(last.source, record))
      })
      this.#failures = 0
      if (reached === null) await sleep(IDLE_PAUSE_MS)
      for (const { of, offset } of reached ?? []) of.offset = offset
      return { parts, ends: reached?.filter(({ isEnd }) => isEnd) ?? [] }
    } catch (error) {
      return this.#failed(error)
    }
  }

  #collecting(of: TopicPartition): Collecting {
    const { headersIn } = this.#setup.bulk
    const source = { topic: this.#streamOf(of.topic), partition: of.partition, headersIn }
    return { source, part: { of, records: [] } }
  }

  async #open(): Promise<BulkReader> {
    const all = [...this.#setup.streams].flatMap(([topic, { partitions }]) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
    const bulk = await this.#setup.bulk.openStreams(all)
    if (this.#isClosed) bulk.close()
    for (const followed of this.#followed.values()) bulk.follow(followed)
    return bulk
  }

  async #failed(error: unknown): Promise<Arrived> {
    this.#bulk?.close()
    this.#bulk = null
    if (this.#isClosed) return NOTHING
    const isPlain = !(error instanceof Error && error.name === 'NotPlain')
    if (isPlain && ++this.#failures <= FAILURES_MAX) {
      if (this.#failures === 1)
        this.#setup.log.warn({ err: error }, 'Reading in bulk failed, and is tried again')
      await sleep(RETRY_PAUSE_MS)
      return NOTHING
    }
    this.#setup.log.warn({ err: error }, 'Streams are not read in bulk: the Kafka client goes on with them')
    this.#isPlain = false
    return NOTHING
  }

  #giveToClient(): void {
    this.#isByClient = true
    this.#resume([...this.#followed.values()])
  }

  /** In the client. A record that comes once more is left out by its task. */
  #resume(starts: readonly TopicPartitionOffset[]): void {
    const { group, log } = this.#setup
    if (starts.length === 0) return
    group.client.resume(starts.map(({ topic, partition }) => ({ topic, partition })))
    for (const start of starts) {
      if (this.#sought.has(idOf(start))) continue
      this.#sought.add(idOf(start))
      group.client.seek({ ...start }, SEEK_WITHIN_MS, (error) => {
        if (error) log.warn({ err: error }, 'A partition is read again from where it was given')
      })
    }
  }
}

async function outcomeOf(from: Outcome['from'], arriving: Promise<Arrived>): Promise<Outcome> {
  try {
    return { from, arrived: await arriving }
  } catch (error) {
    return { from, error }
  }
}

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
