// Production has PgBouncer in transaction mode between the processes and Postgres. So has this: the tests that use a database
// are run once more, by way of it, and what may not go through it is kept out of the code.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { migrate } from './migrate.ts'
import { openPostgres, type PostgresSettings } from './postgres.ts'
import { directUrlOf, freshDatabase, testEngines } from './testing/engines.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from './testing/pgbouncer.ts'

const projectDir = resolve(import.meta.dirname, '..')

/**
 * What the processes do with a database: the sink, the API and who may use it, the outbox, fleet files, digests, repairs, walls,
 * views. Left out are those that need the direct URL for all that they show (partitions, backups), and those that start whole
 * pipelines or browsers.
 */
const databasePart = [
  ...['sinks/writer', 'sinks/sink', 'sinks/committer', 'sinks/rows', 'api/api', 'api/telemetry', 'api/admin'],
  ...['api/report', 'api/access', 'api/entries', 'api/exports', 'api/gateway-incidents', 'api/reach'],
  ...['api/refusals', 'api/rollups', 'infra/outbox', 'infra/tenancy', 'ops/fleet/apply', 'ops/digest'],
  ...['ops/rollups/repair', 'ops/unassigned', 'ops/dead-letters', 'ops/analytics.e2e'],
]

let bouncer: PgBouncer
const direct = directUrlOf(testEngines().databaseUrl)
beforeAll(async () => {
  if (hasPgBouncer) bouncer = await startPgBouncer(direct)
}, 300_000)
afterAll(() => bouncer?.stop())

async function poolTo(settings: PostgresSettings = {}) {
  const db = openPostgres(bouncer.urlOf(directUrlOf(await freshDatabase({ migrate: null }))), settings)
  onTestFinished(() => db.end())
  return db
}

describe.skipIf(!hasPgBouncer)('through PgBouncer in transaction mode', () => {
  test('the database part of the suite passes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'through-pgbouncer-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const engines = {
      ...testEngines(),
      databaseUrl: bouncer.urlOf(direct),
      databaseDirectUrl: direct,
    }
    writeFileSync(join(dir, 'engines.json'), JSON.stringify(engines))
    const vitest = join(projectDir, 'node_modules/vitest/vitest.mjs')
    const ran = await promisify(execFile)(
      process.execPath,
      [vitest, 'run', '--project', 'e2e', '--maxWorkers', '1', ...databasePart],
      {
        cwd: projectDir,
        env: { ...process.env, COLDSTREAM_TEST_ENGINES: join(dir, 'engines.json'), VITEST: undefined },
        maxBuffer: 64 << 20,
      },
    ).catch((error: { stdout?: string; stderr?: string }) => ({
      stdout: `${error.stdout ?? ''}${error.stderr ?? ''}`,
    }))
    expect(ran.stdout).toMatch(/[1-9]\d* passed, 0 failed/)
    const stats = await bouncer.show('SHOW STATS')
    const transactions = stats.reduce((sum, row) => sum + Number(row.total_xact_count), 0)
    expect(transactions).toBeGreaterThan(200)
  }, 600_000)

  test('migrations go by the direct URL, and by PgBouncer, too', async () => {
    const url = directUrlOf(await freshDatabase({ migrate: null }))
    expect((await migrate(bouncer.urlOf(url))).length).toBeGreaterThan(0)
    expect(await migrate(url)).toEqual([])
  })

  test('more callers than it has connections wait for each other, and no setting of one reaches another', async () => {
    const db = await poolTo({ connectionsMax: 80 })
    const ask = (i: number) =>
      db.query<{ database: string; mine: string; timeout: string }>(
        "select current_database() as database, current_setting('app.who', true) as mine, current_setting('statement_timeout') as timeout, pg_sleep(0.02)",
        [],
        i % 2 === 0 ? { settings: { 'app.who': String(i) }, statementTimeoutMs: 1_001 + i } : {},
      )
    const answers = await Promise.all(Array.from({ length: 160 }, (_, i) => ask(i)))
    for (const [i, { rows }] of answers.entries()) {
      expect(rows[0]!.mine || null).toBe(i % 2 === 0 ? String(i) : null)
      expect(rows[0]!.timeout).toBe(i % 2 === 0 ? `${1_001 + i}ms` : '30s')
    }
    const asked = answers[0]!.rows[0]!.database
    const servers = (await bouncer.show('SHOW SERVERS')).filter(({ database }) => database === asked)
    expect(servers.length).toBeGreaterThan(1)
    expect(servers.length).toBeLessThanOrEqual(20)
  })

  test('statements with names give the same answers where PgBouncer knows them (1.21 and later)', async (context) => {
    const { version } = bouncer
    if (version[0] === 1 && version[1] < 21)
      context.skip(`This is PgBouncer ${version.join('.')}, which has no max_prepared_statements.`)
    const db = await poolTo({ connectionsMax: 30, namesStatements: true })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => db.query<{ n: number }>('select $1::bigint + 1 as n', [i])),
    )
    expect(answers.map(({ rows }) => rows[0]!.n)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })
})

