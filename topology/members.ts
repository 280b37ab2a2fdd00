// `--threads N`: N members of the group in child processes of this one, seen from outside as one process: one health, one set
// of metrics, one end. A member that crashes is started again under its name and takes its partitions back.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../schemas/failure.ts'
import type { Log, Runtime, RuntimeTotals } from './kafka-runtime.ts'
import type { FromMember, LastWords, MemberReport, ToMember } from './member.ts'
import type { Trouble } from './pulse.ts'

const RESTART_PAUSE_MS = 500
const RESTART_PAUSE_MAX_MS = 15_000
const HEALTHY_AFTER_MS = 30_000
const SILENT_AFTER_MS = 30_000
/** One that has reported and is silent for so long hangs: it is ended, and started again. */
const HUNG_AFTER_MS = 60_000
const LOOK_EVERY_MS = 5_000

export type MembersOptions = {
  count: number
  /** Starts the `i`th, from 1, with an IPC channel of advanced serialization. */
  fork: (i: number) => ChildProcess
  log: Log
}

/** `heardMs`: when its last report came, or when it was started. */
type Member = { child: ChildProcess | null; report: MemberReport | null; heardMs: number }
type Life = { isWanted: boolean; lastWords: LastWords | null }

export function startMembers(options: MembersOptions): Runtime {
  const members: Member[] = Array.from({ length: options.count }, () => ({
    child: null,
    report: null,
    heardMs: performance.now(),
  }))
  const life: Life = { isWanted: true, lastWords: null }
  const totals = new Totals()
  const stop = (): void => {
    life.isWanted = false
    for (const { child } of members) tell(child, { stop: true })
  }
  const finished = Promise.all(
    members.map((member, i) => keep(member, i + 1, { options, life, totals, stop })),
  ).then(() => {
    const words = life.lastWords
    if (words !== null) throw new PipelineError('MEMBER_ENDED', { ...words })
  })
  finished.catch(() => {})
  return {
    stop: () => {
      stop()
      return finished
    },
    finished,
    tasks: () => members.flatMap(({ report }) => report?.tasks ?? []),
    copies: () => members.flatMap(({ report }) => report?.copies ?? []),
    isReady: () => members.every((member) => member.report?.isReady === true && !isSilent(member)),
    troubles: () => members.flatMap(troublesOf),
    loopStillMs: () => Math.max(...members.map(loopStillMsOf)),
    totals,
  }
}

const sinceHeardMs = ({ heardMs }: Member): number => performance.now() - heardMs

/** It reports ten times a second: its last report says nothing of how it is now. */
const isSilent = (member: Member): boolean => sinceHeardMs(member) > SILENT_AFTER_MS

function troublesOf(member: Member, i: number): Trouble[] {
  const of = (reason: string): Trouble => ({
    stage: null,
    partition: null,
    reason: `Member ${i + 1} ${reason}.`,
  })
  if (member.report === null) return [of('is starting')]
  const troubles = member.report.troubles.map((one) => ({ ...one, reason: `Member ${i + 1}: ${one.reason}` }))
  const seconds = Math.round(sinceHeardMs(member) / 1_000)
  return isSilent(member) ? [of(`has said nothing for ${seconds} s`), ...troubles] : troubles
}

const loopStillMsOf = (member: Member): number =>
  Math.max(member.report?.loopStillMs ?? 0, isSilent(member) ? sinceHeardMs(member) : 0)

type Keeping = {
  options: MembersOptions
  life: Life
  totals: Totals
  stop: () => void
}

async function keep(member: Member, number: number, keeping: Keeping): Promise<void> {
  const { options, life } = keeping
  let pauseMs = RESTART_PAUSE_MS
  while (life.isWanted) {
    const startedMs = performance.now()
    const how = await runOnce(member, options.fork(number), keeping)
    if (!life.isWanted) return
    if (performance.now() - startedMs > HEALTHY_AFTER_MS) pauseMs = RESTART_PAUSE_MS
    options.log.warn({ member: number, how, pauseMs }, 'A member has ended by itself, and is started again')
    await sleep(pauseMs)
    pauseMs = Math.min(2 * pauseMs, RESTART_PAUSE_MAX_MS)
  }
}

/** Returns how it ended. */
function runOnce(member: Member, child: ChildProcess, keeping: Keeping): Promise<string> {
  const { life, totals, stop, options } = keeping
  member.child = child
  member.heardMs = performance.now()
  child.on('message', (message: FromMember) => {
    if ('lastWords' in message) {
      life.lastWords ??= message.lastWords
      stop()
      return
    }
    totals.add(member.report, message.report)
    member.report = message.report
    member.heardMs = performance.now()
  })
  const looking = setInterval(() => {
    // Before its first report it may wait for Kafka or the registry.
    if (member.report === null || sinceHeardMs(member) < HUNG_AFTER_MS) return
    options.log.error({ pid: child.pid }, 'A member hangs: it is ended, and started again')
    child.kill('SIGKILL')
  }, LOOK_EVERY_MS)
  return new Promise((resolve) => {
    const ended = (how: string): void => {
      clearInterval(looking)
      member.child = null
      member.report = null
      resolve(how)
    }
    child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
    child.once('error', (error) => ended(error.message))
  })
}

function tell(child: ChildProcess | null, message: ToMember): void {
  if (child?.connected) child.send(message, () => {}) // it may end in this moment
}

/** Counters that go on where a member is started again from 0. */
class Totals implements RuntimeTotals {
  records = 0
  deadLetters = 0
  commits = 0
  aborts = 0
  rebuilds = 0
  restoredRecords = 0
  restoreMs = 0
  onCommitMs: (ms: number) => void = () => {}

  add(before: MemberReport | null, { totals, commitsMs }: MemberReport): void {
    for (const name of Object.keys(totals) as (keyof typeof totals)[])
      this[name] += totals[name] - (before?.totals[name] ?? 0)
    for (const ms of commitsMs) this.onCommitMs(ms)
  }
}
