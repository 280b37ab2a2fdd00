// Every `npx coldstream …` of docs/backups.md and docs/storage.md, run as it stands there, in its order, on a database with data.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { withSession } from '../postgres.ts'
import { directUrlOf, freshDatabase } from '../testing/engines.ts'
import { withDatabase } from './programs.ts'

const projectDir = resolve(import.meta.dirname, '../..')

/** The lines of its `sh` blocks that call coldstream; those with a FILE or a <place> are a person's to fill in. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(projectDir, 'docs', page), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/#.*/, '').trim())
  return lines
    .filter((line) => line.startsWith('npx coldstream '))
    .map((line) => line.slice('npx coldstream '.length))
}

async function surroundings() {
  const dir = mkdtempSync(join(tmpdir(), 'runbook-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const url = directUrlOf(await freshDatabase())
  const env = {
    ...process.env,
    DATABASE_URL: url,
    BACKUP_URL: join(dir, 'store'),
    ARCHIVE_URL: join(dir, 'archive'),
    BACKUP_KEY_FILE: join(dir, 'backup.key'),
  }
  const run = async (command: string) => {
    const args = command.replace('/etc/coldstream/backup.key', env.BACKUP_KEY_FILE).split(' ')
    const { stdout } = await promisify(execFile)(process.execPath, ['ops/coldstream.ts', ...args], {
      cwd: projectDir,
      env: command.startsWith('backup key') ? { ...env, BACKUP_KEY_FILE: '' } : env,
    })
    return stdout
  }
  return { url, run }
}

test('the page about backups: from the key to a restored database', async () => {
  const { url, run } = await surroundings()
  const count = () =>
    withSession(url, async (sql) => (await sql.query('select slug from organizations')).rows)
  await withSession(url, (sql) =>
    sql.query("insert into organizations (id, slug, name) values (gen_random_uuid(), 'north', 'North')"),
  )
  const said: Record<string, string> = {}
  for (const command of commandsOf('backups.md')) {
    if (command.startsWith('restore --yes'))
      await withSession(url, (sql) => sql.query('delete from organizations'))
    said[command] = await run(command)
  }
  expect(said['backup key /etc/coldstream/backup.key']).toMatch(/^Key [0-9a-f]{12} is in /)
  expect(said.backup).toMatch(/tables, \d+ rows, sealed with key/)
  expect(said['backup list']).toMatch(/^test_\w+_2\d{3}-.* MiB {2}\d+ tables {2}key/)
  expect(said['restore-test']).toContain('are as they were backed up')
  const previous = /is now the database (\S+)\./.exec(said['restore --yes'] ?? '')?.[1]
  expect(previous).toBeDefined()
  onTestFinished(() =>
    withSession(withDatabase(url, 'postgres'), async (sql) => {
      await sql.query(`drop database "${previous}" with (force)`)
    }),
  )
  expect(await count()).toEqual([{ slug: 'north' }])
}, 90_000)

test('the page about storage', async () => {
  const { run } = await surroundings()
  const commands = commandsOf('storage.md')
  expect(commands.length).toBeGreaterThan(0)
  for (const command of commands) await run(command)
}, 60_000)
