// Runs every command and every statement of docs/partitions.md, in their order, on a database with old and new months.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runApi } from '../../api/main.ts'
import { keysOf, readConfig } from '../../infra/config.ts'
import { ensurePartition } from '../../sinks/partition-tables.ts'
import { eventsByDay } from '../../sinks/partitions.ts'
import { housekeeperConfigKeys, runHousekeeper } from '../housekeeper/main.ts'
import { count, fillMonth, openPartitionWorld } from './testing/world.ts'

const root = join(import.meta.dirname, '../..')
const blocks = Array.from(
  readFileSync(join(root, 'docs/partitions.md'), 'utf8').matchAll(/^```(sh|sql)\n(.*?)^```/gms),
  ([, kind, text = '']) => ({ kind, text }),
)

test('every command of the runbook does what it says', { timeout: 120_000 }, async () => {
  const { db, url, folder } = await openPartitionWorld()
  const month = (back: number) => {
    const now = new Date()
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)
  }
  await fillMonth(db, month(24), 200)
  await fillMonth(db, month(25), 300)
  await fillMonth(db, month(0), 100)
  await fillMonth(db, month(26), 50, 'sensor_readings_default')
  const day = eventsByDay.periodOf(Date.now()) - 100
  await ensurePartition(db, eventsByDay, day)
  const env = {
    ...process.env,
    ...{
      DATABASE_URL: url,
      DATABASE_DIRECT_URL: '',
      ARCHIVE_URL: folder,
      BACKUP_VERIFICATION_ENABLED: 'false',
    },
    ...{ ADMIN_KEY: 'a-key-of-the-runbook', HOUSEKEEPER_PORT: '0', API_PORT: '0', LOG_LEVEL: 'error' },
  }
  const api = await runApi(readConfig(keysOf('api'), env))
  const [yearMonth, date] = [iso(month(25)).slice(0, 7), iso(eventsByDay.startMs(day))]
  let lastHold = ''
  const shell = async (line: string, mayFail = false) => {
    const command = line
      .replace('npx coldstream', `${process.execPath} ops/coldstream.ts`)
      .replaceAll('2024-11', yearMonth)
      .replaceAll('2026-09-30', date)
      .replace('<id>', lastHold)
    const options = { cwd: root, env: { ...env, API: `http://127.0.0.1:${api.port}` } }
    const { stdout } = await promisify(execFile)('sh', ['-c', command], options).catch((error) => {
      if (mayFail) return error as { stdout: string }
      throw new Error(`${line}\n${error.stdout}\n${error.stderr}`)
    })
    return stdout
  }
  const said: Record<string, string> = {}
  for (const { kind, text } of blocks) {
    if (kind === 'sql') await db.query(text.trim().replace(/;$/, ''))
    else
      for (const line of text.trim().split('\n')) {
        // At first nothing is made, so the check has something to say, and ends with 1; dropped is what the hold left.
        said[line] = await shell(line, line.endsWith('check'))
        if (line.includes('partitions hold ')) lastHold = said[line].split(' ')[0] ?? ''
      }
  }
  await api.close()
  const of = (part: string) => Object.entries(said).find(([line]) => line.includes(part))?.[1] ?? ''
  expect(of('partitions check')).toContain('rows lie in the default partition')
  expect(of('runs?task')).toContain('{"runs":[')
  expect(of('fix --dry-run')).toContain('would be made')
  expect(await count(db, 'sensor_readings_default')).toBe(0)
  expect(of('maintain --dry-run')).toContain(`would be dropped`)
  expect(of('archive restore 2024-11')).toContain('300 rows are back, equal to the archive')
  expect(await count(db, 'sensor_readings')).toBe(600)
  expect(of('archive restore 2026-09-30')).toContain('0 rows are back')
  expect(of('partitions holds')).toContain('case 12345')
})

const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10)

test('a housekeeper that starts makes what is missing, and its metrics are those that the alerts ask for', async () => {
  const { url, folder } = await openPartitionWorld()
  const env = {
    DATABASE_URL: url,
    ARCHIVE_URL: folder,
    BACKUP_VERIFICATION_ENABLED: 'false',
    LOG_LEVEL: 'error',
  }
  const housekeeper = await runHousekeeper(
    readConfig(housekeeperConfigKeys, { ...env, HOUSEKEEPER_PORT: '0' }),
  )
  try {
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${housekeeper.port}${path}`)).text()
    const metrics = async () => get('/metrics')
    await expect
      .poll(metrics, { timeout: 30_000, interval: 300 })
      .toMatch(/coldstream_partitions_ahead\{table="events"\} 30/)
    await expect
      .poll(metrics, { timeout: 30_000, interval: 300 })
      .toMatch(/coldstream_housekeeper_last_run_failed\{task="readings-partition-create"\} 0/)
    expect(JSON.parse(await get('/health'))).toMatchObject({ status: 'ready', problems: [] })
    const rules = readFileSync(join(root, 'infra/prometheus/rules/partitions.yml'), 'utf8')
    const exported = await metrics()
    const asked = new Set(rules.match(/coldstream_(?!sink)\w+/g))
    expect([...asked].filter((name) => !`${exported}`.includes(`# HELP ${name} `))).toEqual([])
  } finally {
    await housekeeper.close()
  }
})
