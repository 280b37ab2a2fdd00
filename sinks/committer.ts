// Gets batches into Postgres whatever happens on the way: it waits while Postgres is away, finds out what became of a
// commit that was never answered, and narrows a batch down to the one record that Postgres does not take.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Codecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { Batch, type Refusal, type SinkRecord } from './batch.ts'
import { sqlState } from './database.ts'
import type { SinkMetrics } from './metrics.ts'
import { isPartitionGone, type Positions, positionKey, SinkFenced, type Writer } from './writer.ts'

const FIRST_PAUSE_MS = 100
const PAUSE_MAX_MS = 5_000

export type CommitterOptions = { writer: Writer; codecs: Codecs; metrics: SinkMetrics; log: Logger }

export class Committer {
  readonly #options: CommitterOptions
  /** What sink_offsets is believed to say, of the partitions that are this sink's. */
  readonly positions: Positions = new Map()
  isPostgresUp = true

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Resolves with nothing once all is written; with what is not, where `signal` ends it first. */
  async commit(batch: Batch, signal: AbortSignal): Promise<SinkRecord[]> {
    let left = batch
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
      if (left.size === 0) return []
      try {
        await this.#write(left)
        return []
      } catch (error) {
        if (isOfTheData(error)) return this.#narrow(left, error as Error, signal)
        this.#note(error)
        await sleep(error instanceof SinkFenced ? 0 : pauseMs, undefined, { signal }).catch(() => {}) // ended early
        left = (await this.#withoutWritten(left)) ?? left
      }
    }
    return left.records()
  }

  async #write(batch: Batch): Promise<void> {
    const { writer, metrics } = this.#options
    const end = metrics.batchSeconds.startTimer()
    const { rows, hadDuplicates } = await writer.write(batch, this.positions)
    end()
    for (const range of batch.ranges) this.positions.set(positionKey(range), range.next)
    this.isPostgresUp = true
    metrics.rows.inc(rows)
    metrics.deadLetters.inc(batch.deadLetters)
    if (hadDuplicates) metrics.duplicateBatches.inc()
  }

  #note(error: unknown): void {
    const { metrics, log } = this.#options
    if (error instanceof SinkFenced) {
      metrics.fenced.inc()
      log.warn({ reason: error.message }, 'Another sink has written these partitions')
      return
    }
    metrics.failures.inc()
    this.isPostgresUp = false
    log.warn({ err: error }, 'The batch is not written; it is tried again')
  }

  /**
   * After a failure only sink_offsets knows what became of the batch: a commit may have happened without its answer, and
   * another sink may have been there. What it says is written is left out. Undefined: Postgres does not say.
   */
  async #withoutWritten(batch: Batch): Promise<Batch | undefined> {
    const { writer, log } = this.#options
    try {
      const stored = await writer.readPositions([...new Set(batch.ranges.map(({ topic }) => topic))])
      for (const range of batch.ranges) this.#adopt(positionKey(range), stored)
    } catch (error) {
      if (error instanceof PipelineError) throw error
      log.warn({ err: error }, 'Postgres is away')
      return undefined
    }
    const left = batch.records().filter((record) => !this.isWritten(record))
    return left.length === batch.size ? batch : this.rebuild(left)
  }

  #adopt(key: string, stored: Positions): void {
    const [believed, next] = [this.positions.get(key), stored.get(key)]
    if (believed !== undefined && (next === undefined || next < believed))
      throw new PipelineError('SINK_BEHIND', { partition: key, stored: String(next ?? 'nothing'), believed })
    this.positions.set(key, next)
  }

  isWritten(record: SinkRecord): boolean {
    return record.offset < (this.positions.get(positionKey(record)) ?? 0)
  }

  /** Their schemas are known by now. */
  rebuild(records: readonly SinkRecord[]): Batch {
    const batch = new Batch(this.#options.codecs)
    for (const record of records) batch.add(record)
    return batch
  }

  /**
   * Halves again: of the readings of one record, those that Postgres refuses by themselves. None: the record is no batch of
   * readings, or was refused for another reason. Undefined: Postgres does not say now.
   */
  async #refusedReadings(record: SinkRecord): Promise<Map<number, Refusal> | undefined> {
    const { writer, codecs, log } = this.#options
    const refused = new Map<number, Refusal>()
    if (record.name !== 'reading-batches' || record.refusedReadings !== undefined) return refused
    const { encode, decode } = codecs.of('reading-batches')
    const { items } = decode(record.value ?? Buffer.alloc(0))
    const search = async (from: number, to: number): Promise<void> => {
      try {
        const part = { ...record, value: encode({ items: items.slice(from, to) }) }
        return await writer.tryOut(this.rebuild([part]))
      } catch (error) {
        if (!isOfTheData(error)) throw error
        const middle = (from + to) >> 1
        if (middle === from) refused.set(from, { code: 'ROW_REFUSED', reason: (error as Error).message })
        else
          for (const [start, end] of [
            [from, middle],
            [middle, to],
          ] as const)
            await search(start, end)
      }
    }
    try {
      await search(0, items.length)
      return refused
    } catch (error) {
      log.warn({ err: error }, 'Which readings Postgres refuses is asked again')
      return undefined
    }
  }

  /** Halves, again and again: the record that is alone with its error becomes a dead letter, all others rows. */
  async #narrow(batch: Batch, error: Error, signal: AbortSignal): Promise<SinkRecord[]> {
    const { log } = this.#options
    const records = batch.records()
    const [first] = records
    if (first !== undefined && records.length === 1) {
      log.error({ err: error, place: positionKey(first), offset: first.offset }, 'Postgres refuses a record')
      const refusal: Refusal = { code: 'ROW_REFUSED', reason: error.message }
      const refusedReadings = await this.#refusedReadings(first)
      if (refusedReadings === undefined) return this.commit(batch, signal)
      const alone = refusedReadings.size > 0 ? { ...first, refusedReadings } : { ...first, refusal }
      return this.commit(this.rebuild([alone]), signal)
    }
    const middle = Math.ceil(records.length / 2)
    const left = await this.commit(this.rebuild(records.slice(0, middle)), signal)
    const right = records.slice(middle)
    return left.length > 0 ? [...left, ...right] : this.commit(this.rebuild(right), signal)
  }
}

/** Classes 22 (data) and 23 (constraints): trying the same again gives the same. */
const isOfTheData = (error: unknown): boolean =>
  /^2[23]/.test(sqlState(error) ?? '') && !isPartitionGone(error)
