// The sink's loop: collects records into the next batch while the one before is being written. A rebalance or an outage
// loses nothing, because what is not in Postgres is read again from where Postgres says.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicPartition } from 'node-rdkafka'
import type { Logger } from 'pino'
import { type Codecs, UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { Batch, type SinkRecord, UnlearnedReading } from './batch.ts'
import type { Committer } from './committer.ts'
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
/** A batch of readings from a backlog is about so large; few records are asked for until it is known better. */
const ROWS_PER_RECORD_AT_FIRST = 1_000
const ROWS_PER_RECORD_DECAY = 0.5
/** While a batch is being written the next one may grow to so many times the usual size: a slow database gets fewer, larger ones. */
const GROWTH_MAX = 4
const RETRY_PAUSE_MS = 1_000
/** Longer than a write takes, and far below the time after which the group gives up a member that does not poll. */
const SLOW_WRITE_MS = 5_000
const LAST_WRITE_WITHIN_MS = 10_000

/** A batch on its way; resolves with the records that are not written where it was ended. */
type Write = { ended: Promise<SinkRecord[]>; end: AbortController }

export class Sink {
  readonly #options: SinkOptions
  readonly #stopping = new AbortController()
  #batch: Batch
  #batchSinceMs = 0
  #rowsPerRecord = ROWS_PER_RECORD_AT_FIRST
  #write: Write | undefined
  #failure: unknown
  #hasJoined = false

  constructor(options: SinkOptions) {
    this.#options = options
    this.#batch = new Batch(options.codecs)
  }

  isReady(): boolean {
    return this.#hasJoined && this.#options.committer.isPostgresUp && !this.#stopping.signal.aborted
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Until `stop`; rejects where the environment is so wrong that only a person can go on. */
  async run(): Promise<void> {
    const { source, rowsMax } = this.#options
    while (!this.#stopping.signal.aborted) {
      for (const rebalance of source.takeRebalances()) await this.#rebalance(rebalance)
      if (this.#failure !== undefined) throw this.#failure
      const most = this.#write === undefined ? rowsMax : rowsMax * GROWTH_MAX
      if (this.#batch.isFull(most)) await this.#waitForWrite()
      else await this.#take(this.#recordsFor(most - this.#batch.rows))
      this.#writeIfDue()
    }
    await this.#writeTheRest()
  }

  async #take(most: number): Promise<void> {
    const records = await this.#consume(most)
    const before = this.#batch.rows
    // Not awaited one by one: a schema that is not known yet is a matter of the first record after a deployment.
    for (const record of records) if (!this.#addAtOnce(record)) await this.#add(record)
    if (records.length === 0) return
    const mean = (this.#batch.rows - before) / records.length
    this.#rowsPerRecord = Math.max(1, mean, this.#rowsPerRecord * ROWS_PER_RECORD_DECAY)
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
    const { committer, nowMs } = this.#options
    if (committer.isWritten(record)) return true
    if (this.#batch.size === 0) this.#batchSinceMs = nowMs()
    try {
      this.#batch.add(record)
      return true
    } catch (error) {
      if (error instanceof UnlearnedSchema) return false
      throw error
    }
  }

  async #add(record: SinkRecord): Promise<void> {
    const { committer, codecs, nowMs } = this.#options
    if (committer.isWritten(record)) return
    if (this.#batch.size === 0) this.#batchSinceMs = nowMs()
    while (!this.#stopping.signal.aborted) {
      try {
        return this.#batch.add(record)
      } catch (error) {
        if (!(error instanceof UnlearnedSchema)) throw error
        const topic = error instanceof UnlearnedReading ? 'readings' : record.name
        const learned = codecs.learn(topic, error.schemaId)
        const refusal = await learned.catch((reason: unknown) => reason)
        if (!(refusal instanceof PipelineError)) continue
        if (refusal.verdict === 'dead-letter')
          return this.#batch.add({ ...record, refusal: { code: refusal.code, reason: refusal.message } })
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

  // ── writing ──

  #writeIfDue(): void {
    const { rowsMax, waitMs, nowMs } = this.#options
    if (this.#write !== undefined || this.#batch.size === 0) return
    if (this.#batch.isFull(rowsMax) || nowMs() - this.#batchSinceMs >= waitMs) this.#startWrite()
  }

  #startWrite(): void {
    const { committer, codecs, source } = this.#options
    const batch = this.#batch
    const end = new AbortController()
    this.#batch = new Batch(codecs)
    this.#batchSinceMs = this.#options.nowMs()
    const ended = committer.commit(batch, end.signal).catch((error: unknown) => {
      this.#failure ??= error
      return batch.records()
    })
    const write: Write = { ended, end }
    this.#write = write
    void ended.then((left) => {
      if (this.#write === write) this.#write = undefined
      if (left.length === 0)
        source.tellGroup(
          batch.ranges.map(({ topic, partition, next }) => ({ topic, partition, offset: next })),
        )
    })
  }

  /** While Postgres is away the member stays in its group: it goes on asking, for nothing. */
  async #waitForWrite(): Promise<void> {
    const { source } = this.#options
    const write = this.#write
    if (write === undefined) return
    const isSlow = await Promise.race([write.ended.then(() => false), sleep(SLOW_WRITE_MS, true)])
    if (!isSlow) return
    source.pause()
    for (const record of await this.#consume(1)) await this.#add(record)
    source.resume()
  }

  /** Ends the write that is under way; its records that are not written. */
  async #halt(): Promise<SinkRecord[]> {
    const write = this.#write
    if (write === undefined) return []
    const left = await this.#within(write, SLOW_WRITE_MS)
    this.#write = undefined
    return left
  }

  async #within({ ended, end }: Write, ms: number): Promise<SinkRecord[]> {
    const timer = setTimeout(() => end.abort(), ms)
    const left = await ended
    clearTimeout(timer)
    return left
  }

  async #writeTheRest(): Promise<void> {
    const left = await this.#halt()
    if (left.length > 0 || this.#failure !== undefined) return // read again at the next start
    if (this.#batch.size > 0) this.#startWrite()
    if (this.#write !== undefined) await this.#within(this.#write, LAST_WRITE_WITHIN_MS)
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
    const records = [...(await this.#halt()), ...this.#batch.records()]
    const gone = new Set(partitions.map(positionKey))
    for (const key of gone) committer.positions.delete(key)
    this.#batch = committer.rebuild(records.filter((record) => !gone.has(positionKey(record))))
    source.unassign(partitions)
  }
}
