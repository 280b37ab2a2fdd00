// Keeps the clocks of a process's tasks: reads what all tasks of all processes have said of theirs, and sets the marks.
import { setTimeout as sleep } from 'node:timers/promises'
import { UnlearnedSchema } from '../schemas/codec.ts'
import type { ClockBoard } from './clock-board.ts'
import { type Consumer, insist } from './kafka-clients.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import type { SideReader } from './side-reader.ts'
import type { TaskSlot } from './task-slot.ts'

/** How often the ends of the streams are looked up. */
const MARK_EVERY_MS = 250

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
    const [first = 0] = await insist(() => offsets.startOffsets([partition]), isWanted)
    const [end = 0] = await insist(() => offsets.endOffsets([partition]), isWanted)
    let readTo = first
    const follower = {
      onMessage: ({ offset, value }: { offset: number; value: Buffer | null }) => {
        readTo = offset + 1
        if (value !== null) this.#post(value, offset < end ? undefined : performance.now()).catch(fail)
      },
      onEnd: (offset: number) => {
        readTo = offset
      },
      isFull: () => false,
    }
    side.follow({ ...partition, offset: first }, follower)
    while (readTo < end && isWanted()) await sleep(10)
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
