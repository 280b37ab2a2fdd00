// A question in one message: what it may do, and what stays behind of it on its connection.
import { describe, expect, onTestFinished, test } from 'vitest'
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

describe('what one asker asks in one turn', () => {
  const asker = () => ({ ...asking, signal: new AbortController().signal })
  const transactionOf = 'select pg_backend_pid() as pid, transaction_timestamp() as at, $1::int as n'

  test('goes in one trip, with those settings; in another turn or lane, or with others, in another', async () => {
    const db = await open({ connectionsMax: 3, namesStatements: true })
    const mine = asker()
    const others = { ...mine, settings: { 'app.who': 'you' } }
    const ask = async (n: number, options: object) => (await db.query(transactionOf, [n], options)).rows[0]
    const [first, second, other] = await Promise.all([ask(1, mine), ask(2, mine), ask(3, others)])
    expect([first, second, other].map((row) => row?.n)).toEqual([1, 2, 3])
    expect(second).toEqual({ ...first, n: 2 })
    expect(other?.pid).not.toBe(first?.pid)
    expect((await ask(4, mine))?.at).not.toEqual(first?.at)
    const [alone, stranger] = await Promise.all([ask(5, mine), ask(6, asker())])
    expect(stranger?.pid).not.toBe(alone?.pid)
    const [here, beside] = await Promise.all([ask(7, mine), ask(8, { ...mine, lane: 1 })])
    expect(beside?.pid).not.toBe(here?.pid)
  })

  test.each([{ namesStatements: false }, { namesStatements: true }])(
    'is answered but for what is refused (%o)',
    async (settings) => {
      const db = await open({ ...settings, statementTimeoutMs: 300 })
      for (let round = 0; round < 2; round += 1) {
        const mine = asker()
        const texts = ['$1::int as n', '$1::int / 0 as n', 'pg_sleep($1)', '$1 + 1 as n', 'nothing', '7 as n']
        const answers = await Promise.all(
          texts.map((text) =>
            db
              .query(`select ${text}`, text.includes('$') ? [5] : [], mine)
              .then(({ rows }) => rows, sqlState),
          ),
        )
        expect(answers).toEqual([[{ n: 5 }], '22012', '57014', [{ n: 6 }], '42703', [{ n: 7 }]])
      }
      expect(db.usage()).toMatchObject({ inUse: 0, waiting: 0 })
    },
  )

  test('ends for all of it when he goes', async () => {
    const db = await open()
    const gone = new AbortController()
    const mine = { ...asking, signal: gone.signal }
    const answers = ['select 1', 'select pg_sleep(20)', 'select 2'].map((text) => db.query(text, [], mine))
    const outcomes = Promise.allSettled(answers)
    await expect.poll(() => db.usage().inUse).toBe(1)
    gone.abort(new Error('gone'))
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { message: 'gone' } })
    expect((await db.query('select 3 as n', [], asking)).rows).toEqual([{ n: 3 }])
  })
})
