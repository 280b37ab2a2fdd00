// Reads what no group deals out: the table partitions that follow a task, and the watermarks of everybody.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import { staysPaused } from './back-pressure.ts'
import { type Batch, Consumer, type ConsumerSettings, isFatal, isKafkaError } from './kafka-clients.ts'

const BATCH_RECORDS_MAX = 2_000
const READ_PAUSE_MS = 200

export type Follower = {
  onMessage: (message: Message) => void
  /** The partition has been read up to `offset`. */
  onEnd: (offset: number) => void
  /** How full it is; from 1 on its partition is paused. The others go on: clocks must be heard also while a table waits. */
  fill: () => number
}

type Followed = Follower & { partition: TopicPartition; isPaused: boolean }

export class SideReader {
  readonly #consumer: Consumer
  readonly #followers = new Map<string, Followed>()
  /** Changes of the assignment are made between two reads, so that nothing of an earlier one is under way. */
  #changes: (() => void)[] = []
  #isOpen = true
  readonly #ended: Promise<void>

  /** Reads from now on. `onFailure` hears that it has ended by itself. */
  constructor(consumer: Consumer, onFailure: (error: unknown) => void) {
    this.#consumer = consumer
    this.#ended = this.#read().catch(onFailure)
  }

  static async open(settings: ConsumerSettings, onFailure: (error: unknown) => void): Promise<SideReader> {
    return new SideReader(await Consumer.connect(settings), onFailure)
  }

  follow(start: TopicPartitionOffset, follower: Follower): void {
    const { topic, partition } = start
    this.#changes.push(() => {
      this.#followers.set(idOf(start), { ...follower, partition: { topic, partition }, isPaused: false })
      this.#consumer.client.incrementalAssign([start])
    })
  }

  unfollow(partitions: readonly TopicPartition[]): void {
    this.#changes.push(() => {
      const followed = partitions.flatMap((partition) => this.#followers.get(idOf(partition)) ?? [])
      for (const { partition } of followed) this.#followers.delete(idOf(partition))
      // The client remembers a pause beyond the assignment: followed again, it would never be read.
      const paused = followed.filter(({ isPaused }) => isPaused)
      if (paused.length > 0) this.#consumer.client.resume(paused.map(({ partition }) => partition))
      if (followed.length > 0)
        this.#consumer.client.incrementalUnassign(followed.map(({ partition }) => partition))
    })
  }

  async close(): Promise<void> {
    this.#isOpen = false
    await this.#ended
    await this.#consumer.disconnect()
  }

  #regulate(): void {
    for (const followed of this.#followers.values()) {
      const isPaused = staysPaused(followed.fill(), followed.isPaused)
      if (isPaused === followed.isPaused) continue
      followed.isPaused = isPaused
      if (isPaused) this.#consumer.client.pause([followed.partition])
      else this.#consumer.client.resume([followed.partition])
    }
  }

  async #consume(): Promise<Batch> {
    try {
      return await this.#consumer.consume(BATCH_RECORDS_MAX)
    } catch (error) {
      if (!isKafkaError(error) || isFatal(error)) throw error
      await sleep(READ_PAUSE_MS)
      return { messages: [], ends: [] }
    }
  }

  async #read(): Promise<void> {
    while (this.#isOpen) {
      for (const change of this.#changes.splice(0)) change()
      this.#regulate()
      const { messages, ends } = await this.#consume()
      for (const message of messages) this.#followers.get(idOf(message))?.onMessage(message)
      for (const end of ends) this.#followers.get(idOf(end))?.onEnd(end.offset)
    }
  }
}

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
