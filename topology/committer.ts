// When a process commits, and what becomes of a commit that fails.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicPartitionOffset } from 'node-rdkafka'
import { haveAll, isRipe } from './commit-rhythm.ts'
import { type Consumer, isFatal, isFencedOff, isKafkaError, type Transactions } from './kafka-clients.ts'
import type { RuntimeOptions, RuntimeTotals } from './kafka-runtime.ts'
import type { Pace } from './pace.ts'
import type { Slots } from './slots.ts'
import type { StreamReader } from './stream-reader.ts'
import type { TaskSlot } from './task-slot.ts'
import { owesWord, runTransaction } from './transaction.ts'
import { takesTurns } from './turns.ts'

/** Between two attempts at a transaction; while a group forms anew, they all fail. */
const ABORT_PAUSE_MS = 50
const ABORT_PAUSE_MAX_MS = 1_000

export type CommitterSetup = {
  options: RuntimeOptions
  totals: RuntimeTotals
  transactions: Transactions
  group: Consumer
  slots: Slots
  streams: StreamReader
  pace: Pace
}

export class Committer {
  readonly #setup: CommitterSetup
  /** Stages whose tasks others wait for. */
  readonly #feeding: Set<string>
  #lastMs = 0
  #commitMs = 0
  /** When a transaction last handed something on to the stages that follow, and they have not committed since; null: they have. */
  #handedOnMs: number | null = null
  #abortPauseMs = ABORT_PAUSE_MS

  constructor(setup: CommitterSetup) {
    this.#setup = setup
    this.#feeding = new Set(setup.options.topology.stages.flatMap((stage) => stage.upstream))
  }

  /** Whose transaction is to end now: everybody's, or only that of those who have all of what the one before handed on to them. */
  due(): TaskSlot[] {
    const { slots, options, pace } = this.#setup
    const active = slots.active()
    const nowMs = options.nowMs()
    const open = {
      openMs: performance.now() - this.#lastMs,
      commitMs: this.#commitMs,
      taken: slots.taken(),
      takenMax: options.commitRecordsMax,
      waiting: slots.waiting(nowMs),
      isAwaited: active.some((slot) => pace.owes(slot)),
    }
    if (isRipe(open, options.commitIntervalMs))
      return active.some((slot) => slot.isDirty() || this.#owesWord(slot, nowMs)) ? active : []
    if (open.openMs < options.commitIntervalMs) return []
    const following = active.filter(isFollowing)
    return haveAll(following, this.#handedOnMs) ? following : []
  }

  async commit(candidates: readonly TaskSlot[]): Promise<void> {
    const { options, totals, streams } = this.#setup
    const nowMs = options.nowMs()
    const owes = (slot: TaskSlot) => this.#owesWord(slot, nowMs)
    const slots = candidates.filter((slot) => slot.isDirty() || owes(slot))
    const startedMs = performance.now()
    const isPart = this.#handedOnMs !== null && candidates.every(isFollowing)
    if (!isPart) this.#lastMs = startedMs
    if (slots.length === 0) return
    const before = countsOf(slots)
    let committed: TopicPartitionOffset[]
    try {
      committed = await runTransaction(slots, owes, { ...this.#setup, ...options })
    } catch (error) {
      await this.#abort(slots, error)
      return
    }
    streams.release(committed)
    this.#abortPauseMs = ABORT_PAUSE_MS
    this.#handedOnMs = slots.every(isFollowing) ? null : options.nowMs()
    totals.commits++
    const after = countsOf(slots)
    totals.records += after.taken - before.taken
    totals.deadLetters += after.deadLetters - before.deadLetters
    const tookMs = performance.now() - startedMs
    if (!isPart) this.#commitMs = tookMs
    totals.onCommitMs(tookMs)
  }

  async #abort(slots: readonly TaskSlot[], error: unknown): Promise<void> {
    const { options, totals, transactions } = this.#setup
    // Fatal: fenced off by a producer of the same name, or by the coordinator. Not Kafka's: a defect. Both end the clients.
    if (!isKafkaError(error) || isFatal(error)) throw error
    if (isFencedOff(error))
      options.log.info({ code: error.code }, 'The group forms anew: records are taken again')
    else options.log.warn({ err: error }, 'A transaction failed: its records are taken again')
    totals.aborts++
    await transactions.abort()
    for (const slot of slots) slot.aborted()
    await sleep(this.#abortPauseMs)
    this.#abortPauseMs = Math.min(2 * this.#abortPauseMs, ABORT_PAUSE_MAX_MS)
  }

  #owesWord(slot: TaskSlot, nowMs: number): boolean {
    return owesWord(slot, this.#feeding.has(slot.task.stage.name), nowMs) || this.#setup.pace.owes(slot)
  }
}

const isFollowing = (slot: TaskSlot): boolean => !takesTurns(slot)

const countsOf = (slots: readonly TaskSlot[]) => ({
  taken: slots.reduce((sum, { task }) => sum + task.counts.taken, 0),
  deadLetters: slots.reduce((sum, { task }) => sum + task.counts.deadLetters, 0),
})
