// One topic's events: the last of them, kept for those who come back with a cursor, and the subscribers, told of each new one.
import { refusal } from '../errors.ts'
import { type LiveEvent, type LiveField, type LiveTopic, liveFields } from './events.ts'
import { cursorOf, type Position, positionOf } from './position.ts'

export type Subscriber = {
  /** What it asked for, as `keysOf` an event names it. */
  readonly keys: readonly string[]
  /** Whether it may have this one, of those it asked for. */
  wants(event: LiveEvent): boolean
  /** `event` with `cursor`: the same object for all who are told of it at once. */
  take(row: object): void
  /** Resolves once it can take more; false: it is gone. */
  hasRoom(): Promise<boolean>
  /** Nothing more will come. */
  end(reason: Error): void
}

export type Kept = { ms: number; eventsMax: number }

const EVERYTHING = '*'
/** Another process may have read a little further than this one. */
const AHEAD_MS = 5_000
const AHEAD_POLL_MS = 20
/** Evicted events leave their array many at a time. */
const COMPACT_FROM = 1_000

type SiteOf = (unitId: string) => string | undefined

export const everything: readonly string[] = [EVERYTHING]
export const ofUnit = (id: string): string => `unit ${id}`
export const ofSite = (id: string): string => `site ${id}`
export const ofOrganization = (id: string): string => `organization ${id}`

export class Feed {
  readonly field: LiveField
  readonly #siteOf: SiteOf
  readonly #kept: Kept
  #events: LiveEvent[] = []
  #evicted = 0
  /** The number of `#events[#evicted]` in the order in which they came. */
  #first = 0
  /** From here on everything is kept. */
  #from: number[] = []
  #next: number[] = []
  readonly #subscribers = new Map<string, Set<Subscriber>>()

  constructor(topic: LiveTopic, siteOf: SiteOf, kept: Kept) {
    this.field = liveFields[topic]
    this.#siteOf = siteOf
    this.#kept = kept
  }

  /** Everything from `from` on will be pushed. */
  begin(from: Position): void {
    this.#events = []
    this.#evicted = 0
    this.#from = [...from]
    this.#next = [...from]
  }

  /** Whoever comes back with his cursor misses nothing. */
  end(reason: Error): void {
    const all = new Set([...this.#subscribers.values()].flatMap((there) => [...there]))
    this.#subscribers.clear()
    for (const subscriber of all) subscriber.end(reason)
  }

  push(event: LiveEvent): void {
    this.#events.push(event)
    this.#next[event.partition] = event.offset + 1
    this.#evict(event.writtenMs)
    if (this.#subscribers.size === 0) return
    const row = this.#rowOf(event, this.#next)
    for (const key of this.#keysOf(event))
      for (const subscriber of this.#subscribers.get(key) ?? [])
        if (subscriber.wants(event)) subscriber.take(row)
  }

  #keysOf({ unitId, organizationId }: LiveEvent): string[] {
    const site = this.#siteOf(unitId)
    const keys = [EVERYTHING, ofOrganization(organizationId), ofUnit(unitId)]
    return site === undefined ? keys : [...keys, ofSite(site)]
  }

  /** Its cursor is made where it is asked for; it must be asked for before the next event is pushed. */
  #rowOf(event: LiveEvent, position: Position): object {
    let cursor: string | undefined
    return {
      ...event.row,
      cursor: () => {
        cursor ??= cursorOf(this.field, position)
        return cursor
      },
    }
  }

  #evict(nowMs: number): void {
    const { ms, eventsMax } = this.#kept
    for (;;) {
      const oldest = this.#events[this.#evicted]
      const count = this.#events.length - this.#evicted
      if (oldest === undefined || (count <= eventsMax && oldest.writtenMs >= nowMs - ms)) break
      this.#from[oldest.partition] = oldest.offset + 1
      this.#evicted++
      this.#first++
    }
    if (this.#evicted < COMPACT_FROM || this.#evicted < this.#events.length / 2) return
    this.#events.splice(0, this.#evicted)
    this.#evicted = 0
  }

  /** From the next event on, or from a cursor on; until the returned function is called. Rejects with a refusal. */
  async subscribe(subscriber: Subscriber, after: string | null): Promise<() => void> {
    return after === null
      ? this.#attach(subscriber)
      : this.#replay(subscriber, await this.#positionBehind(after))
  }

  #attach(subscriber: Subscriber): () => void {
    for (const key of subscriber.keys) {
      const there = this.#subscribers.get(key) ?? new Set()
      this.#subscribers.set(key, there.add(subscriber))
    }
    return () => {
      for (const key of subscriber.keys) {
        const there = this.#subscribers.get(key)
        if (there?.delete(subscriber) && there.size === 0) this.#subscribers.delete(key)
      }
    }
  }

  async #positionBehind(cursor: string): Promise<number[]> {
    const position = positionOf(this.field, cursor, this.#next.length)
    if (position.some((offset, partition) => offset < (this.#from[partition] ?? 0)))
      throw refusal('CURSOR_TOO_OLD', 'What came after this cursor is not all kept any more.')
    const isAhead = () => position.some((offset, partition) => offset > (this.#next[partition] ?? 0))
    for (let waitedMs = 0; isAhead(); waitedMs += AHEAD_POLL_MS) {
      if (waitedMs >= AHEAD_MS)
        throw refusal('BAD_CURSOR', 'This cursor is ahead of all events: its topics were made anew.')
      await new Promise((resolve) => setTimeout(resolve, AHEAD_POLL_MS))
    }
    return [...position]
  }

  /**
   * Hands over what is kept, at the subscriber's pace. At its end nothing is waited for: the next event must find the
   * subscriber attached.
   */
  async #replay(subscriber: Subscriber, position: number[]): Promise<() => void> {
    const keys = new Set(subscriber.keys)
    for (let number = this.#first; ; number++) {
      if (number < this.#first) throw refusal('CURSOR_TOO_OLD', 'Events came faster than they were taken.')
      const event = this.#events[this.#evicted + number - this.#first]
      if (event === undefined) return this.#attach(subscriber)
      const { partition, offset } = event
      if (offset < (position[partition] ?? 0)) continue
      position[partition] = offset + 1
      if (!subscriber.wants(event) || !this.#keysOf(event).some((key) => keys.has(key))) continue
      subscriber.take(this.#rowOf(event, [...position]))
      if (!(await subscriber.hasRoom())) return () => {}
    }
  }
}
