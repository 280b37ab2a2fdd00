// Warm copies of the states that other processes have (STANDBY). A partition that moves here is then restored from where its
// copy stands, and not from the beginning of its changelog. A copy is a task that has not been started: it holds the
// committed bytes of each key and nothing else.
import type { Stage } from './define.ts'
import { Task } from './engine.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import { SideReader } from './side-reader.ts'

/** What librdkafka calls the first offset of a partition. */
const BEGINNING = -2

export type CopyStatus = {
  stage: string
  partition: number
  keys: number
  /** The next offset of the changelog. */
  offset: number
  /** Whether it has been read to its end once. */
  isWarm: boolean
}

/** `isOpen`: not after it was taken, though a read of it may be under way. */
type Copy = { task: Task; isOpen: boolean; isWarm: boolean }

export class Standby {
  readonly #options: RuntimeOptions
  readonly #reader: SideReader
  readonly #copies = new Map<string, Copy>()

  private constructor(options: RuntimeOptions, reader: SideReader) {
    this.#options = options
    this.#reader = reader
  }

  static async open(options: RuntimeOptions, onFailure: (error: unknown) => void): Promise<Standby> {
    return new Standby(options, await SideReader.open(options.settings.reader, onFailure))
  }

  /** Copies all that this process does not have itself. */
  follow(own: readonly { task: Task }[]): void {
    const ours = new Set(own.map(({ task }) => idOf(task.stage, task.partition)))
    for (const stage of this.#options.topology.stages)
      for (let partition = 0; partition < this.#options.partitionsOf(stage.changelog); partition++)
        if (!ours.has(idOf(stage, partition))) this.#copy(stage, partition)
  }

  /** Hands over the copy of the partition, as far as it has come; null: there is none. */
  take(stage: Stage, partition: number): Task | null {
    const copy = this.#copies.get(idOf(stage, partition))
    if (copy === undefined) return null
    copy.isOpen = false
    this.#copies.delete(idOf(stage, partition))
    this.#reader.unfollow([{ topic: this.#options.topicOf(stage.changelog), partition }])
    return copy.task
  }

  status(): CopyStatus[] {
    return Array.from(this.#copies.values(), ({ task, isWarm }) => ({
      stage: task.stage.name,
      partition: task.partition,
      keys: task.keys,
      offset: task.restoredTo,
      isWarm,
    }))
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  #copy(stage: Stage, partition: number): void {
    if (this.#copies.has(idOf(stage, partition))) return
    const { codecs, nowMs, topicOf } = this.#options
    const copy = { task: new Task(stage, partition, codecs, nowMs), isOpen: true, isWarm: false }
    this.#copies.set(idOf(stage, partition), copy)
    this.#reader.follow(
      { topic: topicOf(stage.changelog), partition, offset: BEGINNING },
      {
        onMessage: ({ key, value, offset }) => {
          if (!copy.isOpen) return
          if (key != null) copy.task.restore(key.toString(), value)
          copy.task.restoredTo = offset + 1
        },
        onEnd: (offset) => {
          if (!copy.isOpen) return
          copy.task.restoredTo = offset
          copy.isWarm = true
        },
        fill: () => 0,
      },
    )
  }
}

const idOf = (stage: Stage, partition: number): string => `${stage.name}/${partition}`
