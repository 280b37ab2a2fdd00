// The browser of the page tests: Debian's chromium or whatever the machine has. Where root runs the tests and apt is there,
// as in CI, it is installed; else one sentence says how.
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { SetupError } from '../local/setup-error.ts'

const run = promisify(execFile)
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const places = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/snap/bin/chromium']
const installTimeoutMs = 300_000

let installing: Promise<void> | undefined

// Without the last four, Chromium looks its makers' hosts up at every start.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Without a window. Call it in a hook with time for an installation. */
export const launchChromium = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await chromiumPath(), args: flags })

/** The path of an installed browser. Installing takes up to a minute: call it in a hook with time for that. */
async function chromiumPath(): Promise<string> {
  const found = findChromium()
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || find('apt-get') === undefined) throw missing()
  installing ??= install()
  await installing
  const installed = findChromium()
  if (installed === undefined) throw missing()
  return installed
}

function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH
  if (given) return given
  return names.map(find).find((path) => path !== undefined) ?? places.find(isExecutable)
}

function find(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function install(): Promise<void> {
  process.stderr.write('Installing chromium with apt-get, for the tests of the pages …\n')
  // Two test processes may want it at once: the second waits for dpkg's lock.
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: installTimeoutMs,
    maxBuffer: 64 << 20,
  }
  const waiting = ['-o', 'DPkg::Lock::Timeout=240']
  try {
    await run('apt-get', ['update', '-q', ...waiting], options)
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...waiting, 'chromium'], options)
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SetupError(`apt-get could not install chromium:\n${(stderr || message).trimEnd()}`)
  }
}

function missing(): SetupError {
  return new SetupError(
    'The tests of the pages need Chromium: Debian/Ubuntu `apt-get install chromium`, macOS `brew install --cask chromium`; ' +
      'or set CHROMIUM_PATH.',
  )
}
