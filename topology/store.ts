// The keyed state of one task. Committed values are kept as the changelog has them; keys that were touched also have a
// live object, and those that the open transaction touched are its overlay: an abort drops them, and the next touch
// loads the committed value again.
import type { AnyProcessor } from './define.ts'

/**
 * Live objects kept beside the committed values, so that a busy key is not decoded for every record. One has some 10 KB, and
 * a process may have 36 tasks.
 */
const LIVE_KEYS_MAX = 2_000

export type StateCodec = {
  load(key: string, committed: Buffer | null): unknown
  save(state: unknown): Buffer
}

export class Store {
  // A latin1 string holds one byte a character on V8's own heap. A Buffer would cost 200 bytes more, and a view into
  // the codec's slab would keep the whole slab alive.
  readonly #committed = new Map<string, string>()
  readonly #live = new Map<string, unknown>()
  /** The overlay: touched keys with their changelog value, undefined until `save`. */
  readonly #touched = new Map<string, Buffer | undefined>()
  readonly #codec: StateCodec
  readonly #liveKeysMax: number

  constructor(codec: StateCodec, liveKeysMax = LIVE_KEYS_MAX) {
    this.#codec = codec
    this.#liveKeysMax = liveKeysMax
  }

  get size(): number {
    return this.#committed.size
  }

  keys(): IterableIterator<string> {
    return this.#committed.keys()
  }

  /** Takes a record of the changelog; null deletes the key. */
  restore(key: string, value: Buffer | null): void {
    if (value === null) this.#committed.delete(key)
    else this.#committed.set(key, value.toString('latin1'))
  }

  /** The state, to be changed in place by the open transaction. */
  touch(key: string): unknown {
    if (!this.#touched.has(key)) this.#touched.set(key, undefined)
    const state = this.#live.get(key)
    if (state !== undefined) return state
    return this.#load(key)
  }

  /** The state without putting it into the overlay: for looking only. */
  peek(key: string): unknown {
    return this.#live.get(key) ?? this.#codec.load(key, this.committed(key))
  }

  committed(key: string): Buffer | null {
    const text = this.#committed.get(key)
    return text === undefined ? null : Buffer.from(text, 'latin1')
  }

  /** Its first bytes. */
  beginning(key: string, bytes: number): Buffer {
    return Buffer.from((this.#committed.get(key) ?? '').slice(0, bytes), 'latin1')
  }

  touchedKeys(): string[] {
    return [...this.#touched.keys()]
  }

  /** Encodes the key for the changelog; null where nothing has changed. */
  save(key: string): Buffer | null {
    const value = this.#codec.save(this.#live.get(key))
    if (this.#committed.get(key) === value.toString('latin1')) return null
    this.#touched.set(key, value)
    return value
  }

  /** Makes one key what it was before the transaction and takes it out of the overlay. */
  revertKey(key: string): void {
    this.#live.delete(key)
    this.#touched.delete(key)
  }

  /** The transaction is aborted. */
  revert(): void {
    for (const key of this.#touched.keys()) this.#live.delete(key)
    this.#touched.clear()
  }

  /** The transaction is committed. */
  fold(): void {
    for (const [key, value] of this.#touched) if (value !== undefined) this.restore(key, value)
    this.#touched.clear()
    this.#evict()
  }

  #load(key: string): unknown {
    const state = this.#codec.load(key, this.committed(key))
    this.#live.set(key, state)
    return state
  }

  /** Oldest first. Only between transactions: everything live equals what is committed then. */
  #evict(): void {
    for (const key of this.#live.keys()) {
      if (this.#live.size <= this.#liveKeysMax) return
      this.#live.delete(key)
    }
  }
}

export function stateCodec(
  processor: AnyProcessor,
  changelog: { encode(value: never): Buffer; decode(bytes: Buffer): unknown },
): StateCodec {
  return {
    load: (key, committed) =>
      committed === null ? processor.initial(key) : processor.load(changelog.decode(committed) as never),
    save: (state) => changelog.encode(processor.save(state) as never),
  }
}
