// The housekeeper's loop: looks what is due, runs it, renews the lease meanwhile, and writes down how it ended.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Postgres } from '../../infra/postgres.ts'
import type { Work } from '../partitions/work.ts'
import {
  checkLease,
  claim,
  type Ended,
  LEASE_MS,
  LeaseLost,
  type Run,
  registerTasks,
  release,
  renew,
} from './lease.ts'
import { nextRun } from './schedule.ts'
import { type Task, Unfinished } from './task.ts'

export type RunnerOptions = {
  db: Postgres
  directUrl: string
  tasks: readonly Task[]
  /** Named in the history. */
  owner: string
  log: Logger
  nowMs: () => number
  leaseMs?: number
  lookEveryMs?: number
  /** After each run, however it ended. */
  onEnded?: () => void
}

const LOOK_EVERY_MS = 1_000
const RETRY_AFTER_MS = 10 * 60_000
const AWAY_PAUSE_MS = 5_000

export class Runner {
  readonly #options: RunnerOptions
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #isRegistered = false
  /** Whether the database answered the last time. */
  isUp = false

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Until `stop`. Postgres may be away at any time. */
  async run(): Promise<void> {
    const { log, lookEveryMs = LOOK_EVERY_MS } = this.#options
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#register()
        while (await this.#takeOne()) {}
        this.isUp = true
        await this.#pause(lookEveryMs)
      } catch (error) {
        this.isUp = false
        log.warn({ err: error }, 'The housekeeper cannot look what is due; it looks again')
        await this.#pause(AWAY_PAUSE_MS)
      }
    }
    await Promise.allSettled([...this.#running])
  }

  /** What runs is told to end; `run` resolves once it has. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Now, whatever its schedule says; waits for another process that has it. Rejects where it fails. */
  async runNow(name: string, cause: string): Promise<Ended> {
    const { db, owner, tasks, leaseMs } = this.#options
    const task = tasks.find((one) => one.name === name)
    if (task === undefined) throw new Error(`There is no task ${name}.`)
    await registerTasks(db, [task], false)
    for (;;) {
      const run = await claim(db, [name], owner, { now: cause, ...(leaseMs ? { leaseMs } : {}) })
      if (run !== undefined) return this.#perform(task, run)
      await this.#pause(LOOK_EVERY_MS)
    }
  }

  async #register(): Promise<void> {
    if (this.#isRegistered) return
    await registerTasks(this.#options.db, this.#options.tasks, true)
    this.#isRegistered = true
  }

  async #takeOne(): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false
    const { db, tasks, owner, leaseMs } = this.#options
    const names = tasks.map(({ name }) => name)
    const run = await claim(db, names, owner, leaseMs ? { leaseMs } : {})
    const task = tasks.find(({ name }) => name === run?.task)
    if (run === undefined || task === undefined) return false
    const performing = this.#perform(task, run).finally(() => this.#running.delete(performing))
    this.#running.add(performing)
    return true
  }

  async #perform(task: Task, run: Run): Promise<Ended> {
    const { db, log, nowMs } = this.#options
    const lost = new AbortController()
    const renewing = setInterval(() => void this.#renew(run, lost), (this.#options.leaseMs ?? LEASE_MS) / 3)
    const ended = await this.#work(task, run, lost.signal).finally(() => clearInterval(renewing))
    const due = nextRun(task.schedule, new Date(nowMs()))
    const soon = new Date(nowMs() + RETRY_AFTER_MS)
    const nextAt = ended.outcome === 'failed' && soon < due ? soon : due
    await release(db, run, ended, nextAt).catch((error) =>
      log.error({ err: error, task: task.name }, 'How the task ended could not be written down'),
    )
    this.#options.onEnded?.()
    return ended
  }

  async #work(task: Task, run: Run, lost: AbortSignal): Promise<Ended> {
    const { db, directUrl, log, nowMs } = this.#options
    const work: Work = {
      ...{ db, directUrl, nowMs, runId: run.id },
      report: (line) => log.info({ task: task.name, run: run.id }, line),
      signal: AbortSignal.any([lost, this.#stopping.signal]),
      guard: (sql) => checkLease(sql, run),
    }
    try {
      const summary = await task.run(work)
      log.info({ task: task.name, run: run.id, summary }, 'Done')
      return { outcome: 'succeeded', summary }
    } catch (error) {
      log.error({ err: error, task: task.name, run: run.id }, 'The task failed; it is tried again')
      const summary = error instanceof Unfinished ? error.summary : {}
      return { outcome: 'failed', summary, error: (error as Error).message }
    }
  }

  async #renew(run: Run, lost: AbortController): Promise<void> {
    try {
      if (!(await renew(this.#options.db, run, this.#options.leaseMs))) lost.abort(new LeaseLost(run.task))
    } catch (error) {
      this.#options.log.warn({ err: error }, 'The lease could not be renewed')
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {}) // cut short by the stop
  }
}
