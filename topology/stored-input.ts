// Records that were read in bulk, as the engine takes them: they lie where the broker's batch has them.
import type { TopicName } from '../schemas/topics.ts'
import type { Bulk, StoredRecord } from './bulk.ts'
import type { InputRecord } from './records.ts'

/** What the records of one partition have in common. */
export type StoredSource = { topic: TopicName; partition: number; headersIn: Bulk['headersIn'] }

export class StoredInput implements InputRecord {
  readonly offset: number
  readonly writtenMs: number
  readonly #source: StoredSource
  readonly #bytes: Buffer
  readonly #keyFrom: number
  readonly #keyTo: number
  readonly #valueFrom: number
  readonly #valueTo: number
  readonly #headersFrom: number

  /** Of a view whose bytes stay. */
  constructor(source: StoredSource, view: StoredRecord) {
    this.offset = view.offset
    this.writtenMs = view.writtenMs
    this.#source = source
    this.#bytes = view.bytes
    this.#keyFrom = view.keyFrom
    this.#keyTo = view.keyTo
    this.#valueFrom = view.valueFrom
    this.#valueTo = view.valueTo
    this.#headersFrom = view.headersFrom
  }

  get topic(): TopicName {
    return this.#source.topic
  }

  get partition(): number {
    return this.#source.partition
  }

  get bytes(): number {
    return Math.max(0, this.#keyTo - this.#keyFrom) + Math.max(0, this.#valueTo - this.#valueFrom)
  }

  get key(): Buffer | null {
    return this.#keyTo < this.#keyFrom ? null : this.#bytes.subarray(this.#keyFrom, this.#keyTo)
  }

  get value(): Buffer | null {
    return this.#valueTo < this.#valueFrom ? null : this.#bytes.subarray(this.#valueFrom, this.#valueTo)
  }

  headers(): Record<string, string> {
    return this.#source.headersIn(this.#bytes, this.#headersFrom)
  }
}
