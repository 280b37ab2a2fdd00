// One life of the Kafka clients of a process: joins the group, makes a task of each partition that it is given, and
// turns the loop: take, commit, take. Everything that changes tasks happens in that one loop.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, TopicPartition } from 'node-rdkafka'
import { UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { ClockBoard } from './clock-board.ts'
import { ClockKeeper } from './clock-keeper.ts'
import type { Stage } from './define.ts'
import { Task } from './engine.ts'
import { type Batch, Consumer, isFatal, isFencedOff, isKafkaError, Transactions } from './kafka-clients.ts'
import type { RuntimeOptions, RuntimeTotals, TaskStatus } from './kafka-runtime.ts'
import { toInputs } from './message.ts'
import { isTakingTurns, Pace } from './pace.ts'
import { type Preparation, prepare } from './preparation.ts'
import type { InputRecord } from './records.ts'
import { SideReader } from './side-reader.ts'
import { Slots } from './slots.ts'
import { type CopyStatus, Standby } from './standby.ts'
import { TaskSlot } from './task-slot.ts'
import { owesWord, runTransaction } from './transaction.ts'
import { PENDING_BYTES_MAX, TurnWait } from './turn-wait.ts'
import { nextTurn } from './turns.ts'

/** Between two attempts at a transaction; while a group forms anew, they all fail. */
const ABORT_PAUSE_MS = 50
const ABORT_PAUSE_MAX_MS = 1_000
const READ_PAUSE_MS = 200
const REGISTRY_PAUSE_MS = 1_000
const CONSUME_RECORDS_MAX = 2_000
/** With so many records waiting on the broker, fewer and larger commits: a key that comes twice is written once. */
const BACKLOG_RECORDS = 10_000
const BACKLOG_INTERVALS = 20
const NOTHING: Batch = { messages: [], ends: [] }

type Rebalance = { kind: 'assign' | 'revoke'; partitions: TopicPartition[] }
type Own = { transactions: Transactions; standby: Standby | null }
type Clients = Pick<Preparation, 'group' | 'side' | 'offsets'> & Own

export class Session {
  readonly #options: RuntimeOptions
  readonly #totals: RuntimeTotals
  readonly #clients: Clients
  readonly #board: ClockBoard
  readonly #rebalances: Rebalance[]
  readonly #stages: Map<string, Stage>
  readonly #feeding: Set<string>
  readonly #slots = new Slots()
  readonly #clocks: ClockKeeper
  #isWanted = true
  #failure: unknown = null
  #lastCommitMs = 0
  #abortPauseMs = ABORT_PAUSE_MS
  readonly #pace: Pace
  readonly #turnWait: TurnWait

  private constructor(
    options: RuntimeOptions,
    totals: RuntimeTotals,
    clients: Clients,
    rebalances: Rebalance[],
  ) {
    this.#options = options
    this.#totals = totals
    this.#clients = clients
    this.#rebalances = rebalances
    const { stages } = options.topology
    const partitionsOf = (stage: Stage) => options.partitionsOf(stage.carrier)
    this.#board = new ClockBoard(options.topology, partitionsOf)
    this.#pace = new Pace(this.#board, options.topology, partitionsOf, options.slackMs)
    this.#turnWait = new TurnWait(this.#pace)
    this.#stages = new Map(stages.map((stage) => [options.topicOf(stage.carrier), stage]))
    this.#feeding = new Set(stages.flatMap((stage) => stage.upstream))
    this.#clocks = new ClockKeeper({
      ...clients,
      options,
      board: this.#board,
      isWanted: () => this.#isWanted && this.#failure === null,
      fail: (error) => this.fail(error),
    })
  }

  /** The producer first: it ends what a killed predecessor of the same name has left open. */
  static async open(
    options: RuntimeOptions,
    totals: RuntimeTotals,
    isWanted: () => boolean,
  ): Promise<Session> {
    const { settings } = options
    const rebalances: Rebalance[] = []
    let session: Session | null = null
    await using opened = new AsyncDisposableStack()
    const keep = <T extends { disconnect(): Promise<void> }>(client: T): T =>
      opened.adopt(client, () => client.disconnect())
    const transactions = keep(await Transactions.connect(settings.producer, isWanted))
    const offsets = keep(await Consumer.connect(settings.offsets))
    const group = keep(
      await Consumer.connect(settings.group, (kind, partitions) => {
        if (session?.isClosing) session.release({ kind, partitions })
        else rebalances.push({ kind, partitions })
      }),
    )
    const fail = (error: unknown) => session?.fail(error)
    const side = await SideReader.open(settings.reader, fail)
    const standby = options.hasStandby ? await Standby.open(options, fail) : null
    session = new Session(options, totals, { transactions, offsets, side, group, standby }, rebalances)
    // All are there: from here on the session closes them.
    opened.move()
    return session
  }

  get isClosing(): boolean {
    return !this.#isWanted
  }

  stop(): void {
    this.#isWanted = false
  }

  fail(error: unknown): void {
    this.#failure ??= error
  }

  async run(): Promise<void> {
    await this.#clocks.follow()
    this.#clients.group.client.subscribe([...this.#stages.keys()])
    let next = this.#consume()
    while (this.#isWanted) {
      this.#offer(await next)
      if (this.#failure !== null) throw this.#failure
      // Between two reads: nothing of an earlier assignment is under way.
      for (const rebalance of this.#rebalances.splice(0)) await this.#rebalance(rebalance)
      next = this.#consume()
      // Awaited above; a failure of the work below must not leave it unhandled.
      next.catch(() => {})
      await this.#takePending()
      this.#clocks.mark(this.#slots.running())
      if (this.#isCommitDue()) await this.#commit(this.#slots.active())
    }
    await this.#commit(this.#slots.active())
  }

  async close(): Promise<void> {
    this.#isWanted = false
    for (const slot of this.#slots.all()) slot.phase = 'closed'
    for (const rebalance of this.#rebalances.splice(0)) this.release(rebalance)
    const { group, side, standby, offsets, transactions } = this.#clients
    const clients = [group, offsets, transactions].map((client) => client.disconnect())
    await Promise.allSettled([side.close(), standby?.close(), ...clients])
  }

  tasks(): TaskStatus[] {
    return this.#slots.all().map(({ task, clock, phase }) => ({
      stage: task.stage.name,
      partition: task.partition,
      phase,
      keys: task.keys,
      lag: clock.lag,
      clockMs: clock.ms,
      caughtUp: clock.caughtUp,
      records: task.counts.taken,
      deadLetters: task.counts.deadLetters,
    }))
  }

  copies(): CopyStatus[] {
    return this.#clients.standby?.status() ?? []
  }

  isReady(): boolean {
    const slots = this.#slots.all()
    return this.#hasJoined && slots.every((slot) => slot.phase === 'running')
  }

  #hasJoined = false

  // ── the group ──

  /** While the group is being left, what it asks is answered at once: without an answer, leaving would wait for ever. */
  release({ kind, partitions }: Rebalance): void {
    const { client } = this.#clients.group
    try {
      if (kind === 'revoke') client.incrementalUnassign(partitions)
      else client.incrementalAssign(partitions)
    } catch (error) {
      // Too late to matter: the client is closed, and with it the membership.
      this.#options.log.info({ err: error, kind }, 'The group was left before its question was answered')
    }
  }

  async #rebalance({ kind, partitions }: Rebalance): Promise<void> {
    this.#options.log.info(
      { partitions: partitions.length },
      kind === 'assign' ? 'Partitions given' : 'Partitions taken',
    )
    this.#hasJoined = true
    if (kind === 'assign') this.#assign(partitions)
    else await this.#revoke(partitions)
    this.#clients.standby?.follow(this.#slots.all())
  }

  #assign(partitions: TopicPartition[]): void {
    const { client } = this.#clients.group
    client.incrementalAssign(partitions)
    if (partitions.length === 0) return
    client.pause(partitions)
    const slots = partitions.map((partition) => this.#makeSlot(partition))
    prepare(slots, {
      ...this.#clients,
      options: this.#options,
      totals: this.#totals,
      board: this.#board,
    }).catch((error) => this.fail(error))
  }

  #makeSlot({ topic, partition }: TopicPartition): TaskSlot {
    const stage = this.#stages.get(topic)
    if (stage === undefined) throw new Error(`The group gave a partition of ${topic}, which no stage reads.`)
    const { codecs, nowMs } = this.#options
    const copy = this.#clients.standby?.take(stage, partition)
    const slot = new TaskSlot(copy ?? new Task(stage, partition, codecs, nowMs))
    this.#slots.add({ topic, partition }, slot)
    return slot
  }

  /** What they have taken is committed first, so that the next owner need not take it again. */
  async #revoke(partitions: TopicPartition[]): Promise<void> {
    const slots = partitions.flatMap((partition) => this.#slots.of(partition) ?? [])
    await this.#commit(slots.filter((slot) => slot.isActive))
    for (const slot of slots) {
      slot.phase = 'closed'
      const { stage, partition } = slot.task
      this.#clients.side.unfollow(
        stage.tables.map((table) => ({ topic: this.#options.topicOf(table), partition })),
      )
      this.#slots.remove({ topic: this.#options.topicOf(stage.carrier), partition })
    }
    this.#clients.group.client.incrementalUnassign(partitions)
  }

  // ── records ──

  /** Errors that are not fatal pass: a broker is away, a topic's leader moves, this member was too slow and joins again. */
  async #consume(): Promise<Batch> {
    try {
      // With much waiting, only so much is read that the group's questions, which come the same way, are still heard.
      const isFull = !this.#turnWait.isWaiting && this.#isFull(this.#options.commitRecordsMax)
      return await this.#clients.group.consume(isFull ? 1 : CONSUME_RECORDS_MAX)
    } catch (error) {
      if (!isKafkaError(error) || isFatal(error)) throw error
      this.#options.log.warn({ err: error }, 'Reading failed, and is tried again')
      await sleep(READ_PAUSE_MS)
      return NOTHING
    }
  }

  #isFull(recordsMax: number): boolean {
    return this.#slots.pending() >= recordsMax || this.#slots.pendingBytes() >= PENDING_BYTES_MAX
  }

  #offer({ messages, ends }: Batch): void {
    const bySlot = new Map<TaskSlot, Message[]>()
    for (const message of messages) {
      const slot = this.#slots.of(message)
      const own = slot && bySlot.get(slot)
      if (own !== undefined) own.push(message)
      else if (slot !== undefined) bySlot.set(slot, [message])
    }
    for (const [slot, own] of bySlot)
      for (const record of toInputs(slot.task.stage.carrier, own)) slot.offer(record)
    for (const end of ends) {
      const slot = this.#slots.of(end)
      slot?.sawEnd(slot.task.stage.carrier, end.offset)
    }
  }

  async #takePending(): Promise<void> {
    const nowMs = this.#options.nowMs()
    const active = this.#slots.active()
    for (const slot of active)
      if (!isTakingTurns(slot) && slot.blockedUntilMs <= nowMs) await this.#takeFrom(slot)
    await this.#takeTurns(nowMs)
    for (const slot of active) {
      const before = slot.phase
      slot.update(nowMs)
      if (before === 'tables' && slot.phase === 'running') this.#resume(slot)
    }
  }

  async #takeTurns(nowMs: number): Promise<void> {
    const { slots, limitMs } = this.#turnWait.among(this.#slots.all())
    let hasTaken = false
    for (;;) {
      const turn = nextTurn(slots, nowMs, limitMs)
      const before = turn?.slot.pending
      if (turn !== null) await this.#takeFrom(turn.slot, turn.untilMs)
      // Nobody's turn; or no room in the transaction, or the registry is away.
      if (turn === null || turn.slot.pending === before) {
        this.#turnWait.after(slots, turn === null, hasTaken, nowMs)
        return
      }
      hasTaken = true
    }
  }

  /** Until the transaction is full, or the next record was written after `untilMs`. */
  async #takeFrom(slot: TaskSlot, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (let room = this.#options.commitRecordsMax - this.#slots.taken(); room > 0; room--) {
      const record = slot.next()
      if (record === undefined || (slot.headMs ?? 0) > untilMs) return
      try {
        slot.task.take(record)
      } catch (error) {
        if (!(error instanceof UnlearnedSchema)) throw error
        if (await this.#learn(slot, record, error.schemaId)) continue
        return
      }
      slot.passed(record)
    }
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

  #resume(slot: TaskSlot): void {
    const { stage, partition } = slot.task
    this.#clients.group.client.resume([{ topic: this.#options.topicOf(stage.carrier), partition }])
  }

  // ── commits ──

  #isCommitDue(): boolean {
    if (this.#slots.taken() >= this.#options.commitRecordsMax) return true
    const active = this.#slots.active()
    const isPatient = this.#slots.lag() >= BACKLOG_RECORDS && !active.some((slot) => this.#pace.owes(slot))
    const intervals = isPatient ? BACKLOG_INTERVALS : 1
    if (performance.now() - this.#lastCommitMs < intervals * this.#options.commitIntervalMs) return false
    const nowMs = this.#options.nowMs()
    return active.some((slot) => slot.isDirty() || this.#owesWord(slot, nowMs))
  }

  async #commit(candidates: readonly TaskSlot[]): Promise<void> {
    const nowMs = this.#options.nowMs()
    const owes = (slot: TaskSlot) => this.#owesWord(slot, nowMs)
    const slots = candidates.filter((slot) => slot.isDirty() || owes(slot))
    this.#lastCommitMs = performance.now()
    if (slots.length === 0) return
    const before = countsOf(slots)
    try {
      await runTransaction(slots, owes, { ...this.#clients, ...this.#options })
    } catch (error) {
      await this.#abort(slots, error)
      return
    }
    this.#abortPauseMs = ABORT_PAUSE_MS
    this.#totals.commits++
    const after = countsOf(slots)
    this.#totals.records += after.taken - before.taken
    this.#totals.deadLetters += after.deadLetters - before.deadLetters
    this.#totals.onCommitMs(performance.now() - this.#lastCommitMs)
  }

  async #abort(slots: readonly TaskSlot[], error: unknown): Promise<void> {
    // Fatal: fenced off by a producer of the same name, or by the coordinator. Not Kafka's: a defect. Both end the clients.
    if (!isKafkaError(error) || isFatal(error)) throw error
    if (isFencedOff(error))
      this.#options.log.info({ code: error.code }, 'The group forms anew: records are taken again')
    else this.#options.log.warn({ err: error }, 'A transaction failed: its records are taken again')
    this.#totals.aborts++
    await this.#clients.transactions.abort()
    for (const slot of slots) slot.aborted()
    await sleep(this.#abortPauseMs)
    this.#abortPauseMs = Math.min(2 * this.#abortPauseMs, ABORT_PAUSE_MAX_MS)
  }

  #owesWord(slot: TaskSlot, nowMs: number): boolean {
    return owesWord(slot, this.#feeding.has(slot.task.stage.name), nowMs) || this.#pace.owes(slot)
  }
}

const countsOf = (slots: readonly TaskSlot[]) => ({
  taken: slots.reduce((sum, { task }) => sum + task.counts.taken, 0),
  deadLetters: slots.reduce((sum, { task }) => sum + task.counts.deadLetters, 0),
})
