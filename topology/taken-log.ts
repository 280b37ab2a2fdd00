// What an open transaction of a task has taken, by columns: it is kept for an abort, and for the search after a failure.
import type { InputRecord } from './records.ts'

/** In place of both ends: the record is no batch. */
export const WHOLE = -1

/**
 * A record of Kafka, or one of many that the batch `source` carries: then `from` and `to` say where its value lies in that, once
 * its schema is ours. `key` is null where it became a dead letter.
 */
export type Taken = { source: InputRecord; key: string | null; from: number; to: number }

/** Longer columns are let go after their transaction. */
const KEPT_RECORDS = 65_536

export class TakenLog {
  #count = 0
  readonly #sources: (InputRecord | null)[] = []
  readonly #keys: (string | null)[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  get count(): number {
    return this.#count
  }

  add(source: InputRecord, key: string | null, from: number, to: number): void {
    const at = this.#count++
    this.#sources[at] = source
    this.#keys[at] = key
    this.#from[at] = from
    this.#to[at] = to
  }

  at(at: number): Taken {
    const [from, to] = [this.#from[at] as number, this.#to[at] as number]
    return { source: this.#sources[at] as InputRecord, key: this.#keys[at] as string | null, from, to }
  }

  /** The places of a key's records that are no dead letters. */
  placesOf(key: string): number[] {
    const places: number[] = []
    for (let at = 0; at < this.#count; at++) if (this.#keys[at] === key) places.push(at)
    return places
  }

  /** It has become a dead letter. */
  refuse(at: number): void {
    this.#keys[at] = null
  }

  /** The records, in their order: what one carried was taken in one go. */
  sources(): InputRecord[] {
    const sources: InputRecord[] = []
    for (let at = 0; at < this.#count; at++) {
      const source = this.#sources[at] as InputRecord
      if (source !== sources.at(-1)) sources.push(source)
    }
    return sources
  }

  clear(): void {
    if (this.#count > KEPT_RECORDS)
      for (const column of [this.#sources, this.#keys, this.#from, this.#to]) column.length = 0
    // What is let go must not be held until as much comes again; the column itself is kept, which would grow anew each time.
    else this.#sources.fill(null, 0, this.#count)
    this.#count = 0
  }
}
