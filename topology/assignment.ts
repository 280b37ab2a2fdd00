// Which partitions this process has: makes a task of each that the group gives to it, and lets go of those that it takes.
import type { TopicPartition } from 'node-rdkafka'
import type { Committer } from './committer.ts'
import type { Stage } from './define.ts'
import { Task } from './engine.ts'
import { type Preparation, prepare } from './preparation.ts'
import type { Slots } from './slots.ts'
import type { Standby } from './standby.ts'
import type { StreamReader } from './stream-reader.ts'
import { TaskSlot } from './task-slot.ts'

export type Rebalance = { kind: 'assign' | 'revoke'; partitions: TopicPartition[] }

export type AssignmentSetup = Preparation & {
  standby: Standby | null
  streams: StreamReader
  slots: Slots
  committer: Committer
  fail: (error: unknown) => void
}

export class Assignment {
  readonly #setup: AssignmentSetup
  readonly #stages: Map<string, Stage>
  /** Whether the group has said once what this process has. */
  isMember = false

  constructor(setup: AssignmentSetup) {
    const { topology, topicOf } = setup.options
    this.#setup = setup
    this.#stages = new Map(topology.stages.map((stage) => [topicOf(stage.carrier), stage]))
  }

  /** What a process follows as a member of the group. */
  get streams(): string[] {
    return [...this.#stages.keys()]
  }

  /** Between two reads: nothing of an earlier assignment is under way. */
  async change({ kind, partitions }: Rebalance): Promise<void> {
    const { options, standby, slots } = this.#setup
    options.log.info(
      { partitions: partitions.length },
      kind === 'assign' ? 'Partitions given' : 'Partitions taken',
    )
    this.isMember = true
    if (kind === 'assign') this.#assign(partitions)
    else await this.#revoke(partitions)
    standby?.follow(slots.all())
  }

  /** While the group is being left, what it asks is answered at once: without an answer, leaving would wait for ever. */
  release({ kind, partitions }: Rebalance): void {
    const { client } = this.#setup.group
    try {
      if (kind === 'revoke') client.incrementalUnassign(partitions)
      else client.incrementalAssign(partitions)
    } catch (error) {
      // Too late to matter: the client is closed, and with it the membership.
      this.#setup.options.log.info(
        { err: error, kind },
        'The group was left before its question was answered',
      )
    }
  }

  #assign(partitions: TopicPartition[]): void {
    const { group, fail } = this.#setup
    group.client.incrementalAssign(partitions)
    if (partitions.length === 0) return
    group.client.pause(partitions)
    const slots = partitions.map((partition) => this.#makeSlot(partition))
    prepare(slots, this.#setup).catch(fail)
  }

  #makeSlot({ topic, partition }: TopicPartition): TaskSlot {
    const stage = this.#stages.get(topic)
    if (stage === undefined) throw new Error(`The group gave a partition of ${topic}, which no stage reads.`)
    const { options, standby, slots } = this.#setup
    const copy = standby?.take(stage, partition)
    const slot = new TaskSlot(copy ?? new Task(stage, partition, options.codecs, options.nowMs))
    slots.add({ topic, partition }, slot)
    return slot
  }

  /** What they have taken is committed first, so that the next owner need not take it again. */
  async #revoke(partitions: TopicPartition[]): Promise<void> {
    const { options, side, slots: all, committer, group, streams } = this.#setup
    const slots = partitions.flatMap((partition) => all.of(partition) ?? [])
    await committer.commit(slots.filter((slot) => slot.isActive))
    for (const slot of slots) {
      slot.phase = 'closed'
      const { stage, partition } = slot.task
      side.unfollow(stage.tables.map((table) => ({ topic: options.topicOf(table), partition })))
      all.remove({ topic: options.topicOf(stage.carrier), partition })
    }
    streams.giveUp(partitions)
    group.client.incrementalUnassign(partitions)
  }
}
