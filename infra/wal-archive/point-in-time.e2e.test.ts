// A server of this test's own, with the archive_command of docker-compose.yml: what was dropped by mistake is there again, as
// of the instant before.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../migrate.ts'
import { withSession } from '../postgres.ts'
import { openScratch, type Scratch } from '../testing/scratch.ts'
import { type ArchivedServer, archiveScript, openArchivedServer } from './testing/archived-server.ts'

let scratch: Scratch
let server: ArchivedServer

beforeAll(async () => {
  scratch = openScratch()
  server = await openArchivedServer(scratch.dir)
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await scratch.remove()
})

test('a database goes back to the instant before a mistake', async () => {
  const { port, url } = await server.start('data', server.archiving)
  await migrate(url)
  await server.baseBackup(port, 'base')
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
    await expect.poll(() => server.isArchived(last[0]!.segment), { timeout: 20_000 }).toBe(true)
    return rows[0]!.instant
  })
  server.recoverTo('base', before)
  const restored = await server.start('base', { archive_mode: 'off' })
  await withSession(restored.url, async (sql) => {
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
  const push = () => promisify(execFile)('sh', [archiveScript, segment, '000000010000000000000001', folder])
  const old = join(folder, '0000000100000000000000AA.gz')
  writeFileSync(old, '')
  utimesSync(old, 0, 0)
  await push()
  await push()
  writeFileSync(segment, 'two')
  await expect(push()).rejects.toThrow()
  expect(readdirSync(folder)).toEqual(['000000010000000000000001.gz'])
})
