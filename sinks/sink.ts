// The sink's loop: collects records into the next batches while those before are being written. A rebalance or an outage
// loses nothing, because what is not in Postgres is read again from where Postgres says.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicPartition } from 'node-rdkafka'
import type { Logger } from 'pino'
import { type Codecs, UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { type OffsetRange, type SinkRecord, UnlearnedReading } from './batch.ts'
import type { Committer } from './committer.ts'
import { Lane, SLOW_WRITE_MS } from './lane.ts'
import type { SinkMetrics } from './metrics.ts'
import type { Rebalance, Source } from './source.ts'
import { positionKey, type Writer } from './writer.ts'

export type SinkOptions = {
  source: Source
  writer: Writer
  committer: Committer
  codecs: Codecs
  metrics: SinkMetrics
  log: Logger
  rowsMax: number
  waitMs: number
  nowMs: () => number
}

const CONSUME_RECORDS_MAX = 2_000
/** What is taken becomes rows at once, and meanwhile nothing is sent to Postgres, whose sockets hold a megabyte or two. */
const TAKE_ROWS_MAX = 5_000
/** A batch of readings from a backlog is about so large; few records are asked for until it is known better. */
const ROWS_PER_RECORD_AT_FIRST = 1_000
const ROWS_PER_RECORD_DECAY = 0.5
/**
 * While one lane waits (for the disk at its commit, for its offsets, for this process to send the next rows) the other is
 * copying. Two backends and this process are more than two cores already.
 */
const LANES = 2
const RETRY_PAUSE_MS = 1_000

export class Sink {
  readonly #options: SinkOptions
  readonly #stopping = new AbortController()
  readonly #lanes: readonly Lane[]
  #rowsPerRecord = ROWS_PER_RECORD_AT_FIRST
  #failure: unknown
  #hasJoined = false

  constructor(options: SinkOptions) {
    this.#options = options
    const { source } = options
    const laneOptions = {
      ...options,
      onWritten: (ranges: readonly OffsetRange[]) =>
        source.tellGroup(ranges.map(({ topic, partition, next }) => ({ topic, partition, offset: next }))),
      onFailure: (error: unknown) => {
        this.#failure ??= error
      },
    }
    this.#lanes = Array.from({ length: LANES }, () => new Lane(laneOptions))
  }

  isReady(): boolean {
    return this.#hasJoined && this.#options.committer.isPostgresUp && !this.#stopping.signal.aborted
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Until `stop`; rejects where the environment is so wrong that only a person can go on. */
  async run(): Promise<void> {
    const { source } = this.#options
    while (!this.#stopping.signal.aborted) {
      for (const rebalance of source.takeRebalances()) await this.#rebalance(rebalance)
      if (this.#failure !== undefined) throw this.#failure
      const full = this.#lanes.find((lane) => lane.isFull)
      if (full !== undefined) await this.#waitForWrite(full)
      else await this.#take(Math.min(TAKE_ROWS_MAX, ...this.#lanes.map((lane) => lane.room)))
      for (const lane of this.#lanes) lane.writeIfDue()
    }
    if (this.#failure === undefined) await Promise.all(this.#lanes.map((lane) => lane.writeTheRest()))
  }

  /** The same partition of all topics goes the same way: what is of one unit is never written from two sides. */
  #laneOf({ partition }: { partition: number }): Lane {
    const lane = this.#lanes[partition % this.#lanes.length]
    if (lane === undefined) throw new Error(`partition ${partition} has no lane`)
    return lane
  }

  async #take(most: number): Promise<void> {
    const records = await this.#consume(this.#recordsFor(most))
    const before = this.#rows()
    // Not awaited one by one: a schema that is not known yet is a matter of the first record after a deployment.
    for (const record of records) if (!this.#addAtOnce(record)) await this.#add(record)
    if (records.length === 0) return
    const mean = (this.#rows() - before) / records.length
    this.#rowsPerRecord = Math.max(1, mean, this.#rowsPerRecord * ROWS_PER_RECORD_DECAY)
  }

  #rows(): number {
    return this.#lanes.reduce((sum, { rows }) => sum + rows, 0)
  }

  /** It goes down by steps: a batch may become too small by it for a while, and must not become far too large. */
  #recordsFor(rows: number): number {
    return Math.max(1, Math.min(CONSUME_RECORDS_MAX, Math.ceil(rows / this.#rowsPerRecord)))
  }

  /** Errors that are not fatal pass: a broker is away, a leader moves, this member was too slow and joins again. */
  async #consume(most: number): Promise<SinkRecord[]> {
    try {
      return await this.#options.source.consume(most)
    } catch (error) {
      if (error instanceof PipelineError) throw error
      this.#options.log.warn({ err: error }, 'Kafka does not give records; it is asked again')
      await this.#pause(RETRY_PAUSE_MS)
      return []
    }
  }

  /** False: its schema must be fetched first. */
  #addAtOnce(record: SinkRecord): boolean {
    if (this.#options.committer.isWritten(record)) return true
    try {
      this.#laneOf(record).add(record)
      return true
    } catch (error) {
      if (error instanceof UnlearnedSchema) return false
      throw error
    }
  }

  async #add(record: SinkRecord): Promise<void> {
    const { committer, codecs } = this.#options
    if (committer.isWritten(record)) return
    const lane = this.#laneOf(record)
    while (!this.#stopping.signal.aborted) {
      try {
        return lane.add(record)
      } catch (error) {
        if (!(error instanceof UnlearnedSchema)) throw error
        const topic = error instanceof UnlearnedReading ? 'readings' : record.name
        const learned = codecs.learn(topic, error.schemaId)
        const refusal = await learned.catch((reason: unknown) => reason)
        if (!(refusal instanceof PipelineError)) continue
        if (refusal.verdict === 'dead-letter')
          return lane.add({ ...record, refusal: { code: refusal.code, reason: refusal.message } })
        this.#options.log.warn(
          { err: refusal },
          'The schema of a record cannot be fetched; it is asked for again',
        )
        await this.#pause(RETRY_PAUSE_MS)
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {}) // cut short by the stop
  }

  /** While Postgres is away the member stays in its group: it goes on asking, for nothing. */
  async #waitForWrite(lane: Lane): Promise<void> {
    const { source } = this.#options
    const isSlow = await Promise.race([lane.written.then(() => false), sleep(SLOW_WRITE_MS, true)])
    if (!isSlow) return
    source.pause()
    for (const record of await this.#consume(1)) await this.#add(record)
    source.resume()
  }

  // ── the group ──

  async #rebalance({ kind, partitions }: Rebalance): Promise<void> {
    this.#options.log.info({ kind, partitions: partitions.length }, 'The group has shared out its partitions')
    if (kind === 'assign') await this.#assign(partitions)
    else await this.#revoke(partitions)
  }

  async #assign(partitions: readonly TopicPartition[]): Promise<void> {
    const { source, committer } = this.#options
    const from = await this.#positionsOf(partitions)
    if (from === undefined) return
    for (const { offset, ...partition } of from) committer.positions.set(positionKey(partition), offset)
    source.assign(from)
    this.#hasJoined = true
  }

  /** Undefined: told to stop before Postgres and Kafka had answered. */
  async #positionsOf(partitions: readonly TopicPartition[]) {
    const { source, writer, committer, log } = this.#options
    while (!this.#stopping.signal.aborted) {
      try {
        const stored = await writer.readPositions([...new Set(partitions.map(({ topic }) => topic))])
        const from = partitions.map((p) => ({ ...p, offset: stored.get(positionKey(p)) }))
        this.#checkEnds(from, await source.ends(from))
        committer.isPostgresUp = true
        return from
      } catch (error) {
        if (error instanceof PipelineError) throw error
        committer.isPostgresUp = false
        log.warn({ err: error }, 'Where to begin is not known yet; it is asked again')
        await this.#pause(RETRY_PAUSE_MS)
        for (const record of await this.#consume(1)) await this.#add(record)
      }
    }
    return undefined
  }

  #checkEnds(
    from: readonly (TopicPartition & { offset: number | undefined })[],
    ends: readonly { first: number; end: number }[],
  ): void {
    for (const [index, { offset: stored, ...place }] of from.entries()) {
      const { first = 0, end = 0 } = ends[index] ?? {}
      const partition = positionKey(place)
      if (stored === undefined) continue
      if (stored > end) throw new PipelineError('TOPIC_REPLACED', { partition, stored, end })
      if (stored >= first) continue
      this.#options.metrics.lostRecords.inc(first - stored)
      this.#options.log.error(
        { partition, stored, first },
        'Kafka has deleted records before they were written',
      )
    }
  }

  /** The next owner begins where Postgres says; what is kept of the other partitions goes on. */
  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    const { source, committer } = this.#options
    const held = await Promise.all(this.#lanes.map((lane) => lane.takeBack()))
    const gone = new Set(partitions.map(positionKey))
    for (const key of gone) committer.positions.delete(key)
    for (const [index, lane] of this.#lanes.entries())
      lane.giveBack((held[index] ?? []).filter((record) => !gone.has(positionKey(record))))
    source.unassign(partitions)
  }
}
