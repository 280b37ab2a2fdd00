import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { identityOf } from '../infra/local/process-identity.ts'
import { type ProcessSpec, type SupervisorOptions, supervise } from './supervisor.ts'

type Probe = { dir: string; lines: string[]; options: SupervisorOptions }

function probe(): Probe {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-supervisor-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const lines: string[] = []
  return { dir, lines, options: { dataDir: dir, report: (line) => lines.push(line), firstBackoffMs: 50 } }
}

/** Its pid goes to `<name>.pid` in the folder once it runs; the body follows. */
function script(dir: string, name: string, body: string): ProcessSpec {
  const path = join(dir, `${name}.mjs`)
  const start = `import { writeFileSync } from 'node:fs'\nimport { spawn } from 'node:child_process'\n`
  writeFileSync(path, `${start}${body}\nwriteFileSync('${join(dir, `${name}.pid`)}', String(process.pid))\n`)
  return { name, args: [path], env: process.env, isReady: async () => existsSync(join(dir, `${name}.pid`)) }
}

const pidOf = (dir: string, name: string) => Number(readFileSync(join(dir, `${name}.pid`), 'utf8'))
const isAlive = (pid: number) => identityOf(pid) !== undefined
const forever = 'setInterval(() => {}, 1000)'
const grandchild = (dir: string) =>
  `const child = spawn(process.execPath, ['-e', '${forever}'], { stdio: 'ignore' })
   writeFileSync('${join(dir, 'grandchild.pid')}', String(child.pid))`

async function until(isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error('it did not come to pass')
    await sleep(20)
  }
}

test('a process that crashes is started again, and that is said', async () => {
  const { dir, lines, options } = probe()
  const supervisor = supervise(options)
  onTestFinished(supervisor.stop)
  await supervisor.start([script(dir, 'one', forever)])
  const first = pidOf(dir, 'one')
  process.kill(first, 'SIGKILL')
  await until(() => pidOf(dir, 'one') !== first && isAlive(pidOf(dir, 'one')))
  expect(lines.join('\n')).toMatch(/one was ended by SIGKILL; starting it again in 0.05 s/)
})

test('stopping ends every process and what it has started', async () => {
  const { dir, options } = probe()
  const supervisor = supervise(options)
  await supervisor.start([script(dir, 'one', `${grandchild(dir)}; ${forever}`), script(dir, 'two', forever)])
  const pids = ['one', 'two', 'grandchild'].map((name) => pidOf(dir, name))
  expect(pids.map(isAlive)).toEqual([true, true, true])
  await supervisor.stop()
  await until(() => !pids.some(isAlive), 1_000)
})

test('a process that ignores SIGTERM is killed after the grace', async () => {
  const { dir, options } = probe()
  const supervisor = supervise({ ...options, stopGraceMs: 200 })
  await supervisor.start([script(dir, 'one', `process.on('SIGTERM', () => {}); ${forever}`)])
  await supervisor.stop()
  expect(isAlive(pidOf(dir, 'one'))).toBe(false)
})

test('a process that never gets ready fails the start with the end of its log', async () => {
  const { dir, options } = probe()
  const supervisor = supervise(options)
  onTestFinished(supervisor.stop)
  const broken = { ...script(dir, 'one', "throw new Error('no such topic')"), isReady: async () => false }
  await expect(supervisor.start([broken])).rejects.toThrow(/one ends whenever it is started.*no such topic/s)
})

test('when the supervisor is killed, its processes and what they have started end by themselves', async () => {
  const { dir } = probe()
  const spec = script(dir, 'one', `${grandchild(dir)}; ${forever}`)
  const supervisor = `
    import { supervise } from '${join(import.meta.dirname, 'supervisor.ts')}'
    const spec = { name: 'one', args: ${JSON.stringify(spec.args)}, env: process.env, isReady: async () => true }
    await supervise({ dataDir: '${dir}', report: () => {} }).start([spec])
    setInterval(() => {}, 1000)`
  const { pid } = spawn(process.execPath, ['--input-type=module', '-e', supervisor], { stdio: 'ignore' })
  await until(() => existsSync(join(dir, 'one.pid')))
  const pids = [pidOf(dir, 'one'), pidOf(dir, 'grandchild')]
  expect(pids.map(isAlive)).toEqual([true, true])
  process.kill(pid ?? 0, 'SIGKILL')
  await until(() => !pids.some(isAlive))
})

test('a process that hangs when its supervisor is killed is ended by the next one', async () => {
  const { dir, lines, options } = probe()
  const spec = script(dir, 'one', `process.on('SIGTERM', () => {}); ${forever}`)
  const left = spawn(process.execPath, spec.args, { detached: true, stdio: 'ignore' })
  const exited = new Promise((resolve) => left.once('exit', resolve))
  await until(() => existsSync(join(dir, 'one.pid')))
  const supervisor = supervise({ ...options, stopGraceMs: 300 })
  const pid = left.pid ?? 0
  writeFileSync(join(dir, 'pids/one.json'), JSON.stringify({ pid, identity: identityOf(pid), ports: {} }))
  onTestFinished(supervisor.stop)
  await supervisor.start([spec])
  await exited
  expect(lines[0]).toMatch(/an earlier start left it running/)
})
