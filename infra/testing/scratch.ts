// The folder that holds the data of one test run's engines. A run that was killed leaves it, and its engines, behind: the
// next one ends them and removes it.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopLeftEngines } from '../local/local-engines.ts'
import { identityOf } from '../local/process-identity.ts'
import { removeDataDir } from '../local/unprivileged.ts'

const prefix = 'coldstream-test-'

export type Scratch = { dir: string; remove: () => Promise<void> }

export function openScratch(): Scratch {
  const dir = mkdtempSync(join(tmpdir(), prefix))
  chmodSync(dir, 0o755) // Postgres enters it as another user when root runs the tests
  writeFileSync(
    join(dir, 'owner.json'),
    JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) }),
  )
  return { dir, remove: () => remove(dir) }
}

export async function removeAbandonedScratches(): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))
  for (const dir of names.map((name) => join(tmpdir(), name))) if (isAbandoned(dir)) await remove(dir)
}

function isAbandoned(dir: string): boolean {
  try {
    const owner: { pid: number; identity: string } = JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8'))
    return identityOf(owner.pid) !== owner.identity
  } catch {
    return false // just being made, or another user's
  }
}

async function remove(dir: string): Promise<void> {
  await stopLeftEngines(dir)
  removeDataDir(dir)
}
