// One data folder belongs to one supervisor at a time: two would stop each other's engines.
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf } from './process-identity.ts'
import { SetupError } from './setup-error.ts'

type Owner = { pid: number; identity: string | undefined }

/** Returns what gives it back. The lock of a process that was killed counts no more. */
export function takeDataFolder(dataDir: string): () => void {
  makeWritable(dataDir)
  const path = join(dataDir, 'owner.json')
  const mine = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) } satisfies Owner)
  if (!create(path, mine)) {
    const owner = readOwner(path)
    if (owner !== undefined && identityOf(owner.pid) === owner.identity) throw taken(dataDir, owner.pid)
    rmSync(path, { force: true })
    if (!create(path, mine)) throw taken(dataDir, readOwner(path)?.pid)
  }
  return () => {
    if (readOwner(path)?.pid === process.pid) rmSync(path, { force: true })
  }
}

function makeWritable(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true })
    accessSync(dataDir, constants.W_OK)
  } catch (error) {
    throw new SetupError(
      `The data folder ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}): an earlier start was ` +
        "perhaps another user's. Give this one a folder of its own with --data-dir.",
    )
  }
}

function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined // gone, or cut off by a crash
  }
}

function taken(dataDir: string, pid: number | undefined): SetupError {
  return new SetupError(
    `Coldstream already runs on the data in ${dataDir}${pid === undefined ? '' : ` (pid ${pid})`}. ` +
      'Stop it first, or give this one a folder of its own with --data-dir.',
  )
}
