// One life of the Kafka clients of a process: joins the group and turns the loop: take, commit, take. Everything that changes
// tasks happens in that one loop. What comes in is intake.ts, what goes out committer.ts, which partitions assignment.ts.
import { Assignment, type Rebalance } from './assignment.ts'
import { ClockBoard } from './clock-board.ts'
import { ClockKeeper } from './clock-keeper.ts'
import { Committer } from './committer.ts'
import type { Stage } from './define.ts'
import { Intake } from './intake.ts'
import { Consumer, Transactions } from './kafka-clients.ts'
import type { RuntimeOptions, RuntimeTotals, TaskStatus } from './kafka-runtime.ts'
import { Pace } from './pace.ts'
import { DEAF_MAX_MS, Pulse, type Trouble } from './pulse.ts'
import { SideReader } from './side-reader.ts'
import { Slots } from './slots.ts'
import { type CopyStatus, Standby } from './standby.ts'
import { StreamReader } from './stream-reader.ts'

type Clients = {
  group: Consumer
  /** Tells ends behind open transactions. */
  offsets: Consumer
  side: SideReader
  transactions: Transactions
  standby: Standby | null
}

const NOT_A_MEMBER: Trouble = {
  stage: null,
  partition: null,
  reason: 'The group has not said yet which partitions are its.',
}

export class Session {
  readonly #options: RuntimeOptions
  readonly #clients: Clients
  readonly #rebalances: Rebalance[]
  readonly #slots = new Slots()
  readonly #streams: StreamReader
  readonly #pulse: Pulse
  readonly #clocks: ClockKeeper
  readonly #committer: Committer
  readonly #assignment: Assignment
  readonly #intake: Intake
  #isWanted = true
  #failure: unknown = null

  private constructor(
    options: RuntimeOptions,
    totals: RuntimeTotals,
    clients: Clients,
    rebalances: Rebalance[],
  ) {
    this.#options = options
    this.#clients = clients
    this.#rebalances = rebalances
    const partitionsOf = (stage: Stage) => options.partitionsOf(stage.carrier)
    const board = new ClockBoard(options.topology, partitionsOf)
    const pace = new Pace(board, options.topology, partitionsOf, options.slackMs)
    const isWanted = () => this.#isWanted && this.#failure === null
    const fail = (error: unknown) => this.fail(error)
    const names = options.topology.stages.map(
      ({ carrier: topic }) =>
        [options.topicOf(topic), { topic, partitions: options.partitionsOf(topic) }] as const,
    )
    this.#streams = new StreamReader({ ...options, group: clients.group, streams: new Map(names) })
    const tasks = { slots: this.#slots, streams: this.#streams }
    const shared = { ...clients, ...tasks, options, totals, board, pace, isWanted, fail }
    this.#pulse = new Pulse({ ...options, board }, performance.now())
    this.#clocks = new ClockKeeper(shared)
    this.#committer = new Committer(shared)
    this.#assignment = new Assignment({ ...shared, committer: this.#committer })
    this.#intake = new Intake(shared)
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
    const report = (error: unknown) =>
      options.log.warn({ err: error }, 'Kafka does not answer for a transaction: tries again')
    const transactions = keep(await Transactions.connect(settings.producer, isWanted, report))
    const offsets = keep(await Consumer.connect(settings.offsets))
    const group = keep(
      await Consumer.connect(settings.group, (kind, partitions) => {
        if (session?.isClosing) session.#assignment.release({ kind, partitions })
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
    this.#clients.group.client.subscribe(this.#assignment.streams)
    void this.#options.adoptOrphans(() => this.#isWanted && this.#failure === null)
    let next = this.#intake.read()
    while (this.#isWanted) {
      this.#pulse.at('reading')
      const batch = await next
      if (this.#failure !== null) throw this.#failure
      // By what the last turn has left: most of what has just come is taken in this one.
      this.#intake.regulate()
      this.#intake.offer(batch)
      this.#pulse.at('changing partitions')
      // Between two reads: nothing of an earlier assignment is under way.
      for (const rebalance of this.#rebalances.splice(0)) await this.#assignment.change(rebalance)
      next = this.#intake.read()
      // Awaited above; a failure of the work below must not leave it unhandled.
      next.catch(() => {})
      this.#pulse.at('taking records')
      await this.#intake.take()
      this.#clocks.mark(this.#slots.running())
      this.#pulse.at('committing')
      const due = this.#committer.due()
      if (due.length > 0) await this.#committer.commit(due)
      this.#turned()
    }
    await this.#committer.commit(this.#slots.active())
  }

  async close(): Promise<void> {
    this.#isWanted = false
    for (const slot of this.#slots.all()) slot.phase = 'closed'
    for (const rebalance of this.#rebalances.splice(0)) this.#assignment.release(rebalance)
    this.#streams.close()
    const { group, side, standby, offsets, transactions } = this.#clients
    const clients = [group, offsets, transactions].map((client) => client.disconnect())
    const closed = await Promise.allSettled([side.close(), standby?.close(), ...clients])
    for (const one of closed)
      if (one.status === 'rejected') this.#options.log.warn({ err: one.reason }, 'A client did not close')
  }

  tasks(): TaskStatus[] {
    const stuck = new Set(this.troubles().map(({ stage, partition }) => `${stage}/${partition}`))
    return this.#slots.all().map(({ task, clock, phase }) => ({
      stage: task.stage.name,
      partition: task.partition,
      phase,
      keys: task.keys,
      lag: clock.lag,
      clockMs: clock.ms,
      caughtUp: clock.caughtUp,
      isStuck: stuck.has(`${task.stage.name}/${task.partition}`),
      records: task.counts.taken,
      deadLetters: task.counts.deadLetters,
    }))
  }

  copies(): CopyStatus[] {
    return this.#clients.standby?.status() ?? []
  }

  /** What stands still and must not: pulse.ts. */
  troubles(): Trouble[] {
    const troubles = this.#pulse.troubles(performance.now())
    return this.#assignment.isMember ? troubles : [NOT_A_MEMBER, ...troubles]
  }

  loopStillMs(): number {
    return this.#pulse.loopStillMs(performance.now())
  }

  isReady(): boolean {
    if (this.troubles().length > 0) return false
    return this.#slots.all().every((slot) => slot.phase === 'running')
  }

  #turned(): void {
    const now = performance.now()
    this.#pulse.turned(this.#slots.all(), now)
    if (this.#pulse.deafMs(now) > DEAF_MAX_MS)
      this.fail(new Error(`The watermarks' reader has given nothing for ${DEAF_MAX_MS / 1_000} s.`))
  }
}
