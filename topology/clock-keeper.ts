// Keeps the clocks of a process's tasks: reads what all tasks of all processes have said of theirs, and sets the marks.
import { setTimeout as sleep } from 'node:timers/promises'
import { UnlearnedSchema } from '../schemas/codec.ts'
import type { ClockBoard } from './clock-board.ts'
import { type Consumer, insist, NeverAnswered } from './kafka-clients.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import type { SideReader } from './side-reader.ts'
import type { TaskSlot } from './task-slot.ts'

/** How often the ends of the streams are looked up. */
const MARK_EVERY_MS = 250
/** A reader that gives nothing of the clocks that were told before for so long will not give it any more. */
const FOLLOW_WITHIN_MS = 60_000

type Keeping = {
  options: RuntimeOptions
  board: ClockBoard
  offsets: Consumer
  side: SideReader
  isWanted: () => boolean
  fail: (error: unknown) => void
}

export class ClockKeeper {
  readonly #keeping: Keeping
  #lastMarkMs = 0
  #isMarking = false

  constructor(keeping: Keeping) {
    this.#keeping = keeping
  }

  /** Returns once everything that was said before has been read: restarted tasks begin with their last clocks. */
  async follow(): Promise<void> {
    const { offsets, side, options, isWanted, fail } = this.#keeping
    const partition = { topic: options.topicOf('watermarks'), partition: 0 }
    const report = (error: unknown) =>
      options.log.warn({ err: error }, 'Kafka does not tell where the watermarks are: tries again')
    const [first = 0] = await insist(() => offsets.startOffsets([partition]), isWanted, report)
    const [end = 0] = await insist(() => offsets.endOffsets([partition]), isWanted, report)
    let readTo = first
    const follower = {
      onMessage: ({ offset, value }: { offset: number; value: Buffer | null }) => {
        readTo = offset + 1
        if (value !== null) this.#post(value, offset < end ? undefined : performance.now()).catch(fail)
      },
      onEnd: (offset: number) => {
        readTo = offset
      },
      fill: () => 0,
    }
    side.follow({ ...partition, offset: first }, follower)
    let seen = { readTo, atMs: performance.now() }
    while (readTo < end && isWanted()) {
      await sleep(10)
      if (readTo > seen.readTo) seen = { readTo, atMs: performance.now() }
      if (performance.now() - seen.atMs > FOLLOW_WITHIN_MS)
        throw new Error(`The watermarks end at ${end}, and nothing comes after ${readTo}.`)
    }
  }

  async #post(value: Buffer, heardMs: number | undefined): Promise<void> {
    const { codecs } = this.#keeping.options
    try {
      this.#keeping.board.post(codecs.of('watermarks').decode(value), heardMs)
    } catch (error) {
      if (!(error instanceof UnlearnedSchema)) throw error
      await codecs.learn('watermarks', error.schemaId)
      await this.#post(value, heardMs)
    }
  }

  /** Sets marks, if it is time. Does not wait: a task's mark counts from when the answer is there. */
  mark(slots: readonly TaskSlot[]): void {
    const nowMs = performance.now()
    if (this.#isMarking || slots.length === 0 || nowMs - this.#lastMarkMs < MARK_EVERY_MS) return
    this.#lastMarkMs = nowMs
    this.#isMarking = true
    this.#mark(slots)
      .catch((error) => {
        this.#keeping.options.log.warn(
          { err: error },
          'The ends of the streams cannot be looked up: clocks wait',
        )
        // No time-out of Kafka's, which ends by itself: this client will not answer any more.
        if (error instanceof NeverAnswered) this.#keeping.fail(error)
      })
      .finally(() => {
        this.#isMarking = false
      })
  }

  /** Each task's mark is taken first, the end of its stream afterwards: see clock.ts. */
  async #mark(slots: readonly TaskSlot[]): Promise<void> {
    const { options, board, offsets } = this.#keeping
    const { topicOf, clock } = options
    const askedMs = options.nowMs()
    const marks = slots.map(({ task }) => board.markFor(task.stage, clock, askedMs))
    const ends = await offsets.endOffsets(
      slots.map(({ task }) => ({ topic: topicOf(task.stage.carrier), partition: task.partition })),
    )
    slots.forEach((slot, i) => {
      const [mark, end] = [marks[i], ends[i]]
      if (mark === undefined || end === undefined) return
      slot.clock.mark(mark, end)
      slot.endAskedMs = askedMs
    })
  }
}
