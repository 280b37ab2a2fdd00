// A server of this test's own, with the archive_command of docker-compose.yml: what was dropped by mistake is there again, as
// of the instant before.
import { execFile } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findProgram } from '../backup/programs.ts'
import { type Command, end, type KeptProcess, launch, waitUntilReady } from '../local/kept-process.ts'
import { anyPorts } from '../local/ports.ts'
import {
  type PreparedPostgres,
  postgresAnswers,
  postgresCommand,
  postgresUrl,
  preparePostgres,
} from '../local/postgres.ts'
import { clientEnvironment } from '../local/postgres-tools.ts'
import { migrate } from '../migrate.ts'
import { withSession } from '../postgres.ts'
import { openScratch, type Scratch } from '../testing/scratch.ts'

const script = resolve(import.meta.dirname, 'archive-wal.sh')
const run = promisify(execFile)
const report = () => {}

let scratch: Scratch
let prepared: PreparedPostgres
let archive: string
const running: { kept: KeptProcess; command: Command }[] = []

beforeAll(async () => {
  scratch = openScratch()
  prepared = await preparePostgres({ dataDir: scratch.dir, isThrowAway: false, report })
  archive = join(prepared.home, 'wal')
  mkdirSync(archive)
  if (prepared.user !== undefined) chownSync(archive, prepared.user.uid, prepared.user.gid)
}, 60_000)
afterAll(async () => {
  for (const { kept, command } of running) await end(kept, { ...command, stopSignal: 'SIGINT' })
  await scratch.remove()
})

/** `data` beside the cluster that was made first; the port it listens on. */
async function start(data: string, settings: Record<string, string>): Promise<number> {
  const { postgres: port } = await anyPorts()
  const command = postgresCommand(scratch.dir, prepared, port)
  const args = command.args.with(1, join(prepared.home, data))
  for (const [key, value] of Object.entries(settings)) args.push('-c', `${key}=${value}`)
  const own = { ...command, args, pidFile: join(scratch.dir, `pids/${data}.json`) }
  const kept = launch(own, { postgres: port })
  running.push({ kept, command: own })
  await waitUntilReady(own, kept, () => postgresAnswers(port, prepared.password))
  return port
}

const archiving = () => ({
  archive_mode: 'on',
  // The first folder on the way to the checkout may be root's own; sh reads the script for whoever may read it.
  archive_command: `sh ${join(prepared.home, 'archive-wal.sh')} %p %f ${archive}`,
})

/** As docs/backups.md says: a copy of the data folder, taken from the running server. */
async function baseBackup(port: number, folder: string): Promise<void> {
  const program = await findProgram('pg_basebackup', 18, { programsDir: '', report })
  const target = join(prepared.home, folder)
  await run(
    program,
    ['--host=127.0.0.1', `--port=${port}`, '--username=postgres', `--pgdata=${target}`, '--checkpoint=fast'],
    { env: clientEnvironment(prepared.password) },
  )
  const { user } = prepared
  if (user !== undefined) await run('chown', ['-R', `${user.uid}:${user.gid}`, target])
}

function recoverTo(folder: string, instant: string): void {
  const target = join(prepared.home, folder)
  appendFileSync(
    join(target, 'postgresql.auto.conf'),
    `restore_command = 'gzip -dc ${archive}/%f.gz > %p'\nrecovery_target_time = '${instant}'\nrecovery_target_action = 'promote'\n`,
  )
  writeFileSync(join(target, 'recovery.signal'), '')
  if (prepared.user !== undefined)
    chownSync(join(target, 'recovery.signal'), prepared.user.uid, prepared.user.gid)
}

test('a database goes back to the instant before a mistake', async () => {
  await run('cp', [script, join(prepared.home, 'archive-wal.sh')])
  const port = await start('data', archiving())
  const url = postgresUrl(port, prepared.password, 'postgres')
  await migrate(url)
  await baseBackup(port, 'base')
  const before = await withSession(url, async (sql) => {
    await sql.query(
      "insert into organizations (id, slug, name) values (gen_random_uuid(), 'a', 'After the base backup')",
    )
    const { rows } = await sql.query<{ instant: string }>('select clock_timestamp()::text as instant')
    await sql.query('drop table organizations cascade')
    await sql.query("insert into outbox (topic, key, value) values ('t', 'k', '{}')")
    const { rows: last } = await sql.query<{ segment: string }>(
      'select pg_walfile_name(pg_switch_wal()) as segment',
    )
    await expect
      .poll(() => existsSync(join(archive, `${last[0]!.segment}.gz`)), { timeout: 20_000 })
      .toBe(true)
    return rows[0]!.instant
  })
  recoverTo('base', before)
  const restoredPort = await start('base', { archive_mode: 'off' })
  await withSession(postgresUrl(restoredPort, prepared.password, 'postgres'), async (sql) => {
    await expect
      .poll(async () => (await sql.query('select pg_is_in_recovery() as yes')).rows, { timeout: 20_000 })
      .toEqual([{ yes: false }])
    expect((await sql.query('select name from organizations')).rows).toEqual([
      { name: 'After the base backup' },
    ])
    expect((await sql.query('select 1 from outbox')).rowCount).toBe(0)
  })
}, 90_000)

test('a segment is archived once: the same again is fine, another one of its name is refused, and old ones go', async () => {
  const [folder, segment] = [join(scratch.dir, 'archive'), join(scratch.dir, 'segment')]
  mkdirSync(folder)
  writeFileSync(segment, 'one')
  const push = () => run('sh', [script, segment, '000000010000000000000001', folder])
  const old = join(folder, '0000000100000000000000AA.gz')
  writeFileSync(old, '')
  utimesSync(old, 0, 0)
  await push()
  await push()
  writeFileSync(segment, 'two')
  await expect(push()).rejects.toThrow()
  expect(readdirSync(folder)).toEqual(['000000010000000000000001.gz'])
})
