// The process under measurement: `coldstream process` as it is, with a channel to its parent, who asks it how far it is and
// what it has cost. Its configuration is its one argument, as JSON.

import type { ProcessConfig } from '../topology/main.ts'
import { runProcess } from '../topology/main.ts'
import { topology } from '../topology/topology.ts'
import { Profile, threadCpuMs } from './cpu.ts'

export type Ask = 'progress' | 'begin' | 'end' | 'totals'

export type Progress = {
  isReady: boolean
  /** Records taken of committed transactions, tables included. */
  taken: Record<string, number>
  keys: Record<string, number>
  tasks: number
  /** Where its tasks stand, each of which has read all there is; null: not all of them have. */
  clocksMs: number[] | null
}

type Setup = { config: ProcessConfig; profile: string | undefined }

const setup = JSON.parse(process.argv[2] ?? '') as Setup
const running = await runProcess(setup.config, topology)
const profile = new Profile()
let cpuBefore: Record<string, number> = {}
let commitsMs: number[] = []
const observe = running.runtime.totals.onCommitMs
running.runtime.totals.onCommitMs = (ms) => {
  commitsMs.push(ms)
  observe(ms)
}

function progress(): Progress {
  const taken: Record<string, number> = {}
  const keys: Record<string, number> = {}
  const tasks = running.runtime.tasks()
  for (const task of tasks) {
    taken[task.stage] = (taken[task.stage] ?? 0) + task.records
    keys[task.stage] = (keys[task.stage] ?? 0) + task.keys
  }
  const isAtEnd = tasks.every(({ phase, caughtUp, lag }) => phase === 'running' && caughtUp && lag === 0)
  const clocksMs = isAtEnd ? [...new Set(tasks.map(({ clockMs }) => clockMs))] : null
  return { isReady: running.runtime.isReady(), taken, keys, tasks: tasks.length, clocksMs }
}

async function begin(): Promise<void> {
  commitsMs = []
  await profile.start()
  cpuBefore = threadCpuMs()
}

async function finish() {
  const after = threadCpuMs()
  const threads = Object.entries(after).map(([name, ms]): [string, number] => [
    name,
    ms - (cpuBefore[name] ?? 0),
  ])
  return { threads: Object.fromEntries(threads), phases: await profile.stop(setup.profile), commitsMs }
}

const answers: Record<Ask, () => unknown> = {
  progress,
  begin,
  end: finish,
  totals: () => ({
    ...running.runtime.totals,
    rssBytes: process.memoryUsage.rss(),
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
  }),
}

process.on('message', async ({ id, ask }: { id: number; ask: Ask }) => {
  process.send?.({ id, answer: await answers[ask]() })
})
process.once('disconnect', () => process.exit(2))
process.once('SIGTERM', () => {
  running.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
process.send?.({ id: 0 })
await running.finished
