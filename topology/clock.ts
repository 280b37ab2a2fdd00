// A task's clock: the instant up to which its timers may fire. It never goes back.
//
// It moves in two ways, and plain stream time, which runs ahead of the slower source partitions and invents silences,
// is neither of them:
// - Event time, only in a stage that reads a source: everything before the newest event of its one partition has come.
// - A mark: "the clock may be `clockMs` once the stream is read up to `offset`". `clockMs` is taken first, the stream's
//   end afterwards, so what belongs before `clockMs` lies before `offset`. A source's marks carry the wall clock (or, in
//   a replay, the highest event time known); another stage's marks carry the lowest clock of all tasks that feed it.
// So while a task is behind, its marks wait and the wall clock cannot storm its timers; once it has caught up they are
// reached at once, and fire timers also where nothing ever arrives.

/** With one mark each 250 ms, a task may be this many of them behind; further ones wait for room. */
const MARKS_MAX = 1_024

type Mark = { clockMs: number; offset: number }

export class TaskClock {
  #ms: number
  #marks: Mark[] = []
  #endOffset = Number.POSITIVE_INFINITY
  #position = 0

  /** `persistedMs`: what the task published before it was started; 0 without. */
  constructor(persistedMs = 0) {
    this.#ms = persistedMs
  }

  get ms(): number {
    return this.#ms
  }

  /** Whether the stream was read to the end that was last seen. */
  get caughtUp(): boolean {
    return this.#position >= this.#endOffset
  }

  /** Whether the stream's end has been looked up. */
  get isEndKnown(): boolean {
    return Number.isFinite(this.#endOffset)
  }

  /** Records of the stream that are still to be read, as far as is known. */
  get lag(): number {
    return this.isEndKnown ? Math.max(0, this.#endOffset - this.#position) : 0
  }

  /**
   * An event of the source partition. Others may carry the same instant, hence the millisecond; `limitMs` (the wall
   * clock) keeps a sensor with a fast clock from moving its neighbours' time ahead.
   */
  sawEvent(eventTimeMs: number, limitMs: number): void {
    this.#advance(Math.min(eventTimeMs - 1, limitMs))
  }

  mark(clockMs: number, endOffset: number): void {
    this.#endOffset = endOffset
    if (clockMs > this.#ms && this.#marks.length < MARKS_MAX) this.#marks.push({ clockMs, offset: endOffset })
    this.#passMarks()
  }

  /** Everything of the stream before `offset` has been handled. */
  readTo(offset: number): void {
    this.#position = Math.max(this.#position, offset)
    this.#passMarks()
  }

  /** After an aborted transaction its records are handled again; a clock that has moved stays. */
  #passMarks(): void {
    let passed = 0
    for (const mark of this.#marks) {
      if (mark.offset > this.#position) break
      this.#advance(mark.clockMs)
      passed++
    }
    if (passed > 0) this.#marks.splice(0, passed)
  }

  #advance(ms: number): void {
    if (ms > this.#ms) this.#ms = ms
  }
}
