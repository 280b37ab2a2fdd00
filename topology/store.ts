// The keyed state of one task. Committed values are kept as the changelog has them; keys that were touched also have a
// live object, and those that the open transaction touched are its overlay: an abort drops them, and the next touch
// loads the committed value again.
import type { AnyProcessor } from './define.ts'
import { StateBytes } from './state-bytes.ts'

/**
 * Live objects kept beside the committed values, so that a busy key is not decoded for every record. One has some 10 KB, and
 * a process may have 36 tasks.
 */
const LIVE_KEYS_MAX = 2_000

export type StateLoader = (key: string, committed: Buffer | null) => unknown

/** It says itself whether it is in the overlay: each record asks, and would look its key up a second time. */
type Live = { readonly key: string; readonly state: unknown; isTouched: boolean }

export class Store {
  readonly #committed = new StateBytes()
  readonly #live = new Map<string, Live>()
  /** The overlay, and what has been taken out of it again. */
  readonly #touched: Live[] = []
  readonly #load: StateLoader
  readonly #liveKeysMax: number

  constructor(load: StateLoader, liveKeysMax = LIVE_KEYS_MAX) {
    this.#load = load
    this.#liveKeysMax = liveKeysMax
  }

  get size(): number {
    return this.#committed.size
  }

  /** As the changelog has them: each value is a view, until something is restored. */
  entries(): Iterable<[key: string, committed: Buffer]> {
    return this.#committed.entries()
  }

  /** Takes a record of the changelog, or what a transaction has committed of one; null deletes the key. */
  restore(key: string, value: Buffer | null): void {
    if (value === null) this.#committed.delete(key)
    else this.#committed.set(key, value)
  }

  /** The state, to be changed in place by the open transaction. */
  touch(key: string): unknown {
    const live = this.#live.get(key) ?? this.#revive(key)
    if (!live.isTouched) {
      live.isTouched = true
      this.#touched.push(live)
    }
    return live.state
  }

  /** The state without putting it into the overlay: for looking only. */
  peek(key: string): unknown {
    return this.#live.get(key)?.state ?? this.#load(key, this.committed(key))
  }

  /** As the changelog has it: a view, until something is restored. */
  committed(key: string): Buffer | null {
    return this.#committed.get(key)
  }

  touchedKeys(): string[] {
    return this.#touched.filter(({ isTouched }) => isTouched).map(({ key }) => key)
  }

  /** Makes one key what it was before the transaction and takes it out of the overlay. */
  revertKey(key: string): void {
    const live = this.#live.get(key)
    if (live === undefined) return
    live.isTouched = false
    this.#live.delete(key)
  }

  /** The transaction is aborted. */
  revert(): void {
    for (const { key, isTouched } of this.#touched) if (isTouched) this.#live.delete(key)
    this.#touched.length = 0
  }

  /** The transaction is committed, and what it changed has been restored. */
  fold(): void {
    for (const live of this.#touched) live.isTouched = false
    this.#touched.length = 0
    this.#evict()
  }

  #revive(key: string): Live {
    const live = { key, state: this.#load(key, this.committed(key)), isTouched: false }
    this.#live.set(key, live)
    return live
  }

  /** Oldest first. Only between transactions: everything live equals what is committed then. */
  #evict(): void {
    for (const key of this.#live.keys()) {
      if (this.#live.size <= this.#liveKeysMax) return
      this.#live.delete(key)
    }
  }
}

export const stateLoader =
  (processor: AnyProcessor, changelog: { decode(bytes: Buffer): unknown }): StateLoader =>
  (key, committed) =>
    committed === null ? processor.initial(key) : processor.load(changelog.decode(committed) as never)
