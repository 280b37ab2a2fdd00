// Two commands at once on a fresh clone must not install into each other: one installs, the other waits and says so. The
// lock of a process that was killed counts no more.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './progress.mjs'

export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  for (let hasSaid = false; !take(path); hasSaid = true) {
    const holder = read(path)
    if (holder !== undefined && !isAlive(holder)) breakLock(path, holder)
    else {
      if (!hasSaid) say('Another command is setting up this clone; waiting for it …')
      await sleep(300)
    }
  }
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take(path) {
  try {
    writeFileSync(path, `${process.pid} ${startOf(process.pid)}`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function read(path) {
  try {
    const text = readFileSync(path, 'utf8')
    return text === '' ? undefined : text // empty: being written
  } catch {
    return undefined
  }
}

/** Two may find it abandoned at once: only the one that moves away the very lock it has read has broken it. */
function breakLock(path, holder) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (read(aside) !== holder) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

function isAlive(holder) {
  const [pid, start] = holder.split(' ')
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  return startOf(Number(pid)) === start
}

/** Tells a process from a later one with the same number, where the system shows it. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
  } catch {
    return '-'
  }
}