test('statements with names are planned once a connection, and never for a text that is seen once', async () => {
  const url = directUrlOf(await freshDatabase({ migrate: null }))
  const db = openPostgres(url, { connectionsMax: 1, namesStatements: true })
  onTestFinished(() => db.end())
  for (let i = 0; i < 3; i += 1) await db.query('select $1::bigint as n', [i])
  await db.query('select 1 as once')
  const { rows } = await db.query(
    'select statement, generic_plans + custom_plans as plans from pg_prepared_statements',
  )
  expect(rows).toEqual([{ statement: 'select $1::bigint as n', plans: 3 }])
})

/**
 * What PgBouncer gives to whoever comes next on the connection, or loses. Through the direct URL go only migrations and
 * partitions; those files say here what they need.
 */
const sessionBound: Record<string, RegExp> = {
  'SET without LOCAL': /\b(?:set|SET)\s+(?:session\s+)?(?!local\b)[a-z_.]+\s*(?:=|\bto\b)\s*[^=>]/,
  LISTEN: /(?:^|[;`'"]\s*)(?:un)?listen\s+[a-z"]/i,
  'an advisory lock of the session': /pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?\s*\(/i,
  'a temporary table that outlives its transaction':
    /create\s+temp(?:orary)?\s+table(?![^;`]*on\s+commit\s+drop)/i,
  'PREPARE or DEALLOCATE in SQL': /[`'"]\s*(?:prepare\s+\w+\s+(?:as|\()|deallocate\s)/i,
  'a cursor that outlives its transaction': /with\s+hold\b/i,
  'set_config for the session': /set_config\s*\([^)]*,\s*false\s*\)/i,
  'a startup parameter': /new\s+pg\.(?:Pool|Client)\([^)]*\b(?:statement_timeout|options|lock_timeout)\s*:/i,
}

/** By the direct URL: DETACH CONCURRENTLY cannot be in a transaction, so its time-outs are the connection's. */
const onTheirOwnConnection = ['ops/partitions/detach.ts']

const examples: Record<string, string> = {
  'SET without LOCAL': "sql.query('set statement_timeout = 5')",
  LISTEN: "sql.query('listen changes')",
  'an advisory lock of the session': "sql.query('select pg_advisory_lock(1)')",
  'a temporary table that outlives its transaction': 'sql.query(`create temp table t (like x)`)',
  'PREPARE or DEALLOCATE in SQL': 'sql.query("prepare p as select 1")',
  'a cursor that outlives its transaction': "sql.query('declare c cursor with hold for select 1')",
  'set_config for the session': "sql.query('select set_config($1, $2, false)')",
  'a startup parameter': 'new pg.Pool({ connectionString, statement_timeout: 5 })',
}

test('no code speaks SQL that belongs to a session', async () => {
  expect(Object.keys(examples)).toEqual(Object.keys(sessionBound))
  for (const [what, example] of Object.entries(examples)) expect(example, what).toMatch(sessionBound[what]!)
  const { stdout } = await promisify(execFile)('git', ['ls-files', '*.ts', '*.sql'], { cwd: projectDir })
  const files = stdout
    .split('\n')
    .filter(
      (file) =>
        file !== '' &&
        !onTheirOwnConnection.includes(file) &&
        !/\.test\.ts$|\/testing\/|^bench\/|^infra\/local\//.test(file),
    )
  expect(files.length).toBeGreaterThan(100)
  const found = files.flatMap((file) => audit(file, readFileSync(join(projectDir, file), 'utf8')))
  expect(found).toEqual([])
})

/** An `update … set`, and a function's own settings, are no SET: they are told by what stands before them. */
function audit(file: string, text: string): string[] {
  const sql = text
    .replaceAll(/^\s*(?:\/\/|\*|\/\*|--).*$/gm, '')
    .replaceAll(/\bupdate\b(?:(?!;|`\s*[,)\n]).)*?\bset\b/gis, 'update')
    .replaceAll(/\bcreate\s+function\b[^;$]*/gi, 'function')
    .replaceAll(/\balter\s+\w+[^;`'"]*?\bset\b/gis, 'alter')
  return Object.entries(sessionBound).flatMap(([what, pattern]) => {
    const match = pattern.exec(sql)
    return match === null ? [] : [`${file}: ${what}: ${match[0].slice(0, 80)}`]
  })
}
