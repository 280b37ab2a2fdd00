// `npm run mutation`: do the tests notice when the pure core is changed? Every mutant is tried on some hundred worlds; what
// they let pass is tried by the tests of the processors. What survives is listed, to be explained in docs/mutation.md.
//
//   npm run mutation                          all of the core, some ten minutes
//   npm run mutation -- processors/door.ts    one file
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Mutant, mutantsOf } from './mutants.ts'

const core = [
  ...['alert', 'budget', 'door', 'door-counter', 'excursion', 'hold', 'limits', 'local-time', 'retraction'],
  ...['rollup', 'rollup-means', 'schedule', 'silence', 'sums', 'unit-fold', 'unit-state', 'unit-status'],
].map((name) => `processors/${name}.ts`)

const tests = ['processors/', 'ops/semantics', 'ops/dry-run.test.ts']
const WORKERS = 2
/** A mutant that never ends is noticed, too: by the processor time that it takes, for the machine may be busy. */
const WORLDS_CPU_SECONDS = 30
const TESTS_CPU_SECONDS = 240

type Task = { file: string; mutant: Mutant }

/** A copy of the sources, so that nobody's working tree is touched. */
function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coldstream-mutation-'))
  const parts = ['processors', 'schemas', 'ops', 'topology', 'infra', 'sinks', 'bridge', 'api']
  for (const part of [...parts, 'package.json', 'tsconfig.json', 'vitest.config.ts', 'docs'])
    cpSync(part, join(folder, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return folder
}

const passes = (folder: string, args: readonly string[], cpuSeconds: number): Promise<boolean> =>
  new Promise((done) => {
    const limited = ['-c', `ulimit -t ${cpuSeconds}; exec "$@"`, 'sh', process.execPath, ...args]
    execFile('/bin/sh', limited, { cwd: folder }, (error) => done(error === null))
  })

async function survives(folder: string, { file, mutant }: Task): Promise<boolean> {
  const path = join(folder, file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(path, mutant.text)
  try {
    const worlds = ['ops/mutation/worlds-digest.ts', join(folder, 'worlds.txt')]
    if (!(await passes(folder, worlds, WORLDS_CPU_SECONDS))) return false
    const run = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--bail', '1', ...tests]
    return await passes(folder, [...run, '--exclude', '**/decoders/**'], TESTS_CPU_SECONDS)
  } finally {
    writeFileSync(path, original)
  }
}

async function work(folder: string, queue: Task[], survivors: Task[]): Promise<void> {
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    if (!(await survives(folder, task))) continue
    survivors.push(task)
    const { file, mutant } = task
    console.log(`${file}:${mutant.line}\n  - ${mutant.before}\n  + ${mutant.after}`)
  }
}

async function main(files: readonly string[]): Promise<void> {
  const queue = files.flatMap((file) =>
    mutantsOf(readFileSync(file, 'utf8')).map((mutant) => ({ file, mutant })),
  )
  const count = queue.length
  const survivors: Task[] = []
  const folders = Array.from({ length: WORKERS }, copySources)
  try {
    for (const folder of folders)
      await passes(folder, ['ops/mutation/worlds-digest.ts', join(folder, 'worlds.txt')], TESTS_CPU_SECONDS)
    await Promise.all(folders.map((folder) => work(folder, queue, survivors)))
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true })
  }
  console.log(`${count} mutants in ${files.length} files, ${survivors.length} survived.`)
}

const named = process.argv.slice(2)
await main(named.length > 0 ? named : core)
