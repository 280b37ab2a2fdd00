// What comes in: reads the group's partitions, and lets the tasks take what waits for them, those of sources in turns.
import { setImmediate as callbackEnds, setTimeout as sleep } from 'node:timers/promises'
import type { EofEvent, Message } from 'node-rdkafka'
import { UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import type { TopicName } from '../schemas/topics.ts'
import { type Consumer, isFatal, isKafkaError, isSessionRefused } from './kafka-clients.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import { toInputs } from './message.ts'
import { isTakingTurns, type Pace } from './pace.ts'
import type { InputRecord } from './records.ts'
import type { Slots } from './slots.ts'
import type { TaskSlot } from './task-slot.ts'
import { TurnWait } from './turn-wait.ts'
import { nextTurn } from './turns.ts'

const CONSUME_RECORDS_MAX = 2_000
const READ_PAUSE_MS = 200
const REGISTRY_PAUSE_MS = 1_000

/** What came of one partition, by its topic's name on the broker. */
type Part = { topic: string; partition: number; records: InputRecord[] }

/** `ends`: partitions that were read to their end. They hold after the records. */
type Fetch = { parts: Part[]; ends: EofEvent[] }

const NOTHING: Fetch = { parts: [], ends: [] }

export type IntakeSetup = {
  options: RuntimeOptions
  group: Consumer
  slots: Slots
  pace: Pace
}

export class Intake {
  readonly #options: RuntimeOptions
  readonly #group: Consumer
  readonly #slots: Slots
  readonly #turnWait: TurnWait
  /** By their names on the broker. */
  readonly #streams: ReadonlyMap<string, TopicName>
  /** How many more records the open transaction takes. */
  #room = 0

  constructor({ options, group, slots, pace }: IntakeSetup) {
    this.#options = options
    this.#group = group
    this.#slots = slots
    this.#turnWait = new TurnWait(pace)
    const { topology, topicOf } = options
    this.#streams = new Map(topology.stages.map(({ carrier }) => [topicOf(carrier), carrier]))
  }

  /**
   * Errors that are not fatal pass: a broker is away, a topic's leader moves, this member was too slow and joins again. Messages
   * become records at once, and nothing is done with them before the client's callback has ended: it holds each message and its
   * buffers until then, and they would be moved to V8's old generation while records are taken.
   */
  async read(): Promise<Fetch> {
    try {
      const { messages, ends } = await this.#group.consume(CONSUME_RECORDS_MAX)
      const parts = this.#partsOf(messages)
      await callbackEnds()
      return { parts, ends }
    } catch (error) {
      if (!isKafkaError(error) || isFatal(error)) throw error
      if (isSessionRefused(error)) {
        const timeoutMs = Number(this.#options.settings.group.global['session.timeout.ms'])
        throw new PipelineError('SESSION_TIMEOUT_REFUSED', { timeoutMs }, error)
      }
      this.#options.log.warn({ err: error }, 'Reading failed, and is tried again')
      await sleep(READ_PAUSE_MS)
      return NOTHING
    }
  }

  #partsOf(messages: readonly Message[]): Part[] {
    const parts: Part[] = []
    for (const [topic, stream] of this.#streams) {
      const byPartition: Message[][] = []
      for (const message of messages) {
        if (message.topic !== topic) continue
        const own = byPartition[message.partition]
        if (own === undefined) byPartition[message.partition] = [message]
        else own.push(message)
      }
      byPartition.forEach((own, partition) => {
        parts.push({ topic, partition, records: toInputs(stream, own) })
      })
    }
    return parts
  }

  offer({ parts, ends }: Fetch): void {
    for (const part of parts) {
      const slot = this.#slots.of(part)
      if (slot !== undefined) for (const record of part.records) slot.offer(record)
    }
    for (const end of ends) {
      const slot = this.#slots.of(end)
      slot?.sawEnd(slot.task.stage.carrier, end.offset)
    }
  }

  /** Between two reads: what the client hands out of a partition must not cross its pause. */
  regulate(): void {
    const { paused, resumed } = this.#slots.regulate()
    const ofStreams = (slots: readonly TaskSlot[]) =>
      slots.map(({ task: { stage, partition } }) => ({
        topic: this.#options.topicOf(stage.carrier),
        partition,
      }))
    if (paused.length > 0) this.#group.client.pause(ofStreams(paused))
    if (resumed.length > 0) this.#group.client.resume(ofStreams(resumed))
  }

  async take(): Promise<void> {
    const nowMs = this.#options.nowMs()
    const active = this.#slots.active()
    this.#room = this.#options.commitRecordsMax - this.#slots.taken()
    for (const slot of active)
      if (!isTakingTurns(slot) && slot.blockedUntilMs <= nowMs) {
        const learning = this.#takeFrom(slot)
        if (learning !== undefined) await learning
      }
    await this.#takeTurns(nowMs)
    for (const slot of active) slot.update(nowMs)
  }

  async #takeTurns(nowMs: number): Promise<void> {
    const { slots, limitMs } = this.#turnWait.among(this.#slots.all())
    let hasTaken = false
    for (;;) {
      const turn = nextTurn(slots, nowMs, limitMs)
      const before = turn?.slot.pending
      const learning = turn === null ? undefined : this.#takeFrom(turn.slot, turn.untilMs)
      if (learning !== undefined) await learning
      // Nobody's turn; or no room in the transaction, or the registry is away.
      if (turn === null || turn.slot.pending === before) {
        this.#turnWait.after(slots, turn === null, hasTaken, nowMs)
        return
      }
      hasTaken = true
    }
  }

  /**
   * Until the transaction is full, or the next record was written after `untilMs`. A turn may be of one record: only where a
   * schema has to be learned is there anything to wait for.
   */
  #takeFrom(slot: TaskSlot, untilMs = Number.POSITIVE_INFINITY): Promise<void> | undefined {
    const { task } = slot
    while (this.#room > 0) {
      const record = slot.next()
      if (record === undefined || (slot.headMs ?? 0) > untilMs) return undefined
      const before = task.takenRecords
      try {
        task.take(record)
      } catch (error) {
        if (!(error instanceof UnlearnedSchema)) throw error
        return this.#learn(slot, record, error.schemaId).then((goesOn) =>
          goesOn ? this.#takeFrom(slot, untilMs) : undefined,
        )
      }
      this.#room -= task.takenRecords - before
      slot.passed(record)
    }
    return undefined
  }

  /** Returns whether to go on with this task now. Without the registry, tasks that need nothing new go on. */
  async #learn(slot: TaskSlot, record: InputRecord, schemaId: number): Promise<boolean> {
    try {
      await this.#options.codecs.learn(record.topic, schemaId)
      return true
    } catch (error) {
      if (error instanceof PipelineError && error.verdict === 'dead-letter') {
        slot.task.reject(record, error)
        slot.passed(record)
        return true
      }
      this.#options.log.warn({ err: error, schemaId }, 'The schema registry is away: this partition waits')
      slot.blockedUntilMs = this.#options.nowMs() + REGISTRY_PAUSE_MS
      return false
    }
  }
}
