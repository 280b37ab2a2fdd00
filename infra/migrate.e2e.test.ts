import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { migrate, readMigrations } from './migrate.ts'
import { openPostgres, sqlState } from './postgres.ts'
import { freshDatabase } from './testing/engines.ts'

const emptyDatabase = () => freshDatabase({ migrate: null })

function folder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'migrations-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

test('five processes that migrate at once apply every migration once', async () => {
  const url = await emptyDatabase()
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(url)))
  expect(applied.flat().sort()).toEqual(
    readMigrations(join(import.meta.dirname, 'migrations')).map((m) => m.file),
  )
  expect(await migrate(url)).toEqual([])
})

test('a migration that was changed after it was applied is refused, whatever its line ends', async () => {
  const url = await emptyDatabase()
  const dir = folder({ '0001_a.sql': 'create table a (id int);\n' })
  await migrate(url, undefined, dir)
  writeFileSync(join(dir, '0001_a.sql'), 'create table a (id int);\r\n')
  await expect(migrate(url, undefined, dir)).resolves.toEqual([])
  writeFileSync(join(dir, '0001_a.sql'), 'create table a (id bigint);\n')
  await expect(migrate(url, undefined, dir)).rejects.toThrow('0001_a.sql was changed after')
})

test('a migration that fails leaves nothing behind and names its line', async () => {
  const url = await emptyDatabase()
  const dir = folder({ '0001_a.sql': 'create table a (id int);\n\nselect nonsense;\n' })
  await expect(migrate(url, undefined, dir)).rejects.toThrow('0001_a.sql:3: column "nonsense" does not exist')
  writeFileSync(join(dir, '0001_a.sql'), 'create table a (id int);')
  await expect(migrate(url, undefined, dir)).resolves.toEqual(['0001_a.sql'])
})

test('a database of a newer version is refused', async () => {
  const url = await emptyDatabase()
  await migrate(url, undefined, folder({ '0001_a.sql': 'select 1', '0002_b.sql': 'select 2' }))
  await expect(migrate(url, undefined, folder({ '0001_a.sql': 'select 1' }))).rejects.toThrow(
    'use a newer one',
  )
})

test('two files of one number, and a gap, are refused', () => {
  expect(() => readMigrations(folder({ '0001_a.sql': '', '0001_b.sql': '' }))).toThrow(
    '0001_b.sql should start with 0002_',
  )
  expect(() => readMigrations(folder({ '0001_a.sql': '', '0003_b.sql': '' }))).toThrow(
    '0003_b.sql should start with 0002_',
  )
})

test('a transaction rolls back what its work did where it throws, and its settings end with it', async () => {
  const db = openPostgres(await emptyDatabase(), { connectionsMax: 1 })
  onTestFinished(() => db.end())
  await db.query('create table a (id bigint)')
  const failing = db.transaction(async (sql) => {
    await sql.query('insert into a values (1)')
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect((await db.query('select count(*) as n from a')).rows).toEqual([{ n: 0 }])
  const setting = "select current_setting('app.organization_id', true) as value"
  const inside = await db.query(setting, [], { settings: { 'app.organization_id': 'x' } })
  expect([inside.rows[0]!.value, (await db.query(setting)).rows[0]!.value]).toEqual(['x', ''])
})

test('a statement over its time is cancelled, and a lost connection is replaced', async () => {
  const db = openPostgres(await emptyDatabase(), { connectionsMax: 1, statementTimeoutMs: 50 })
  onTestFinished(() => db.end())
  expect(sqlState(await db.query('select pg_sleep(5)').catch((e: unknown) => e))).toBe('57014')
  await expect(db.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toThrow()
  expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})
