// From a fresh clone to a running command: 1. a Node that strips types, 2. the packages, 3. the command under them.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packagesAreCurrent, setUpPackages } from './packages.mjs'
import { explain, SetupFailure } from './progress.mjs'
import { projectDir } from './project.mjs'
import { currentRuntime, runtimeIsReady, setUpRuntime } from './runtime.mjs'

/** Of our own code, for every process that is started from there: half of their start is reading it. */
const compileCache = { NODE_COMPILE_CACHE: join(projectDir, '.runtime/compile-cache') }

const commands = {
  /** The supervisor notices by the channel when this process is killed. */
  start: (args) => ({ script: 'ops/coldstream.ts', args: ['start', ...args], channel: true }),
  coldstream: (args) => ({ script: 'ops/coldstream.ts', args }),
  test: (args) => ({ script: 'node_modules/vitest/vitest.mjs', args: ['run', ...args] }),
  /** Any command, with the runtime and the packages' commands first on its PATH. */
  exec: ([program, ...args]) => ({ program, args }),
  /** Nothing but the set-up. */
  setup: () => undefined,
}

export async function bootstrap([name, ...args]) {
  const command = commands[name]
  if (command === undefined || (name === 'exec' && args.length === 0)) {
    console.error(`Use: node infra/bootstrap/run.mjs ${Object.keys(commands).join('|')} [arguments]`)
    process.exit(2)
  }
  try {
    const runtime = runtimeIsReady() ? currentRuntime() : await setUpRuntime()
    if (!packagesAreCurrent(runtime)) await setUpPackages(runtime)
    const what = command(args)
    if (what !== undefined) process.exitCode = await run(runtime, what)
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error
    console.error(`\n${explain(error)}`)
    process.exitCode = 1
  }
}

/** The `coldstream` command itself: in this very process where nothing has to be brought first. */
export async function coldstream(args) {
  const runtime = runtimeIsReady() ? currentRuntime() : undefined
  if (runtime?.node === process.execPath && packagesAreCurrent(runtime)) {
    await import(pathToFileURL(join(projectDir, 'ops/coldstream.ts')).href)
  } else {
    await bootstrap(['coldstream', ...args])
  }
}

function run(runtime, { script, program, args, channel }) {
  const path = [runtime.binDir, join(projectDir, 'node_modules/.bin'), process.env.PATH].join(':')
  const child = spawn(program ?? runtime.node, script ? [join(projectDir, script), ...args] : args, {
    stdio: channel ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    env: { ...(script?.startsWith('ops/') && compileCache), ...process.env, PATH: path },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to every process of the group itself; a second one would mean "at once".
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal))
  }
  if (channel && process.env.npm_lifecycle_event) followNpm(child)
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new SetupFailure(`Cannot run ${program ?? script}: ${error.message}`)),
    )
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

/** npm passes a SIGTERM to the shell that it runs us by, and that shell dies of it without telling anybody. */
function followNpm(child) {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 500)
  child.once('exit', () => clearInterval(timer))
}
