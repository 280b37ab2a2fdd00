// A Postgres that archives its WAL with the script of docker-compose.yml, base backups of it, and servers that recover from
// them: for the test and the benchmark of going back to a certain second.
import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../backup/programs.ts'
import { type Command, end, type KeptProcess, launch, waitUntilReady } from '../../local/kept-process.ts'
import { anyPorts } from '../../local/ports.ts'
import { postgresAnswers, postgresCommand, postgresUrl, preparePostgres } from '../../local/postgres.ts'
import { clientEnvironment } from '../../local/postgres-tools.ts'

export const archiveScript = resolve(import.meta.dirname, '../archive-wal.sh')

const run = promisify(execFile)
const report = () => {}
const POSTGRES_MAJOR = 18

type Started = { port: number; url: string }

export type ArchivedServer = {
  /** Starts the cluster in a folder beside the first one, which is `data`. */
  start: (folder: string, settings: Record<string, string>) => Promise<Started>
  /** What the first one is started with, so that it archives. */
  archiving: Record<string, string>
  isArchived: (segment: string) => boolean
  /** As docs/backups.md says: a copy of the data folder, taken from the running server. */
  baseBackup: (port: number, folder: string) => Promise<void>
  /** What docs/backups.md says to write into the copy, before it is started. */
  recoverTo: (folder: string, instant: string) => void
  stop: () => Promise<void>
}

export async function openArchivedServer(dataDir: string): Promise<ArchivedServer> {
  const prepared = await preparePostgres({ dataDir, isThrowAway: false, report })
  const { home, user, password } = prepared
  const own = (path: string) => user !== undefined && chownSync(path, user.uid, user.gid)
  const archive = join(home, 'wal')
  mkdirSync(archive)
  own(archive)
  // The first folder on the way to the checkout may be root's own; sh reads the script for whoever may read it.
  const script = join(home, 'archive-wal.sh')
  copyFileSync(archiveScript, script)
  const running: { kept: KeptProcess; command: Command }[] = []
  return {
    async start(folder, settings) {
      const { postgres: port } = await anyPorts()
      const usual = postgresCommand(dataDir, prepared, port)
      const args = usual.args.with(1, join(home, folder))
      for (const [key, value] of Object.entries(settings)) args.push('-c', `${key}=${value}`)
      const command = { ...usual, args, pidFile: join(dataDir, `pids/${folder}.json`) }
      const kept = launch(command, { postgres: port })
      running.push({ kept, command })
      await waitUntilReady(command, kept, () => postgresAnswers(port, password))
      return { port, url: postgresUrl(port, password, 'postgres') }
    },
    archiving: { archive_mode: 'on', archive_command: `sh ${script} %p %f ${archive}` },
    isArchived: (segment) => existsSync(join(archive, `${segment}.gz`)),
    async baseBackup(port, folder) {
      const program = await findProgram('pg_basebackup', POSTGRES_MAJOR, { programsDir: '', report })
      const target = join(home, folder)
      const where = ['--host=127.0.0.1', `--port=${port}`, '--username=postgres', `--pgdata=${target}`]
      await run(program, [...where, '--checkpoint=fast'], { env: clientEnvironment(password) })
      if (user !== undefined) await run('chown', ['-R', `${user.uid}:${user.gid}`, target])
    },
    recoverTo(folder, instant) {
      const target = join(home, folder)
      appendFileSync(
        join(target, 'postgresql.auto.conf'),
        `restore_command = 'gzip -dc ${archive}/%f.gz > %p'\nrecovery_target_time = '${instant}'\nrecovery_target_action = 'promote'\n`,
      )
      writeFileSync(join(target, 'recovery.signal'), '')
      own(join(target, 'recovery.signal'))
    },
    async stop() {
      for (const { kept, command } of running) await end(kept, { ...command, stopSignal: 'SIGINT' })
    },
  }
}
