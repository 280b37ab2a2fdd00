// `npm run mutation`: do the tests notice when the pure core is changed? Every mutant is tried on some hundred worlds (trial.ts)
// of which the tests have models of their own; what they let pass is tried by the cases by hand. What survives is listed, and
// explained in docs/mutation.md: `differs` where a drawn unit tells it from the original, so that a test is missing.
//
//   npm run mutation                          all of the core, some ten minutes
//   npm run mutation -- processors/door.ts    one file
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Mutant, mutantsOf } from './mutants.ts'
import type { Trial, Verdict } from './trial.ts'

const core = [
  ...['alert', 'budget', 'device-silence', 'door', 'door-counter', 'excursion'],
  ...['hold', 'limits', 'local-time', 'retraction', 'rollup', 'rollup-means'],
  ...['schedule', 'silence', 'sums', 'unit-fold', 'unit-state', 'unit-status'],
].map((name) => `processors/${name}.ts`)

/** The cases by hand. Generated worlds have had their say in the trial; what decodes payloads is not the core. */
const tests = ['processors', 'ops/semantics']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.test.ts') && !path.endsWith('.properties.test.ts'))
  .concat('ops/dry-run.test.ts')
const WORKERS = 2
/** A mutant that never ends is noticed, too: by the processor time that it takes, for the machine may be busy. */
const TIMES_THE_ORIGINAL = 4
const TESTS_CPU_SECONDS = 120
/** Modules are never given back: a thread makes room for the next one. */
const TRIALS_A_THREAD = 100

type Task = { file: string; mutant: Mutant; differs: boolean }

class Thread {
  readonly #worker = new Worker(new URL('trial.ts', import.meta.url))
  trials = 0
  #limitMicros = Number.POSITIVE_INFINITY

  /** Null: it took too long, and the thread is gone. */
  async ask(trial: Omit<Trial, 'number'>): Promise<Verdict | null> {
    const answer = once(this.#worker, 'message') as Promise<[Verdict]>
    this.#worker.postMessage({ ...trial, number: this.trials++ } satisfies Trial)
    const before = await this.#worker.cpuUsage()
    for (;;) {
      const verdict = await Promise.race([answer, later(1000)])
      if (verdict !== null) return verdict[0]
      if ((await this.#microsSince(before)) > this.#limitMicros) return null
    }
  }

  /** Lets it say of every world what is right, and sees how long that takes. */
  async learn(): Promise<void> {
    await once(this.#worker, 'online')
    const before = await this.#worker.cpuUsage()
    await this.ask({ path: null, text: '' })
    this.#limitMicros = TIMES_THE_ORIGINAL * (await this.#microsSince(before))
  }

  async #microsSince(before: NodeJS.CpuUsage): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage(before)
    return user + system
  }

  end = (): Promise<number> => this.#worker.terminate()
}

const later = (ms: number): Promise<null> => new Promise((done) => setTimeout(done, ms, null))

async function freshThread(): Promise<Thread> {
  const thread = new Thread()
  await thread.learn()
  return thread
}

/** The mutants that the worlds do not tell apart from the original. */
async function tryOnWorlds(queue: Task[], unnoticed: Task[]): Promise<void> {
  let thread = await freshThread()
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    const verdict = await thread.ask({ path: resolve(task.file), text: task.mutant.text })
    if (verdict === 'drawn' || verdict === 'nowhere')
      unnoticed.push({ ...task, differs: verdict === 'drawn' })
    if (verdict !== null && thread.trials < TRIALS_A_THREAD) continue
    await thread.end()
    thread = await freshThread()
  }
  await thread.end()
}

/** A copy of the sources, so that nobody's working tree is touched. */
function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coldstream-mutation-'))
  const parts = ['processors', 'schemas', 'ops', 'topology', 'infra', 'sinks', 'bridge', 'api']
  for (const part of [...parts, 'package.json', 'tsconfig.json', 'vitest.config.ts', 'docs'])
    cpSync(part, join(folder, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return folder
}

function testsPass(folder: string, paths: readonly string[]): Promise<boolean> {
  const run = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--bail', '1']
  const inOneProcess = ['--no-isolate', '--no-file-parallelism', '--testTimeout', '600000']
  const args = [...run, ...inOneProcess, ...paths]
  const limited = ['-c', `ulimit -t ${TESTS_CPU_SECONDS}; exec "$@"`, 'sh', process.execPath, ...args]
  return new Promise((done) => {
    execFile('/bin/sh', limited, { cwd: folder }, (error) => done(error === null))
  })
}

/** The tests beside it most often notice, and take a fifth of the time. */
async function survives(folder: string, { file }: Task): Promise<boolean> {
  const beside = tests.filter((path) => path === file.replace(/\.ts$/, '.test.ts'))
  if (beside.length > 0 && !(await testsPass(folder, beside))) return false
  return testsPass(folder, tests)
}

async function tryOnTests(queue: Task[], survivors: Task[]): Promise<void> {
  const folder = copySources()
  try {
    if (!(await testsPass(folder, tests)))
      throw new Error('The tests fail without any change: mend them first.')
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      const path = join(folder, task.file)
      const original = readFileSync(path, 'utf8')
      writeFileSync(path, task.mutant.text)
      if (await survives(folder, task)) {
        survivors.push(task)
        console.log(shown(task))
      }
      writeFileSync(path, original)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const shown = ({ file, mutant: { line, before, after }, differs }: Task): string =>
  `${file}:${line}${differs ? ' differs' : ''}\n  - ${before}\n  + ${after}`

const inParallel = (work: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: WORKERS }, work))

async function main(files: readonly string[]): Promise<void> {
  const all = files.flatMap((file) =>
    mutantsOf(readFileSync(file, 'utf8')).map((mutant) => ({ file, mutant, differs: false })),
  )
  const unnoticed: Task[] = []
  const survivors: Task[] = []
  const queue = [...all]
  await inParallel(() => tryOnWorlds(queue, unnoticed))
  console.log(`${all.length} mutants, ${unnoticed.length} of them not noticed in the worlds; now the tests.`)
  await inParallel(() => tryOnTests(unnoticed, survivors))
  console.log(`${all.length} mutants in ${files.length} files, ${survivors.length} survived.`)
}

const named = process.argv.slice(2)
await main(named.length > 0 ? named : core)
