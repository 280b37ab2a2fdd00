// `npm ci` under the runtime, when the installed packages are not those of package-lock.json or were compiled for another
// Node. A stamp in node_modules makes the usual case one file to read.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { withLock } from './lock.mjs'
import { runVisibly, SetupFailure } from './progress.mjs'
import { npmCommand, npmEnvironment, projectDir, runtimeDir } from './project.mjs'

const stampFile = join(projectDir, 'node_modules/.coldstream-stamp')

export function packagesAreCurrent(runtime) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp(runtime)
}

function stamp({ abi }) {
  const lock = readFileSync(join(projectDir, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  return `${hash} ${process.platform}-${process.arch} abi ${abi}\n`
}

export async function setUpPackages(runtime) {
  await withLock(join(runtimeDir, 'setup.lock'), async () => {
    if (packagesAreCurrent(runtime)) return
    // Somebody who runs npm by hand has them already; then only the stamp is missing.
    if (!matchesLock() || !loadsNative(runtime)) await install(runtime)
    pruneBuild()
    writeFileSync(stampFile, stamp(runtime))
  })
}

async function install(runtime) {
  requireCompiler()
  await runVisibly(
    'Installing packages (npm ci; compiling the Kafka client takes 1–2 minutes)',
    [...npmCommand(runtime.node), 'ci', '--foreground-scripts', '--no-audit', '--no-fund', '--include=dev'],
    {
      env: npmEnvironment(runtime),
      cwd: projectDir,
      logFile: join(runtimeDir, 'logs/npm-ci.log'),
      stageOf,
      failure: '`npm ci` failed.',
    },
  )
  if (loadsNative(runtime)) return
  // An npm that asks before it runs install scripts has skipped the build.
  await runVisibly(
    'Compiling the Kafka client (node-rdkafka)',
    [...npmCommand(runtime.node), 'rebuild', '--foreground-scripts', 'node-rdkafka'],
    {
      env: npmEnvironment(runtime),
      cwd: projectDir,
      logFile: join(runtimeDir, 'logs/npm-rebuild.log'),
      stageOf,
      failure: 'node-rdkafka could not be compiled.',
    },
  )
  if (!loadsNative(runtime)) throw new SetupFailure('node-rdkafka was installed, but cannot be loaded.')
}

function stageOf(line) {
  if (/Configuring librdkafka|checking for|gyp info/.test(line)) return 'configuring node-rdkafka'
  const compiled = /^\s*(?:gcc|g\+\+|cc|c\+\+|CC|CXX)\b.*?([\w.-]+\.(?:c|cc|cpp|o))\b/.exec(line)
  return compiled ? `compiling node-rdkafka, ${compiled[1]}` : undefined
}

function requireCompiler() {
  const missing = [
    ['python3', process.env.PYTHON ?? process.env.npm_config_python, ['python3', 'python']],
    ['make', undefined, ['make', 'gmake']],
    ['g++', process.env.CXX, ['c++', 'g++', 'clang++']],
  ].filter(([, given, names]) => !given && !names.some(isOnPath))
  if (missing.length === 0) return
  throw new SetupFailure(
    `The Kafka client is compiled on this machine, which needs ${missing.map(([name]) => name).join(', ')}. ` +
      'Debian/Ubuntu: `apt-get install python3 make g++`, macOS: `xcode-select --install`.',
  )
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

function loadsNative({ node }) {
  return spawnSync(node, ['-e', "require('node-rdkafka')"], { cwd: projectDir }).status === 0
}

/** npm writes down what it has installed; packages for other platforms are in the lock file only. */
function matchesLock() {
  const installedFile = join(projectDir, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return false
  const { '': _root, ...wanted } = JSON.parse(
    readFileSync(join(projectDir, 'package-lock.json'), 'utf8'),
  ).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  return (
    Object.entries(wanted).every(([path, { version, optional, peer }]) =>
      installed[path] === undefined ? optional || peer : installed[path].version === version,
    ) && Object.keys(installed).every((path) => wanted[path] !== undefined)
  )
}

/** node-rdkafka leaves half a gigabyte of build; it loads its addon and two shared libraries. */
function pruneBuild() {
  const home = join(projectDir, 'node_modules/node-rdkafka')
  const isLoaded = (name) => /\.node$|\.so(\.\d+)*$|\.dylib$/.test(name)
  for (const folder of ['build/Release', 'build/deps']) {
    if (!existsSync(join(home, folder))) continue
    for (const name of readdirSync(join(home, folder))) {
      if (!isLoaded(name)) rmSync(join(home, folder, name), { recursive: true, force: true })
    }
  }
  rmSync(join(home, 'deps/librdkafka'), { recursive: true, force: true })
}
