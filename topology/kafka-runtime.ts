// Runs a topology on Kafka. A process joins the topology's group; each partition of a stream that it is given makes a
// task. Clients that the broker has fenced off, or that failed in a way that cannot be repaired, are built anew, and the
// tasks with them, from what is committed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { Bulk } from './bulk.ts'
import type { ClockMode } from './clock-board.ts'
import type { Topology } from './define.ts'
import { type ConsumerSettings, isReplaced, type ProducerSettings } from './kafka-clients.ts'
import type { Trouble } from './pulse.ts'
import { Session } from './session.ts'
import type { CopyStatus } from './standby.ts'
import type { SlotPhase } from './task-slot.ts'

const REBUILD_PAUSE_MS = 500
const REBUILD_PAUSE_MAX_MS = 15_000
const TAKEN_WITHIN_MS = 30_000

export type Log = Record<'info' | 'warn' | 'error', (details: object, text: string) => void>

export type RuntimeOptions = {
  topology: Topology
  codecs: Codecs
  /** The name on the broker: with its prefix. */
  topicOf: (topic: TopicName) => string
  partitionsOf: (topic: TopicName) => number
  settings: {
    group: ConsumerSettings
    reader: ConsumerSettings
    offsets: ConsumerSettings
    producer: ProducerSettings
  }
  bulk: Bulk
  clock: ClockMode
  /** How far in the time of writing a process may run ahead of another one in a backlog: pace.ts. */
  slackMs: number
  /** Whether to keep warm copies of what other processes have: standby.ts. */
  hasStandby: boolean
  /** Sees to it that each partition of the group has an owner, after this process has joined it. Never rejects. */
  adoptOrphans: (isWanted: () => boolean) => Promise<void>
  nowMs: () => number
  commitIntervalMs: number
  commitRecordsMax: number
  log: Log
}

export type TaskStatus = {
  stage: string
  partition: number
  phase: SlotPhase
  keys: number
  lag: number
  clockMs: number
  caughtUp: boolean
  /** Whether its clock stands still and should not: pulse.ts. */
  isStuck: boolean
  records: number
  deadLetters: number
}

export type RuntimeTotals = {
  records: number
  deadLetters: number
  commits: number
  aborts: number
  rebuilds: number
  restoredRecords: number
  restoreMs: number
  /** Each commit's duration goes here: a histogram's observe. */
  onCommitMs: (ms: number) => void
}

export type Runtime = {
  /** Commits, leaves the group, closes the clients. */
  stop(): Promise<void>
  /** Rejects where the environment is wrong: a person has to act. */
  finished: Promise<void>
  tasks(): TaskStatus[]
  /** Warm copies of what others have. */
  copies(): CopyStatus[]
  /** Whether every task that the group has given to this process takes records, and nothing stands still. */
  isReady(): boolean
  /** What stands still and should not, in words, with its partition. */
  troubles(): Trouble[]
  /** How long the loop has not turned: a commit, or a broker that is away. */
  loopStillMs(): number
  totals: RuntimeTotals
}

export function startRuntime(options: RuntimeOptions): Runtime {
  const totals: RuntimeTotals = {
    records: 0,
    deadLetters: 0,
    commits: 0,
    aborts: 0,
    rebuilds: 0,
    restoredRecords: 0,
    restoreMs: 0,
    onCommitMs: () => {},
  }
  const life: Life = { session: null, isWanted: true, sinceMs: performance.now() }
  const finished = live(options, totals, life)
  // Whoever waits for it learns of its end; nobody has to.
  finished.catch(() => {})
  return {
    stop: () => {
      life.isWanted = false
      life.session?.stop()
      return finished
    },
    finished,
    tasks: () => life.session?.tasks() ?? [],
    copies: () => life.session?.copies() ?? [],
    isReady: () => life.session?.isReady() ?? false,
    troubles: () => life.session?.troubles() ?? [NO_CLIENTS],
    loopStillMs: () => life.session?.loopStillMs() ?? performance.now() - life.sinceMs,
    totals,
  }
}

/** `sinceMs`: since when there has been no session. */
type Life = { session: Session | null; isWanted: boolean; sinceMs: number }

const NO_CLIENTS: Trouble = {
  stage: null,
  partition: null,
  reason: 'The Kafka clients are being built, or built anew.',
}

async function live(options: RuntimeOptions, totals: RuntimeTotals, life: Life): Promise<void> {
  const instance = options.settings.group.global['group.instance.id']
  let pauseMs = REBUILD_PAUSE_MS
  let replacedMs = Number.NEGATIVE_INFINITY
  while (life.isWanted) {
    const startedMs = performance.now()
    try {
      await liveOnce(options, totals, life)
      return
    } catch (error) {
      if (error instanceof PipelineError && error.verdict === 'stop') throw error
      if (isReplaced(error)) {
        // Once may be the coordinator, after a long pause. Twice is another process of the same name.
        if (instance !== undefined && performance.now() - replacedMs < TAKEN_WITHIN_MS)
          throw new PipelineError('INSTANCE_TAKEN', { instance: String(instance) }, error)
        replacedMs = performance.now()
      }
      if (performance.now() - startedMs > REBUILD_PAUSE_MAX_MS) pauseMs = REBUILD_PAUSE_MS
      options.log.warn({ err: error, pauseMs }, 'The Kafka clients are built anew')
      totals.rebuilds++
      await sleep(pauseMs)
      pauseMs = Math.min(2 * pauseMs, REBUILD_PAUSE_MAX_MS)
    }
  }
}

async function liveOnce(options: RuntimeOptions, totals: RuntimeTotals, life: Life): Promise<void> {
  const session = await Session.open(options, totals, () => life.isWanted)
  life.session = session
  try {
    await session.run()
  } finally {
    life.session = null
    life.sinceMs = performance.now()
    await session.close()
  }
}
