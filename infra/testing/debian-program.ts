// Programs that tests need and npm does not have: what the machine has, else, where root runs the tests and apt is there, as
// in CI, Debian's package. A service that the package brings is not started.
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from '../local/setup-error.ts'

const run = promisify(execFile)
const installTimeoutMs = 300_000
const installing = new Map<string, Promise<void>>()

/** The path of the first of `names` that is there. Installing takes up to a minute: call it in a hook with time for that. */
export async function debianProgram(
  names: readonly string[],
  debianPackage: string,
  otherwise: string,
): Promise<string> {
  const found = findOf(names)
  if (found !== undefined) return found
  if (!mayInstall()) throw new SetupError(otherwise)
  const running = installing.get(debianPackage) ?? install(debianPackage)
  installing.set(debianPackage, running)
  await running
  const installed = findOf(names)
  if (installed === undefined) throw new SetupError(otherwise)
  return installed
}

/** For tests that are skipped, visibly, where it is not and cannot be had. */
export const canHave = (names: readonly string[]): boolean => findOf(names) !== undefined || mayInstall()

const mayInstall = () => process.getuid?.() === 0 && findOf(['apt-get']) !== undefined

function findOf(names: readonly string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function install(debianPackage: string): Promise<void> {
  process.stderr.write(`Installing ${debianPackage} with apt-get, for the tests …\n`)
  // Two test processes may want it at once: the second waits for dpkg's lock. In runlevel 1 no service is started.
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    timeout: installTimeoutMs,
    maxBuffer: 64 << 20,
  }
  const waiting = ['-o', 'DPkg::Lock::Timeout=240']
  try {
    await run('apt-get', ['update', '-q', ...waiting], options)
    await run(
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', ...waiting, debianPackage],
      options,
    )
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(`apt-get could not install ${debianPackage}:\n${(stderr || message).trimEnd()}`)
  }
}
