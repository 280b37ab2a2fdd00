// A question in one message: what it may do, and what stays behind of it on its connection.
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type PostgresSettings, sqlState } from './postgres.ts'
import { freshDatabase } from './testing/engines.ts'

const database = freshDatabase({ migrate: null })

/** One connection, so that whoever asks next gets the one before. */
async function open(settings: PostgresSettings = {}) {
  const db = openPostgres(await database, { connectionsMax: 1, ...settings })
  onTestFinished(() => db.end())
  return db
}

const asking = { readOnly: true, settings: { 'app.who': 'me' } }
const seen = `select current_setting('app.who', true) as who, current_setting('statement_timeout') as timeout,
  current_setting('transaction_read_only') as reading, $1::bigint as big`

test.each([{ namesStatements: false }, { namesStatements: true }])(
  'a question has its settings, and leaves none to the next one (%o)',
  async (settings) => {
    const db = await open({ ...settings, statementTimeoutMs: 7_000 })
    const mine = { who: 'me', timeout: '7s', reading: 'on', big: 5 }
    for (let round = 0; round < 3; round += 1)
      expect(await db.query(seen, [5], asking)).toEqual({ rows: [mine], rowCount: 1 })
    const { rows } = await db.query(seen, [6], { readOnly: true })
    expect(rows).toEqual([{ ...mine, who: '', big: 6 }])
    expect((await db.query(`select current_setting('transaction_read_only') as reading`)).rows).toEqual([
      { reading: 'off' },
    ])
  },
)

test('it changes nothing, ends in time, and after a failure the connection is as good as before', async () => {
  const db = await open({ statementTimeoutMs: 100, namesStatements: true })
  await db.query('create table if not exists kept (n int)')
  const stateOf = (text: string, values: unknown[] = [], options: object = asking) =>
    db.query(text, values, options).then(() => null, sqlState)
  for (let round = 0; round < 2; round += 1) {
    expect(await stateOf('insert into kept values ($1)', [1])).toBe('25006')
    expect(await stateOf('select pg_sleep($1)', [5])).toBe('57014')
    expect(await stateOf('select $1::int / 0', [1])).toBe('22012')
    expect(await stateOf('select no_such_column')).toBe('42703')
    expect((await db.query('select $1::int as n', [round], asking)).rows).toEqual([{ n: round }])
  }
  // Named by a transaction before: each way has names of its own.
  expect((await db.query('select $1::int as n', [7])).rows).toEqual([{ n: 7 }])
  expect((await db.query('select $1::int as n', [8], asking)).rows).toEqual([{ n: 8 }])
})

test('where a setting is refused, the statement is not executed: nobody is asked without his walls', async () => {
  const db = await open()
  await db.query('create sequence if not exists counter')
  const refused = { readOnly: true, settings: { role: 'no_such_role' } }
  expect(await db.query(`select nextval('counter')`, [], refused).catch(sqlState)).toBe('22023')
  expect((await db.query('select is_called from counter')).rows).toEqual([{ is_called: false }])
})

test('statements are parsed once a connection', async () => {
  const db = await open({ namesStatements: true })
  for (let i = 0; i < 3; i += 1) await db.query('select $1::bigint as n', [i], asking)
  const { rows } = await db.query<{ statement: string; plans: number }>(
    'select statement, generic_plans + custom_plans as plans from pg_prepared_statements order by length(statement)',
  )
  expect(rows).toEqual([
    { statement: 'select $1::bigint as n', plans: 3 },
    { statement: expect.stringMatching(/^select set_config\(\$1, \$2, true\)/), plans: 3 },
  ])
})

test('whoever goes while he waits for a connection, or before, is not asked for', async () => {
  const db = await open()
  const gone = new AbortController()
  const first = db.query('select pg_sleep(0.2)', [], asking)
  const second = db.query('select 1', [], { ...asking, signal: gone.signal })
  gone.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  await first
  await expect(db.query('select 1', [], { ...asking, signal: gone.signal })).rejects.toThrow('gone')
  expect(db.usage()).toMatchObject({ inUse: 0, waiting: 0 })
})
