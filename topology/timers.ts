// The pending timers of a task: which key is due next. A binary heap, so that millions of timers cost no scan. A key has
// one timer; setting it anew leaves the old entry in the heap, to be skipped when it comes up.

type Entry = { atMs: number; key: string }

export class Timers {
  #heap: Entry[] = []
  #current = new Map<string, number>()
  /** What each key's timer was before the open transaction, for `revert`. */
  #before = new Map<string, number>()

  get size(): number {
    return this.#current.size
  }

  /** The earliest instant; Infinity: none. */
  get nextMs(): number {
    this.#dropStale()
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Those of a task that starts, in place of what there was. Infinity: no timer. Throws as `timers` does: call it again. */
  start(timers: Iterable<[key: string, atMs: number]>): void {
    this.#heap = []
    this.#current.clear()
    for (const [key, atMs] of timers) this.#put(key, atMs)
  }

  /** Infinity: no timer. */
  set(key: string, atMs: number): void {
    const oldMs = this.#current.get(key) ?? Number.POSITIVE_INFINITY
    if (oldMs === atMs) return
    if (!this.#before.has(key)) this.#before.set(key, oldMs)
    this.#put(key, atMs)
  }

  /** The keys whose timers are at or before `clockMs`, the earliest `most`. They keep their timers: `set` moves them on. */
  due(clockMs: number, most = Number.POSITIVE_INFINITY): string[] {
    const due = new Map<string, Entry>()
    while (due.size < most && this.nextMs <= clockMs) {
      const entry = this.#pop()
      if (entry === undefined) break
      due.set(entry.key, entry)
    }
    for (const entry of due.values()) this.#push(entry)
    return [...due.keys()]
  }

  /** The transaction is committed: what it set is what counts. */
  fold(): void {
    this.#before.clear()
  }

  /** The transaction is aborted: every timer is what it was before. */
  revert(): void {
    for (const [key, atMs] of this.#before) this.#put(key, atMs)
    this.#before.clear()
  }

  #put(key: string, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) {
      this.#current.delete(key)
    } else {
      this.#current.set(key, atMs)
      this.#push({ atMs, key })
    }
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#current.size) this.#rebuild()
  }

  /** Without it, keys that are set over and over (a silence deadline moves with every reading) would fill the heap. */
  #rebuild(): void {
    this.#heap = Array.from(this.#current, ([key, atMs]) => ({ atMs, key })).sort((a, b) => a.atMs - b.atMs)
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#current.get(top.key) === top.atMs) return
      this.#pop()
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Entry
      if (parent.atMs <= entry.atMs) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) this.#sink(last)
    return top
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const left = heap[below]
      if (left === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && right.atMs < left.atMs) below++
      const child = heap[below] as Entry
      if (child.atMs >= entry.atMs) break
      heap[at] = child
      at = below
    }
    heap[at] = entry
  }
}
