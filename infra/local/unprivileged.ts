// Postgres refuses to run as root. Started by root, it runs as an unprivileged user, who must be able to reach its
// programs and its data: a project under a 0700 folder (such as root's home) is out of that user's reach.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SetupError } from './setup-error.ts'

export type User = { name: string; uid: number; gid: number }

/** Undefined when this process is not root's: then Postgres runs as whoever this is. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  const users = lines.map((line) => line.split(':'))
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (found === undefined) {
    throw new SetupError(
      'Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as.',
    )
  }
  return { name: found[0] ?? '', uid: Number(found[2]), gid: Number(found[3]) }
}

/** The first folder on the way to `path`, or `path` itself, that the user may not enter or execute, if any. */
export function closedTo(user: User, path: string): string | undefined {
  const parents: string[] = []
  for (let place = resolve(path); place !== dirname(place); place = dirname(place)) parents.unshift(place)
  return parents.find((folder) => fs.existsSync(folder) && !mayPass(user, folder))
}

function mayPass(user: User, folder: string): boolean {
  const { uid, gid, mode } = fs.statSync(folder)
  if (uid === user.uid) return (mode & 0o100) !== 0
  if (gid === user.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

/**
 * A folder for Postgres at `wanted`. Where the user cannot get there, the folder is kept under /var/lib and `wanted`
 * links to it; once the link is gone, with the data folder that held it, what it led to is no longer anybody's.
 */
export function reachableFolder(
  user: User | undefined,
  wanted: string,
  report: (line: string) => void,
): string {
  if (isLink(wanted)) return fs.readlinkSync(wanted)
  const closed = user && closedTo(user, dirname(wanted))
  if (user === undefined || closed === undefined) {
    fs.mkdirSync(wanted, { recursive: true })
    return wanted
  }
  const key = createHash('sha256').update(resolve(wanted)).digest('hex').slice(0, 12)
  const elsewhere = join('/var/lib/coldstream', key)
  report(
    `Postgres refuses to run as root, and user ${user.name} cannot enter ${closed}: its files are kept in ` +
      `${elsewhere}, linked from ${wanted}.`,
  )
  fs.rmSync(elsewhere, { recursive: true, force: true })
  fs.mkdirSync(elsewhere, { recursive: true })
  for (const folder of [dirname(elsewhere), elsewhere]) fs.chmodSync(folder, 0o755) // whatever the umask is
  fs.mkdirSync(dirname(wanted), { recursive: true })
  fs.symlinkSync(elsewhere, wanted)
  return elsewhere
}

function isLink(path: string): boolean {
  try {
    return fs.lstatSync(path).isSymbolicLink() && fs.existsSync(path)
  } catch {
    return false
  }
}

/** `source` itself where the user can read it, else a copy of it inside `folder`, made once. */
export function reachableCopy(user: User | undefined, source: string, folder: string): string {
  if (user === undefined || closedTo(user, join(source, 'bin/postgres')) === undefined) return source
  const copy = join(folder, 'programs')
  if (fs.existsSync(copy)) return copy
  const unfinished = `${copy}.unfinished`
  fs.rmSync(unfinished, { recursive: true, force: true })
  fs.cpSync(source, unfinished, { recursive: true, verbatimSymlinks: true })
  for (const entry of fs.readdirSync(unfinished, { recursive: true, encoding: 'utf8' })) {
    const path = join(unfinished, entry)
    if (!fs.lstatSync(path).isSymbolicLink()) fs.chmodSync(path, fs.statSync(path).mode | 0o055)
  }
  fs.chmodSync(unfinished, 0o755)
  fs.renameSync(unfinished, copy)
  return copy
}

/** Removes a data folder, and Postgres's files where they had to be kept elsewhere. */
export function removeDataDir(dataDir: string): void {
  const link = join(dataDir, 'postgres')
  if (isLink(link)) fs.rmSync(fs.readlinkSync(link), { recursive: true, force: true })
  fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
}
