// What comes in: reads the group's partitions, and lets the tasks take what waits for them, those of sources in turns.
import { setTimeout as sleep } from 'node:timers/promises'
import { UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { isFatal, isKafkaError, isSessionRefused } from './kafka-clients.ts'
import type { RuntimeOptions } from './kafka-runtime.ts'
import { isTakingTurns, type Pace } from './pace.ts'
import type { InputRecord } from './records.ts'
import type { Slots } from './slots.ts'
import { type Arrived, NOTHING, type StreamReader } from './stream-reader.ts'
import type { TaskSlot } from './task-slot.ts'
import { TurnWait } from './turn-wait.ts'
import { nextTurn } from './turns.ts'

const READ_PAUSE_MS = 200
const REGISTRY_PAUSE_MS = 1_000

export type IntakeSetup = {
  options: RuntimeOptions
  streams: StreamReader
  slots: Slots
  pace: Pace
}

export class Intake {
  readonly #options: RuntimeOptions
  readonly #streams: StreamReader
  readonly #slots: Slots
  readonly #turnWait: TurnWait
  /** How many more records the open transaction takes. */
  #room = 0

  constructor({ options, streams, slots, pace }: IntakeSetup) {
    this.#options = options
    this.#streams = streams
    this.#slots = slots
    this.#turnWait = new TurnWait(pace)
  }

  /** Errors that are not fatal pass: a broker is away, a topic's leader moves, this member was too slow and joins again. */
  async read(): Promise<Arrived> {
    try {
      return await this.#streams.read()
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

  offer({ parts, ends }: Arrived): void {
    for (const { of, records } of parts) {
      const slot = this.#slots.of(of)
      if (slot !== undefined) for (const record of records) slot.offer(record)
    }
    for (const { of, offset } of ends) {
      const slot = this.#slots.of(of)
      slot?.sawEnd(slot.task.stage.carrier, offset)
    }
  }

  /** Between two reads: what is handed out of a partition must not cross its pause. */
  regulate(): void {
    const { paused, resumed } = this.#slots.regulate()
    const startOf = ({ task: { stage, partition }, nextOffset: offset }: TaskSlot) => ({
      topic: this.#options.topicOf(stage.carrier),
      partition,
      offset,
    })
    this.#streams.leave(paused.map(startOf))
    this.#streams.follow(resumed.map(startOf))
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
