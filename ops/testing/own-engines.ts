// A broker and a database of a test's own, to be killed, frozen and starved: other files' engines stay as they are.
import { execFileSync } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineName } from '../../infra/local/engines.ts'
import { localEngines } from '../../infra/local/local-engines.ts'
import { findJava } from '../../infra/local/maven.ts'
import { anyPorts } from '../../infra/local/ports.ts'
import { openScratch } from '../../infra/testing/scratch.ts'

const DISK_MEBIBYTES = 192
const RESTART_WITHIN_MS = 40_000

type Own = Extract<EngineName, 'kafka' | 'postgres'>

export type OwnEngines = {
  kafkaBrokers: string
  databaseUrl: string
  /** The broker's disk is a small one of its own, in memory: only where this machine lets us mount one. */
  hasOwnDisk: boolean
  signal(engine: Own, signal: NodeJS.Signals): void
  /** Whether its process is there, answering or not. */
  isAlive(engine: Own): boolean
  /** Starts it again, on its ports and data. */
  start(engine: Own): Promise<void>
  /** Leaves nothing of the broker's disk. */
  fillDisk(): void
  freeDisk(): void
  stop(): Promise<void>
}

/** Local brokers need Java. */
export const hasJava = (): Promise<boolean> =>
  findJava().then(
    () => true,
    () => false,
  )

export async function startOwnEngines(): Promise<OwnEngines> {
  const scratch = openScratch()
  const { dir } = scratch
  // Written down, so that a second start gets the ports of the first.
  writeFileSync(join(dir, 'ports.json'), JSON.stringify(await anyPorts()))
  const disk = mountDisk()
  if (disk !== undefined) symlinkSync(disk, join(dir, 'kafka'))
  const start = (engines: Own[]) => localEngines(engines, { dataDir: dir, report: () => {}, ports: 'fixed' })
  const { kafkaBrokers = '', databaseUrl = '' } = await start(['kafka', 'postgres'])
  const pidOf = (engine: Own): number =>
    JSON.parse(readFileSync(join(dir, `pids/${engine}.json`), 'utf8')).pid
  const filler = join(dir, 'kafka/filler')
  return {
    kafkaBrokers,
    databaseUrl,
    hasOwnDisk: disk !== undefined,
    signal: (engine, signal) => void process.kill(pidOf(engine), signal),
    isAlive: (engine) => runs(pidOf(engine)),
    start: (engine) => patiently(() => start([engine])),
    fillDisk() {
      const { bavail, bsize } = statfsSync(join(dir, 'kafka'))
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
      } catch (error) {
        // The broker took some of it meanwhile: full is full.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    freeDisk: () => rmSync(filler, { force: true }),
    async stop() {
      await (
        await patiently(
          () => start(['kafka', 'postgres']),
          (engines) => engines,
        )
      ).stop()
      // What has just ended may hold the disk a moment longer.
      if (disk !== undefined) await patiently(async () => unmount(disk))
      await scratch.remove()
    },
  }
}

function runs(pid: number): boolean {
  try {
    // A child that has ended and was not waited for is a zombie, and no process any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const diskPrefix = join(tmpdir(), 'coldstream-disk-')

/** Outside of the scratch folder, so that one left behind by a killed run is in nobody's way. Undefined: not permitted. */
function mountDisk(): string | undefined {
  unmountAbandoned()
  const path = mkdtempSync(`${diskPrefix}${process.pid}-`)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEBIBYTES}m`, 'tmpfs', path], {
      stdio: 'ignore',
    })
    return path
  } catch {
    rmdirSync(path)
    return undefined
  }
}

function unmount(path: string): void {
  execFileSync('umount', [path], { stdio: 'ignore' })
  rmdirSync(path)
}

function unmountAbandoned(): void {
  const names = readdirSync(tmpdir()).map((name) => join(tmpdir(), name))
  for (const path of names.filter((name) => name.startsWith(diskPrefix))) {
    if (runs(Number.parseInt(path.slice(diskPrefix.length), 10))) continue
    try {
      unmount(path)
    } catch {
      // A broker of the killed run is still on it, or it belongs to somebody else.
    }
  }
}

/** Just after a kill a port or a lock file may still be held. */
async function patiently<T, R = void>(call: () => Promise<T>, take?: (value: T) => R): Promise<R> {
  const deadlineMs = performance.now() + RESTART_WITHIN_MS
  for (;;) {
    try {
      const value = await call()
      return take?.(value) as R
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(200)
    }
  }
}
