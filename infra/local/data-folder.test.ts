import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { takeDataFolder } from './data-folder.ts'
import { identityOf } from './process-identity.ts'

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-folder-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('a data folder is taken once at a time, and the refusal says what to do', () => {
  const dir = folder()
  const release = takeDataFolder(dir)
  expect(() => takeDataFolder(dir)).toThrow(/already runs on the data in .* --data-dir/)
  release()
  takeDataFolder(dir)()
})

test('the owner that was killed does not count, nor a stranger that has its pid now', () => {
  const dir = folder()
  const { pid } = spawnSync('true')
  writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid, identity: 'then' }))
  takeDataFolder(dir)()
  writeFileSync(
    join(dir, 'owner.json'),
    JSON.stringify({ pid: process.ppid, identity: 'another start time' }),
  )
  takeDataFolder(dir)()
})

test('an owner file cut off by a crash does not count', () => {
  const dir = folder()
  writeFileSync(join(dir, 'owner.json'), '{"pid":')
  takeDataFolder(dir)()
})

test('a process has the same identity for life, and none afterwards', () => {
  expect(identityOf(process.pid)).toBe(identityOf(process.pid))
  expect(identityOf(process.pid)).not.toBe(identityOf(process.ppid))
  expect(identityOf(spawnSync('true').pid)).toBeUndefined()
})
