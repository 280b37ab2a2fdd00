// What an open transaction of a task has made: bytes in a few chunks, and by columns where each record lies in them. A backlog's
// transaction makes a hundred thousand records: as objects they would live just long enough to be moved to V8's old generation.
import type { Codec } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { CHUNK_BYTES, giveBack, takeChunk } from './chunks.ts'
import type { OutputRecord } from './records.ts'

/** Columns are emptied by their count, so that the next transaction need not grow them anew; longer ones are let go. */
const KEPT_RECORDS = 65_536
const BY_KEY = -1

export type Made = Pick<OutputRecord, 'topic' | 'key' | 'partition' | 'causeMs'> & {
  /** The key whose processing made it, so that a failure can take it back; null for a dead letter. */
  owner: string | null
}

export class OutputLog {
  #count = 0
  readonly #topics: TopicName[] = []
  readonly #keys: string[] = []
  readonly #owners: (string | null)[] = []
  readonly #partitions: number[] = []
  readonly #causes: number[] = []
  readonly #chunkOf: number[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #chunks: Buffer[] = []
  /** The chunk that is being filled, and up to where. */
  #open = 0
  #used = 0

  get count(): number {
    return this.#count
  }

  /** Encoded at once: the processor may go on to change what it emitted. Throws as `encode`, with nothing added. */
  add<T>({ topic, key, partition, causeMs, owner }: Made, codec: Codec<T>, value: T): void {
    const to = this.#write(codec, value)
    const at = this.#count++
    this.#topics[at] = topic
    this.#keys[at] = key
    this.#owners[at] = owner
    this.#partitions[at] = partition ?? BY_KEY
    this.#causes[at] = causeMs
    this.#chunkOf[at] = this.#open
    this.#from[at] = this.#used
    this.#to[at] = to
    this.#used = to
  }

  topicAt(at: number): TopicName {
    return this.#topics[at] as TopicName
  }

  keyAt(at: number): string {
    return this.#keys[at] as string
  }

  /** null: by the key. */
  partitionAt(at: number): number | null {
    const partition = this.#partitions[at] as number
    return partition === BY_KEY ? null : partition
  }

  causeAt(at: number): number {
    return this.#causes[at] as number
  }

  /** A view, until the log is cleared or truncated. */
  valueAt(at: number): Buffer {
    const chunk = this.#chunks[this.#chunkOf[at] as number] as Buffer
    return chunk.subarray(this.#from[at], this.#to[at])
  }

  /** Its `value` is a view, until the log is cleared or truncated. */
  at(at: number): OutputRecord {
    return {
      topic: this.topicAt(at),
      key: this.keyAt(at),
      value: this.valueAt(at),
      partition: this.partitionAt(at),
      causeMs: this.causeAt(at),
    }
  }

  /** All of them; only for those who have few. */
  *records(): Generator<OutputRecord> {
    for (let at = 0; at < this.#count; at++) yield this.at(at)
  }

  /** Takes back what was added since `count` was this. */
  truncate(count: number): void {
    if (count >= this.#count) return
    this.#open = this.#chunkOf[count] as number
    this.#used = this.#from[count] as number
    this.#count = count
  }

  /** Takes back what one key's processing made. Only after a failure: it walks them all. */
  dropOf(owner: string): void {
    const columns = this.#columns()
    let kept = 0
    for (let at = 0; at < this.#count; at++) {
      if (this.#owners[at] === owner) continue
      for (const column of columns) column[kept] = column[at]
      kept++
    }
    // What is kept may lie behind what is dropped: the chunks stay as they are.
    this.#count = kept
  }

  clear(): void {
    for (const chunk of this.#chunks.splice(0)) giveBack(chunk)
    this.#open = 0
    this.#used = 0
    if (this.#count > KEPT_RECORDS) for (const column of this.#columns()) column.length = 0
    this.#count = 0
  }

  #columns(): unknown[][] {
    return [
      ...[this.#topics, this.#keys, this.#owners, this.#partitions],
      ...[this.#causes, this.#chunkOf, this.#from, this.#to],
    ]
  }

  /** Returns where the value ends that begins at `#used` of the open chunk. */
  #write<T>(codec: Codec<T>, value: T): number {
    for (;;) {
      const chunk = this.#chunks[this.#open]
      if (chunk === undefined) {
        this.#chunks.push(takeChunk())
        continue
      }
      const end = codec.encodeAt(value, chunk, this.#used)
      if (end >= 0) return end
      this.#makeRoom(chunk, -end)
    }
  }

  /** The next chunk; where a value is longer than one, a chunk of its own. */
  #makeRoom(chunk: Buffer, missingBytes: number): void {
    if (this.#used > 0) {
      this.#open++
      this.#used = 0
      return
    }
    giveBack(chunk)
    this.#chunks[this.#open] = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, chunk.length) + missingBytes)
  }
}
