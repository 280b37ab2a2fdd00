// A task under Kafka: its records waiting to be taken, how far its topics have been read and committed, its clock.
//
//   restoring ──changelog read──▶ tables ──tables read to their end──▶ running
//       └────────────────────────── closed ◀──(revoked)──────────────────┘
import type { TopicName } from '../schemas/topics.ts'
import { TaskClock } from './clock.ts'
import type { Task } from './engine.ts'
import type { InputRecord } from './records.ts'

/** What a task tells the others (topic `watermarks`): its clock, and up to where it has taken its source. */
export type Word = { clockMs: number; takenToMs: number; atMs: number }

/** Records that are kept for nothing until they are let go together. */
const PASSED_MAX = 1_000

export type SlotPhase = 'restoring' | 'tables' | 'running' | 'closed'

export class TaskSlot {
  readonly task: Task
  phase: SlotPhase = 'restoring'
  clock = new TaskClock()
  /** When it last said its clock to the others, and what it said. */
  published: Word = { clockMs: 0, takenToMs: 0, atMs: 0 }
  /** What it said in the transaction that is under way. */
  publishing: Word | null = null
  /** When the end of the stream was last asked for, UTC ms. */
  endAskedMs = 0
  #pending: InputRecord[] = []
  #pendingFrom = 0
  /** Of what waits: records between stages are far larger than those of a source. */
  pendingBytes = 0
  /** Of what waits, the records of tables: the stream's may wait for other processes, of which the tables' reader tells. */
  pendingOfTables = 0
  /** Of each topic: the next offset to be taken, and what is committed. */
  #positions = new Map<TopicName, number>()
  #committed = new Map<TopicName, number>()
  /** The next offset that has not come yet: what comes again is left out. */
  #offered = new Map<TopicName, number>()
  /** Ends of partitions: they hold once the records before them have been taken. */
  #ends = new Map<TopicName, number>()
  #tableEnds = new Map<TopicName, number>()
  #settledClockMs = 0
  #settledTakenToMs = 0
  #committedClockMs = 0
  /** Not before: its next record needs the schema registry, which is away. */
  blockedUntilMs = 0
  /** Whether its stream is paused: from the start, until it runs. */
  isPaused = true
  /** Whether others wait for what it may still get: not after they have waited for too long, until it gets something. */
  isAwaited = true

  constructor(task: Task) {
    this.task = task
  }

