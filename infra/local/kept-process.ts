// An engine's process, outliving this one if it must: it is written down in a pid file, so that whoever comes after a
// kill -9 finds it again, and it has a process group of its own, so that Ctrl-C in the terminal does not reach it before
// the processes that still flush into it.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identityOf } from './process-identity.ts'
import { SetupError } from './setup-error.ts'

export type Ports = Record<string, number>

export type Command = {
  name: string
  file: string
  args: string[]
  env: NodeJS.ProcessEnv
  cwd: string
  uid?: number
  gid?: number
  pidFile: string
  /** Where the process's own standard output and error go. */
  outputFile: string
  stopSignal: 'SIGTERM' | 'SIGINT'
  stopGraceMs: number
}

export type KeptProcess = { pid: number; identity: string; ports: Ports }

export function launch(command: Command, ports: Ports): KeptProcess {
  mkdirSync(dirname(command.outputFile), { recursive: true })
  mkdirSync(dirname(command.pidFile), { recursive: true })
  const output = openSync(command.outputFile, 'w')
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['ignore', output, output],
    ...(command.uid === undefined ? {} : { uid: command.uid }),
    ...(command.gid === undefined ? {} : { gid: command.gid }),
  })
  closeSync(output)
  child.on('error', () => {}) // a missing pid tells the same, at once
  child.unref()
  const identity = child.pid === undefined ? undefined : identityOf(child.pid)
  if (child.pid === undefined || identity === undefined) throw endedEarly(command)
  const kept = { pid: child.pid, identity, ports }
  writeFileSync(command.pidFile, JSON.stringify(kept))
  return kept
}

/** The process that an earlier run has left behind, if it still runs. */
export function findKept(pidFile: string): KeptProcess | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(pidFile, 'utf8'))
    return isKept(kept) && isRunning(kept) ? kept : undefined
  } catch {
    return undefined // absent, or cut off by a crash while it was written
  }
}

function isKept(value: unknown): value is KeptProcess {
  const kept = value as Partial<KeptProcess> | null
  return typeof kept?.pid === 'number' && typeof kept.identity === 'string' && typeof kept.ports === 'object'
}

export function isRunning(kept: KeptProcess): boolean {
  return identityOf(kept.pid) === kept.identity
}

export async function waitUntilReady(
  command: Command,
  kept: KeptProcess,
  isReady: () => Promise<boolean>,
  timeoutMs = 90_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await isReady())) {
    if (!isRunning(kept)) throw endedEarly(command)
    if (performance.now() > deadlineMs) {
      throw new SetupError(
        `${command.name} did not answer within ${timeoutMs / 1000} s. Its log is ${command.outputFile}:\n` +
          logTail(command.outputFile),
      )
    }
    await sleep(50)
  }
}

/** Asks, waits, insists; signals only the very process that was started. */
export async function end(
  kept: KeptProcess,
  how: Pick<Command, 'pidFile' | 'stopSignal' | 'stopGraceMs'>,
): Promise<void> {
  await signalAndWait(kept, how.stopSignal, how.stopGraceMs)
  await signalAndWait(kept, 'SIGKILL', 5_000)
  if (!isRunning(kept)) rmSync(how.pidFile, { force: true })
}

async function signalAndWait(kept: KeptProcess, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!isRunning(kept)) return
  try {
    process.kill(kept.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
    throw error
  }
  const deadlineMs = performance.now() + graceMs
  while (isRunning(kept) && performance.now() < deadlineMs) await sleep(25)
}

function endedEarly(command: Command): SetupError {
  return new SetupError(
    `${command.name} ended while it was starting. The end of its log, ${command.outputFile}:\n` +
      logTail(command.outputFile),
  )
}

export function logTail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  } catch {
    return '(no log)'
  }
}
