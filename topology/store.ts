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

export class Store {
  readonly #committed = new StateBytes()
  readonly #live = new Map<string, unknown>()
  /** The overlay's keys. */
  readonly #touched = new Set<string>()
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
    this.#touched.add(key)
    const state = this.#live.get(key)
    if (state !== undefined) return state
    const loaded = this.#load(key, this.committed(key))
    this.#live.set(key, loaded)
    return loaded
  }

  /** The state without putting it into the overlay: for looking only. */
  peek(key: string): unknown {
    return this.#live.get(key) ?? this.#load(key, this.committed(key))
  }

  /** As the changelog has it: a view, until something is restored. */
  committed(key: string): Buffer | null {
    return this.#committed.get(key)
  }

  touchedKeys(): string[] {
    return [...this.#touched]
  }

  /** Makes one key what it was before the transaction and takes it out of the overlay. */
  revertKey(key: string): void {
    this.#live.delete(key)
    this.#touched.delete(key)
  }

  /** The transaction is aborted. */
  revert(): void {
    for (const key of this.#touched) this.#live.delete(key)
    this.#touched.clear()
  }

  /** The transaction is committed, and what it changed has been restored. */
  fold(): void {
    this.#touched.clear()
    this.#evict()
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
