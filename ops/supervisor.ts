// Keeps a list of processes running: starts them, restarts those that crash, and ends them with everything they have
// started. What a killed supervisor left behind is found by its pid files and ended first.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, findKept, logTail } from '../infra/local/kept-process.ts'
import { identityOf } from '../infra/local/process-identity.ts'
import { SetupError } from '../infra/local/setup-error.ts'

export type ProcessSpec = {
  name: string
  /** Of Node: the script and its arguments. */
  args: string[]
  env: NodeJS.ProcessEnv
  /** Tells whether it does its work by now. */
  isReady: () => Promise<boolean>
}

export type SupervisorOptions = {
  dataDir: string
  report: (line: string) => void
  stopGraceMs?: number
  readyTimeoutMs?: number
  firstBackoffMs?: number
}

export type Supervisor = {
  /** Starts these beside those that run, and waits until all are ready. */
  start: (specs: ProcessSpec[]) => Promise<void>
  stop: () => Promise<void>
  /** Does not wait for anybody: for the second Ctrl-C. */
  kill: () => void
}

type Supervised = {
  spec: ProcessSpec
  child: ChildProcess | undefined
  crashes: number
  ended: Promise<void>
}

const backoffMaxMs = 30_000
const healthyAfterMs = 60_000
const crashesBeforeReadyMax = 3
const logBytesMax = 20_000_000
const exitWithParent = join(import.meta.dirname, 'exit-with-parent.ts')

export function supervise(options: SupervisorOptions): Supervisor {
  const { dataDir, report, stopGraceMs = 15_000, readyTimeoutMs = 60_000, firstBackoffMs = 500 } = options
  const all: Supervised[] = []
  const stopping = new AbortController()
  mkdirSync(join(dataDir, 'logs'), { recursive: true })
  mkdirSync(join(dataDir, 'pids'), { recursive: true })

  async function keep(one: Supervised): Promise<void> {
    while (!stopping.signal.aborted) {
      const startMs = performance.now()
      const how = await runOnce(one, dataDir)
      if (stopping.signal.aborted) return
      if (performance.now() - startMs > healthyAfterMs) one.crashes = 0
      one.crashes += 1
      const waitMs = Math.min(backoffMaxMs, firstBackoffMs * 2 ** (one.crashes - 1))
      report(
        `${one.spec.name} ${how}; starting it again in ${waitMs / 1000} s. Its log: ${logOf(dataDir, one.spec)}`,
      )
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {}) // cut short by the stop
    }
  }

  async function waitUntilReady(one: Supervised): Promise<void> {
    const deadlineMs = performance.now() + readyTimeoutMs
    while (!(await one.spec.isReady())) {
      if (stopping.signal.aborted) return
      if (one.crashes >= crashesBeforeReadyMax)
        throw neverReady(one.spec, dataDir, 'ends whenever it is started')
      if (performance.now() > deadlineMs) throw neverReady(one.spec, dataDir, 'is not ready')
      await sleep(50)
    }
    report(`${one.spec.name}: ready.`)
  }

  return {
    async start(specs) {
      await Promise.all(specs.map((spec) => endLeft(spec.name, { dataDir, report, stopGraceMs })))
      const added = specs.map(
        (spec): Supervised => ({ spec, child: undefined, crashes: 0, ended: Promise.resolve() }),
      )
      for (const one of added) one.ended = keep(one)
      all.push(...added)
      await Promise.all(added.map(waitUntilReady))
    },

    async stop() {
      stopping.abort()
      for (const { child } of all) child?.kill('SIGTERM')
      const timer = setTimeout(() => killGroups(all), stopGraceMs)
      await Promise.all(all.map(({ ended }) => ended))
      clearTimeout(timer)
    },

    kill: () => killGroups(all),
  }
}

/** Runs it to its end and tells how it ended. */
async function runOnce(one: Supervised, dataDir: string): Promise<string> {
  const { spec } = one
  const logFile = logOf(dataDir, spec)
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax)
    renameSync(logFile, `${logFile}.1`)
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, ['--import', exitWithParent, ...spec.args], {
    env: spec.env,
    // Of its own group: Ctrl-C reaches the supervisor alone, and what it starts itself can be ended with it.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  one.child = child
  const pidFile = pidFileOf(dataDir, spec.name)
  const { pid } = child
  if (pid !== undefined) writeFileSync(pidFile, JSON.stringify({ pid, identity: identityOf(pid), ports: {} }))
  const how = await endOf(child)
  if (pid !== undefined) killGroup(pid)
  one.child = undefined
  rmSync(pidFile, { force: true })
  return how
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message})`))
    child.once('exit', (code, signal) =>
      resolve(signal ? `was ended by ${signal}` : `has ended with code ${code}`),
    )
  })
}

type Leftovers = Required<Pick<SupervisorOptions, 'dataDir' | 'report' | 'stopGraceMs'>>

/** The processes of a supervisor that was killed end by themselves, but it takes a moment, and one that hangs does not. */
export async function endLeft(name: string, { dataDir, report, stopGraceMs }: Leftovers): Promise<void> {
  const pidFile = pidFileOf(dataDir, name)
  const left = findKept(pidFile)
  if (left === undefined) return
  report(`${name}: an earlier start left it running (pid ${left.pid}), ended.`)
  await end(left, { pidFile, stopSignal: 'SIGTERM', stopGraceMs })
  killGroup(left.pid)
}

function killGroups(all: readonly Supervised[]): void {
  for (const { child } of all) if (child?.pid !== undefined) killGroup(child.pid)
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function neverReady(spec: ProcessSpec, dataDir: string, what: string): SetupError {
  const log = logOf(dataDir, spec)
  return new SetupError(`${spec.name} ${what}. The end of its log, ${log}:\n${logTail(log)}`)
}

const logOf = (dataDir: string, spec: ProcessSpec) => join(dataDir, `logs/${spec.name}.log`)
const pidFileOf = (dataDir: string, name: string) => join(dataDir, `pids/${name}.json`)
