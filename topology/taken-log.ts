// What an open transaction of a task has taken, by columns: it is kept for an abort, and for the search after a failure.
import type { TopicName } from '../schemas/topics.ts'
import type { Carried } from './carrier.ts'
import type { InputRecord } from './records.ts'

/**
 * A record of `source`'s topic, or one of many that `source` carries: then `carried` says where it lies in it. `key` is null
 * where it became a dead letter.
 */
export type Taken = { source: InputRecord; topic: TopicName; carried: Carried | null; key: string | null }

/** Longer columns are let go after their transaction. */
const KEPT_RECORDS = 65_536

export class TakenLog {
  #count = 0
  readonly #sources: InputRecord[] = []
  readonly #topics: TopicName[] = []
  readonly #keys: (string | null)[] = []
  readonly #carrying: (Buffer | null)[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  get count(): number {
    return this.#count
  }

  add({ source, topic, carried, key }: Taken): void {
    const at = this.#count++
    this.#sources[at] = source
    this.#topics[at] = topic
    this.#keys[at] = key
    this.#carrying[at] = carried === null ? null : carried.bytes
    this.#from[at] = carried === null ? 0 : carried.from
    this.#to[at] = carried === null ? 0 : carried.to
  }

  at(at: number): Taken {
    const [key, bytes] = [this.#keys[at] as string | null, this.#carrying[at] as Buffer | null]
    const [from, to] = [this.#from[at] as number, this.#to[at] as number]
    const carried = bytes === null || key === null ? null : { key, bytes, from, to }
    return { source: this.#sources[at] as InputRecord, topic: this.#topics[at] as TopicName, carried, key }
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
    // What is let go must not be held by the columns until as much comes again.
    this.#sources.length = 0
    this.#carrying.length = 0
    if (this.#count > KEPT_RECORDS)
      for (const column of [this.#topics, this.#keys, this.#from, this.#to]) column.length = 0
    this.#count = 0
  }
}
