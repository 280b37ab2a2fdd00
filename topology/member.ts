// One member of a `--threads`: a child process with a runtime of its own, that tells its parent how it is. Processes and not
// worker threads, because node-rdkafka's addon loads once a process ("Module did not self-register" in a second thread).

import type { Topology } from './define.ts'
import type { RuntimeTotals, TaskStatus } from './kafka-runtime.ts'
import { openRuntime, type ProcessConfig } from './main.ts'
import type { Trouble } from './pulse.ts'
import { asFailure } from './records.ts'
import type { CopyStatus } from './standby.ts'

const REPORT_EVERY_MS = 100
/** All is committed and closed by then: what a client still holds must not keep the parent waiting. */
const END_WITHIN_MS = 5_000

export type MemberReport = {
  tasks: TaskStatus[]
  copies: CopyStatus[]
  isReady: boolean
  troubles: Trouble[]
  loopStillMs: number
  totals: Omit<RuntimeTotals, 'onCommitMs'>
  /** Durations of the commits since the last report. */
  commitsMs: number[]
}

/** What it says before it ends where a person has to act: its parent ends, too. */
export type LastWords = { code: string; message: string }

export type FromMember = { report: MemberReport } | { lastWords: LastWords }
export type ToMember = { stop: true }

/** Until the parent says so, or is gone. */
export async function runMember(config: ProcessConfig, topology: Topology): Promise<void> {
  const runtime = await openRuntime(config, topology)
  let commitsMs: number[] = []
  runtime.totals.onCommitMs = (ms) => commitsMs.push(ms)
  // Its end is waited for below.
  process.on('message', (_: ToMember) => void runtime.stop().catch(() => {}))
  process.once('disconnect', () => runtime.stop().catch(() => {}))
  const reporting = setInterval(() => {
    const { onCommitMs: _, ...totals } = runtime.totals
    send({
      report: {
        tasks: runtime.tasks(),
        copies: runtime.copies(),
        isReady: runtime.isReady(),
        troubles: runtime.troubles(),
        loopStillMs: runtime.loopStillMs(),
        totals,
        commitsMs,
      },
    })
    commitsMs = []
  }, REPORT_EVERY_MS)
  try {
    await runtime.finished
  } catch (error) {
    const { code, message } = asFailure(error, 'member')
    send({ lastWords: { code, message } })
    process.exitCode = 1
  } finally {
    clearInterval(reporting)
    if (process.connected) process.disconnect()
    setTimeout(() => process.exit(), END_WITHIN_MS).unref()
  }
}

function send(message: FromMember): void {
  if (process.connected) process.send?.(message)
}
