// promtool, for the tests of the alert rules: the machine's own, else that of Debian's package, which is only unpacked, not
// installed, so that no Prometheus starts.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from '../local/setup-error.ts'

const run = promisify(execFile)
const unpacked = join(tmpdir(), 'coldstream-promtool')
const TIMEOUT_MS = 300_000

/** The path of promtool. Fetching takes up to a minute: call it in a hook with time for that. */
export async function promtoolPath(): Promise<string> {
  const kept = join(unpacked, 'usr/bin/promtool')
  const places = [
    process.env.PROMTOOL_PATH ?? '',
    ...(process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'promtool')),
    kept,
  ]
  const found = places.find((path) => path !== '' && existsSync(path))
  if (found !== undefined) return found
  await unpack()
  return kept
}

/** Beside its place first: another test process may do the same at this moment. */
async function unpack(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-promtool-'))
  const options = { cwd: dir, timeout: TIMEOUT_MS, maxBuffer: 64 << 20 }
  try {
    await run('apt-get', ['download', '-q', 'prometheus'], options).catch(async () => {
      await run('apt-get', ['update', '-q', '-o', 'DPkg::Lock::Timeout=240'], options)
      await run('apt-get', ['download', '-q', 'prometheus'], options)
    })
    const [archive = ''] = readdirSync(dir).filter((name) => name.endsWith('.deb'))
    mkdirSync(join(dir, 'root'))
    await run('dpkg', ['-x', archive, 'root'], options)
    if (!existsSync(unpacked)) renameSync(join(dir, 'root'), unpacked)
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(
      `The tests of the alert rules need promtool: install Prometheus (Debian/Ubuntu \`apt-get install prometheus\`), or set ` +
        `PROMTOOL_PATH. Fetching it failed:\n${(stderr || message).trimEnd()}`,
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
