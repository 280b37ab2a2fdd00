// The tasks of a process, by the partition that each follows.
import type { TopicPartition } from 'node-rdkafka'
import { fillOf, staysPaused } from './back-pressure.ts'
import type { TaskSlot } from './task-slot.ts'

export class Slots {
  /** By the stream's name on the broker, then by partition: looked up for every message. */
  readonly #slots = new Map<string, (TaskSlot | undefined)[]>()

  of({ topic, partition }: TopicPartition): TaskSlot | undefined {
    return this.#slots.get(topic)?.[partition]
  }

  add({ topic, partition }: TopicPartition, slot: TaskSlot): void {
    const slots = this.#slots.get(topic) ?? []
    slots[partition] = slot
    this.#slots.set(topic, slots)
  }

  remove({ topic, partition }: TopicPartition): void {
    const slots = this.#slots.get(topic)
    if (slots) slots[partition] = undefined
  }

  all(): TaskSlot[] {
    return [...this.#slots.values()].flatMap((slots) => slots.filter((slot) => slot !== undefined))
  }

  active(): TaskSlot[] {
    return this.all().filter((slot) => slot.isActive)
  }

  running(): TaskSlot[] {
    return this.all().filter((slot) => slot.phase === 'running')
  }

  /** Records of the open transaction. */
  taken(): number {
    return this.active().reduce((sum, { task }) => sum + task.takenRecords, 0)
  }

  /** Records that could be taken, as far as is known: not those of a task that waits for the registry, or has lost its turn. */
  waiting(nowMs: number): number {
    const able = this.active().filter((slot) => slot.isAwaited && slot.blockedUntilMs <= nowMs)
    return able.reduce((sum, { clock }) => sum + clock.lag, 0)
  }

  /** Whose stream is to be paused, and whose read again. A task that is not yet running takes nothing of its stream. */
  regulate(): { paused: TaskSlot[]; resumed: TaskSlot[] } {
    const all = this.all()
    const crowd = all.reduce((sum, slot) => sum + fillOf(slot, 1), 0)
    const changed = all.filter((slot) => {
      const isFull = staysPaused(fillOf(slot, all.length), slot.isPaused, crowd)
      const isPaused = slot.phase !== 'running' || isFull
      if (isPaused === slot.isPaused) return false
      slot.isPaused = isPaused
      return true
    })
    return {
      paused: changed.filter((slot) => slot.isPaused),
      resumed: changed.filter((slot) => !slot.isPaused),
    }
  }
}