  /** Where the task starts, after the restore. `tableEnds`: how far the tables must be read before the stream. */
  start(
    positions: ReadonlyMap<TopicName, number>,
    tableEnds: ReadonlyMap<TopicName, number>,
    { clockMs, takenToMs }: Pick<Word, 'clockMs' | 'takenToMs'>,
  ): void {
    this.#positions = new Map(positions)
    this.#committed = new Map(positions)
    for (const [topic, offset] of positions) if (!this.#offered.has(topic)) this.#offered.set(topic, offset)
    this.#tableEnds = new Map(tableEnds)
    this.#committedClockMs = clockMs
    this.published = { clockMs, takenToMs, atMs: 0 }
    this.#resetClock()
    this.phase = 'tables'
  }

  get pending(): number {
    return this.#pending.length - this.#pendingFrom
  }

  offer(record: InputRecord): void {
    if (record.offset < (this.#offered.get(record.topic) ?? 0)) return
    this.#offered.set(record.topic, record.offset + 1)
    this.isAwaited = true
    this.#pending.push(record)
    this.#count(record, 1)
  }

  /** Of the stream: the first that has not come yet. */
  get nextOffset(): number {
    const { carrier } = this.task.stage
    return this.#offered.get(carrier) ?? this.#positions.get(carrier) ?? 0
  }

  /** The partition has been read up to `offset`, which no record may have: commits and aborts take offsets too. */
  sawEnd(topic: TopicName, offset: number): void {
    this.#ends.set(topic, offset)
  }

  /** The next record that the phase allows to take. */
  next(): InputRecord | undefined {
    if (!this.isActive) return undefined
    const record = this.#pending[this.#pendingFrom]
    if (record === undefined || this.phase === 'running') return record
    return this.#nextOfTables()
  }

  /** While tables are read, records of the stream that slipped in before the pause have to wait. */
  #nextOfTables(): InputRecord | undefined {
    const at = this.#pending.findIndex(
      (r, i) => i >= this.#pendingFrom && r.topic !== this.task.stage.carrier,
    )
    if (at < 0) return undefined
    const [record] = this.#pending.splice(at, 1)
    if (record !== undefined) this.#pending.splice(this.#pendingFrom, 0, record)
    return record
  }

  /** When `next` was written, UTC ms, or one before it; null: there is none. A table's record waits for nobody's turn. */
  get headMs(): number | null {
    const record = this.next()
    if (record === undefined) return null
    const { writtenMs, stage } = this.task
    return record.topic === stage.carrier ? Math.max(record.writtenMs, writtenMs) : writtenMs
  }

  /** Nothing waits here, and nothing is known to wait on the broker. */
  get isAtEnd(): boolean {
    return this.pending === 0 && this.clock.caughtUp
  }

  /** Everything that was written to the source before this has been taken, UTC ms. Only of tasks that read a source. */
  get takenToMs(): number {
    if (this.phase !== 'running' || this.task.stage.upstream.length > 0) return this.published.takenToMs
    if (this.clock.caughtUp) return this.endAskedMs
    return this.headMs ?? Math.max(this.task.writtenMs, this.published.takenToMs)
  }

  /** `next` has been taken, or has become a dead letter. */
  passed(record: InputRecord): void {
    this.#positions.set(record.topic, record.offset + 1)
    this.#pendingFrom++
    this.#count(record, -1)
    // In a long backlog there is always something waiting: what has been taken must be let go all the same.
    if (this.#pendingFrom >= PASSED_MAX || this.#pendingFrom === this.#pending.length) {
      this.#pending.splice(0, this.#pendingFrom)
      this.#pendingFrom = 0
    }
  }

  /** After some records were taken: moves the clock and, once the tables have been read, the phase. */
  update(wallMs: number): void {
    if (!this.isActive) return
    const { task } = this
    if (task.stage.upstream.length === 0 && task.eventTimeMs > 0)
      this.clock.sawEvent(task.eventTimeMs, wallMs)
    this.clock.readTo(this.#readTo(task.stage.carrier))
    const isRead = [...this.#tableEnds].every(([table, end]) => this.#readTo(table) >= end)
    if (this.phase === 'tables' && isRead) this.phase = 'running'
  }

  /** A partition's end counts only where nothing of it is still waiting. */
  #readTo(topic: TopicName): number {
    const position = this.#positions.get(topic) ?? 0
    const isWaiting = (this.#offered.get(topic) ?? 0) > position
    return isWaiting ? position : Math.max(position, this.#ends.get(topic) ?? 0)
  }

  /** What a transaction with outputs of this task must carry, even where no record came: it is what fences. */
  offsets(): [TopicName, number][] {
    return [...this.#positions]
  }

  /** The clock may move on while the transaction is written; what is said and kept is what was settled. */
  settle(timersMax = Number.POSITIVE_INFINITY): void {
    const clockMs = this.clock.ms
    this.#settledTakenToMs = this.takenToMs
    const reachedMs = this.task.settle(clockMs, timersMax)
    this.#settledClockMs = Math.max(reachedMs, Math.min(clockMs, this.#committedClockMs))
  }

  get settledClockMs(): number {
    return this.#settledClockMs
  }

  get settledTakenToMs(): number {
    return this.#settledTakenToMs
  }

  /** Whether a transaction has anything to do for this task. */
  isDirty(): boolean {
    return this.isActive && (this.task.takenRecords > 0 || this.task.nextTimerMs <= this.clock.ms)
  }

  get isActive(): boolean {
    return this.phase === 'tables' || this.phase === 'running'
  }

  committed(): void {
    this.task.fold()
    this.#committed = new Map(this.#positions)
    this.#committedClockMs = this.#settledClockMs
    if (this.publishing) this.published = this.publishing
    this.publishing = null
  }

  /** Takes the transaction's records back, to the front, and the clock with them. */
  aborted(): void {
    const records = this.task.revert()
    this.#pending = [...records, ...this.#pending.slice(this.#pendingFrom)]
    this.#pendingFrom = 0
    for (const record of records) this.#count(record, 1)
    this.#positions = new Map(this.#committed)
    this.publishing = null
    this.#resetClock()
  }

  #count({ topic, bytes = 0 }: InputRecord, by: 1 | -1): void {
    this.pendingBytes += by * bytes
    if (topic !== this.task.stage.carrier) this.pendingOfTables += by
  }

  #resetClock(): void {
    this.clock = new TaskClock(this.#committedClockMs)
    this.clock.readTo(this.#committed.get(this.task.stage.carrier) ?? 0)
  }
}
