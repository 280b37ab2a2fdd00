// One of the sink's lanes: the batch that is being collected, and the one before it, which is being written. Each partition
// belongs to one lane, so that lanes write side by side and no two of them ever need the same offsets.
import type { Codecs } from '../schemas/codec.ts'
import { Batch, type OffsetRange, type SinkRecord } from './batch.ts'
import type { Committer } from './committer.ts'

export type LaneOptions = {
  committer: Committer
  codecs: Codecs
  rowsMax: number
  waitMs: number
  nowMs: () => number
  onWritten: (ranges: readonly OffsetRange[]) => void
  /** The environment is so wrong that only a person can go on. */
  onFailure: (error: unknown) => void
}

/** While a batch is being written the next one may grow to so many times the usual size: a slow database gets fewer, larger ones. */
const GROWTH_MAX = 4
/** Longer than a write takes, and far below the time after which the group gives up a member that does not poll. */
export const SLOW_WRITE_MS = 5_000
const LAST_WRITE_WITHIN_MS = 10_000

/** A batch on its way; resolves with the records that are not written where it was ended. */
type Write = { ended: Promise<SinkRecord[]>; end: AbortController }

export class Lane {
  readonly #options: LaneOptions
  #batch: Batch
  #batchSinceMs = 0
  #write: Write | undefined

  constructor(options: LaneOptions) {
    this.#options = options
    this.#batch = new Batch(options.codecs)
  }

  get rows(): number {
    return this.#batch.rows
  }

  /** How many rows it still takes. */
  get room(): number {
    return Math.max(0, this.#rowsMax - this.#batch.rows)
  }

  get isFull(): boolean {
    return this.#batch.isFull(this.#rowsMax)
  }

  get #rowsMax(): number {
    const { rowsMax } = this.#options
    return this.#write === undefined ? rowsMax : rowsMax * GROWTH_MAX
  }

  /** Throws UnlearnedSchema, and then has taken nothing of the record. */
  add(record: SinkRecord): void {
    if (this.#batch.size === 0) this.#batchSinceMs = this.#options.nowMs()
    this.#batch.add(record)
  }

  writeIfDue(): void {
    const { rowsMax, waitMs, nowMs } = this.#options
    if (this.#write !== undefined || this.#batch.size === 0) return
    if (this.#batch.isFull(rowsMax) || nowMs() - this.#batchSinceMs >= waitMs) this.#startWrite()
  }

  #startWrite(): void {
    const { committer, codecs, nowMs, onWritten, onFailure } = this.#options
    const batch = this.#batch
    const end = new AbortController()
    this.#batch = new Batch(codecs)
    this.#batchSinceMs = nowMs()
    const ended = committer.commit(batch, end.signal).catch((error: unknown) => {
      onFailure(error)
      return batch.records()
    })
    const write: Write = { ended, end }
    this.#write = write
    void ended.then((left) => {
      if (this.#write === write) this.#write = undefined
      if (left.length === 0) onWritten(batch.ranges)
    })
  }

  /** The write that is under way, if there is one. */
  get written(): Promise<unknown> {
    return this.#write?.ended ?? Promise.resolve()
  }

  /** Ends the write that is under way. All that is not written, in its order; it is the lane's no more. */
  async takeBack(): Promise<SinkRecord[]> {
    const left = await this.#halt()
    const records = [...left, ...this.#batch.records()]
    this.#batch = new Batch(this.#options.codecs)
    return records
  }

  /** Their schemas are known by now. */
  giveBack(records: readonly SinkRecord[]): void {
    this.#batch = this.#options.committer.rebuild(records)
  }

  /** What is not written then is read again at the next start. */
  async writeTheRest(): Promise<void> {
    const left = await this.#halt()
    if (left.length > 0) return
    if (this.#batch.size > 0) this.#startWrite()
    if (this.#write !== undefined) await within(this.#write, LAST_WRITE_WITHIN_MS)
  }

  async #halt(): Promise<SinkRecord[]> {
    const write = this.#write
    if (write === undefined) return []
    const left = await within(write, SLOW_WRITE_MS)
    this.#write = undefined
    return left
  }
}

async function within({ ended, end }: Write, ms: number): Promise<SinkRecord[]> {
  const timer = setTimeout(() => end.abort(), ms)
  const left = await ended
  clearTimeout(timer)
  return left
}
