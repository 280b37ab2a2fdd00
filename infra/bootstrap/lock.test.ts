import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-lock-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'log'), '')
  return dir
}

/** A process that writes `in` and `out` around its work, inside the lock; with `hangs` it never gets out. */
function worker(dir: string, hangs = false): { ended: Promise<unknown>; kill: () => void } {
  const code = `
    import { appendFileSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { withLock } from '${join(import.meta.dirname, 'lock.mjs')}'
    await withLock('${join(dir, 'setup.lock')}', async () => {
      appendFileSync('${join(dir, 'log')}', 'in ')
      await sleep(${hangs ? 60_000 : 50})
      appendFileSync('${join(dir, 'log')}', 'out ')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' })
  return { ended: new Promise((resolve) => child.once('exit', resolve)), kill: () => child.kill('SIGKILL') }
}

const log = (dir: string) => readFileSync(join(dir, 'log'), 'utf8').trim()

test('commands that set up the same clone at once take turns', async () => {
  const dir = folder()
  const workers = [1, 2, 3, 4].map(() => worker(dir))
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
  expect(log(dir)).toBe('in out in out in out in out')
})

test('the lock of a killed command is taken over, by one of those that wait', async () => {
  const dir = folder()
  const first = worker(dir, true)
  await expect.poll(() => log(dir)).toBe('in')
  const waiting = [worker(dir), worker(dir), worker(dir)]
  first.kill()
  await Promise.all(waiting.map(({ ended }) => ended))
  expect(log(dir)).toBe('in in out in out in out')
})

test('a lock with the pid of a stranger that was started later does not hold', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'setup.lock'), `${process.pid} 1`)
  expect(await worker(dir).ended).toBe(0)
})
