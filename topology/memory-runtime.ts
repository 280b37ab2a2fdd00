// The engine without Kafka: topics are arrays, a commit appends to them. Under the test driver and `dry-run`. It runs the
// very same tasks and clocks as the Kafka runtime; event time moves by the records, and by `advanceTo`.
import type { Codecs } from '../schemas/codec.ts'
import type { TopicValues } from '../schemas/generated/types.ts'
import type { TopicName } from '../schemas/topics.ts'
import { type CarriedBatch, type Carrier, CarrierWriter } from './carrier.ts'
import { TaskClock } from './clock.ts'
import type { Stage, Topology } from './define.ts'
import { Task } from './engine.ts'
import type { OutputLog } from './output-log.ts'
import { partitionOf } from './partitioner.ts'
import type { InputRecord } from './records.ts'

/** commit: all goes well. abort: the transaction fails. crash: it fails and the task starts again from its changelog. */
export type Fate = 'commit' | 'abort' | 'crash'

export type MemoryOptions = {
  partitions: number
  recordsPerCommit: number
  /** Decides over every commit, by its number; must not abort for ever. */
  fate: (commit: number) => Fate
  nowMs: () => number
}

export type Written = { key: string; value: Buffer; partition: number }

type Slot = {
  task: Task
  clock: TaskClock
  positions: Map<TopicName, number>
  committed: Map<TopicName, number>
}

const noHeaders = () => ({})

export class MemoryRuntime {
  readonly #topology: Topology
  readonly #codecs: Codecs
  readonly #options: MemoryOptions
  readonly #logs = new Map<TopicName, InputRecord[][]>()
  readonly #written = new Map<TopicName, Written[]>()
  readonly #slots: Slot[]
  /** What every task's clock was at its last commit, as the watermarks topic would say. */
  readonly #published = new Map<string, number>()
  #commits = 0

  constructor(topology: Topology, codecs: Codecs, options: Partial<MemoryOptions> = {}) {
    this.#topology = topology
    this.#codecs = codecs
    this.#options = {
      partitions: 1,
      recordsPerCommit: 1_000,
      fate: () => 'commit',
      nowMs: Date.now,
      ...options,
    }
    const partitions = Array.from({ length: this.#options.partitions }, (_, p) => p)
    this.#slots = topology.stages.flatMap((stage) => partitions.map((p) => this.#open(stage, p)))
  }

  write<N extends TopicName>(topic: N, key: string, value: TopicValues[N]): void {
    this.append(topic, Buffer.from(key), this.#codecs.of(topic).encode(value))
  }

  /** Appends a record as it is: also one that nobody can read. */
  append(
    topic: TopicName,
    key: Buffer | null,
    value: Buffer | null,
    headers: InputRecord['headers'] = noHeaders,
  ): void {
    this.#appendTo(topic, partitionOf(key ?? Buffer.alloc(0), this.#options.partitions), key, value, headers)
  }

  /** Handles all that is there. A partition that has been read to its end follows the highest event time of all. */
  run(): void {
    this.advanceTo(0)
  }

  /** Handles all that is there and moves the clock on, at least to `instantMs`. */
  advanceTo(instantMs: number): void {
    for (const stage of this.#topology.stages) {
      const slots = this.#slots.filter((slot) => slot.task.stage === stage)
      for (const slot of slots) this.#consume(slot)
      const clockMs = this.#clockFor(stage, slots, instantMs)
      for (const slot of slots) this.#moveClock(slot, clockMs)
    }
  }

  /** As after a kill: every task is built anew from its changelog and the committed positions. */
  restart(): void {
    for (const slot of this.#slots) this.#reopen(slot)
  }

  /** Every record that the stages have committed to the topic, in order. */
  written(topic: TopicName): readonly Written[] {
    return this.#written.get(topic) ?? []
  }

  #open(stage: Stage, partition: number): Slot {
    const task = new Task(stage, partition, this.#codecs, this.#options.nowMs)
    for (const { key, value } of this.#log(stage.changelog, partition)) task.restore(String(key), value)
    task.startTimers()
    const clock = new TaskClock(this.#published.get(`${stage.name}/${partition}`))
    return { task, clock, positions: new Map(), committed: new Map() }
  }

  #reopen(slot: Slot): void {
    const { task, clock } = this.#open(slot.task.stage, slot.task.partition)
    clock.readTo(slot.committed.get(task.stage.carrier) ?? 0)
    Object.assign(slot, { task, clock, positions: new Map(slot.committed) })
  }

  #clockFor(stage: Stage, slots: readonly Slot[], instantMs: number): number {
    if (stage.upstream.length === 0) return Math.max(instantMs, ...slots.map((slot) => slot.clock.ms))
    const feeding = this.#slots.filter((slot) => stage.upstream.includes(slot.task.stage.name))
    return Math.min(
      ...feeding.map(({ task }) => this.#published.get(`${task.stage.name}/${task.partition}`) ?? 0),
    )
  }

  #consume(slot: Slot): void {
    const { stage } = slot.task
    for (const topic of [...stage.tables, stage.carrier]) while (this.#consumeOneCommit(slot, topic));
  }

  /** Returns whether there was anything to do. */
  #consumeOneCommit(slot: Slot, topic: TopicName): boolean {
    const { task, clock, positions } = slot
    const from = positions.get(topic) ?? 0
    const records = this.#log(topic, task.partition).slice(from, from + this.#options.recordsPerCommit)
    if (records.length === 0) return false
    for (const record of records) task.take(record)
    positions.set(topic, from + records.length)
    if (topic === task.stage.carrier) {
      clock.readTo(from + records.length)
      if (task.stage.upstream.length === 0) clock.sawEvent(task.eventTimeMs, Number.POSITIVE_INFINITY)
    }
    this.#commit(slot)
    return true
  }

  #moveClock(slot: Slot, clockMs: number): void {
    do {
      slot.clock.mark(clockMs, this.#log(slot.task.stage.carrier, slot.task.partition).length)
      this.#consume(slot)
    } while (!this.#commit(slot))
  }

  #commit(slot: Slot): boolean {
    const { task, clock } = slot
    task.settle(clock.ms)
    const fate = this.#options.fate(this.#commits++)
    if (fate !== 'commit') {
      task.revert()
      slot.positions = new Map(slot.committed)
      if (fate === 'crash') this.#reopen(slot)
      return false
    }
    for (const output of task.outputs.records()) {
      const { topic, key, partition } = output
      // What the log has is a view, and what a topic has is kept.
      const [bytes, value] = [Buffer.from(key), Buffer.from(output.value)]
      const target = partition ?? partitionOf(bytes, this.#options.partitions)
      this.#appendTo(topic, target, bytes, value, noHeaders)
      this.#list(topic).push({ key, value, partition: target })
    }
    for (const { topic, partition, key, value } of this.#carried(task.outputs))
      this.#appendTo(topic, partition, Buffer.from(key), Buffer.from(value), noHeaders)
    task.fold()
    slot.committed = new Map(slot.positions)
    this.#published.set(`${task.stage.name}/${task.partition}`, clock.ms)
    return true
  }

  *#carried(outputs: OutputLog): Generator<CarriedBatch> {
    for (const { stream, carrier } of this.#topology.stages) {
      if (carrier === stream) continue
      const writer = new CarrierWriter(carrier as Carrier, this.#options.partitions, this.#codecs)
      for (const output of outputs.records()) {
        const full = output.topic === stream ? writer.add(output) : null
        if (full !== null) yield full
      }
      yield* writer.end()
    }
  }

  #appendTo(
    topic: TopicName,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: InputRecord['headers'],
  ): void {
    const log = this.#log(topic, partition)
    const writtenMs = this.#options.nowMs()
    log.push({ topic, partition, offset: log.length, key, value, writtenMs, headers })
  }

  #log(topic: TopicName, partition: number): InputRecord[] {
    const logs = this.#logs.get(topic) ?? Array.from({ length: this.#options.partitions }, () => [])
    this.#logs.set(topic, logs)
    return logs[partition] as InputRecord[]
  }

  #list(topic: TopicName): Written[] {
    const list = this.#written.get(topic) ?? []
    this.#written.set(topic, list)
    return list
  }
}
