import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { openTo } from './access/access.ts'
import { isAdminKey } from './admin.ts'
import type { Query } from './database.ts'
import { createServer } from './server.ts'

const key = 'a-key-of-the-tests-0123'
const tasks = '/api/admin/housekeeper/tasks'

async function openApi(adminKey = key): Promise<{ app: FastifyInstance; db: Postgres }> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 3 })
  const ask =
    (readOnly: boolean): Query =>
    async (text, values) =>
      (await db.query(text, values, { readOnly })).rows as never
  const app = await createServer({
    ...{ access: openTo(ask(true)), now: () => new Date(), logger: pino({ level: 'silent' }) },
    admin: { key: adminKey, change: ask(false) },
  })
  onTestFinished(async () => {
    await app.close()
    await db.end()
  })
  return { app, db }
}

const get = (app: FastifyInstance, url: string, authorization = `Bearer ${key}`) =>
  app.inject({ url, headers: { authorization } })

test('who has no key, or a wrong one, or where there is none, is refused at every path', async () => {
  const { app } = await openApi()
  for (const [method, url] of [
    ['GET', tasks],
    ['POST', `${tasks}/x/run`],
    ['GET', '/api/admin/housekeeper/runs'],
  ] as const) {
    expect((await app.inject({ method, url })).json()).toMatchObject({ code: 'NOT_AUTHORIZED' })
    const wrong = await app.inject({ method, url, headers: { 'x-api-key': `${key}4` } })
    expect([wrong.statusCode, wrong.headers['www-authenticate']]).toEqual([401, 'Bearer realm="coldstream"'])
  }
  expect(isAdminKey('', '')).toBe(false)
  const closed = await openApi('')
  expect((await get(closed.app, tasks, 'Bearer ')).json()).toMatchObject({ code: 'ADMIN_CLOSED' })
})

test('tasks are listed and asked for, and the history is read', async () => {
  const { app, db } = await openApi()
  await db.query(`insert into housekeeper_tasks (task_name, schedule, next_run_at) values
    ('events-partition-maintenance', '0 2 * * *', '2026-11-22 02:00Z'), ('other', '0 3 * * *', '2026-11-22 03:00Z')`)
  await db.query(`insert into housekeeper_runs (task_name, cause, owner, outcome, summary)
    select 'events-partition-maintenance', 'schedule', 'test', 'succeeded', jsonb_build_object('n', n) from generate_series(1, 3) n`)
  expect((await get(app, tasks)).json().tasks).toMatchObject([
    {
      ...{
        name: 'events-partition-maintenance',
        schedule: '0 2 * * *',
        nextRunAt: '2026-11-22T02:00:00.000Z',
      },
      lastRun: { outcome: 'succeeded', summary: { n: 3 } },
    },
    { name: 'other', lastRun: null },
  ])
  const url = `${tasks}/events-partition-maintenance/run`
  const asked = await app.inject({ method: 'POST', url, headers: { 'x-api-key': key } })
  expect([asked.statusCode, asked.json().task]).toEqual([202, 'events-partition-maintenance'])
  const { rows } = await db.query('select requested_by from housekeeper_tasks where requested_at is not null')
  expect(rows).toEqual([{ requested_by: 'api' }])
  const runs = await get(app, '/api/admin/housekeeper/runs?task=events-partition-maintenance&limit=2')
  expect(runs.json().runs.map((run: { summary: object }) => run.summary)).toEqual([{ n: 3 }, { n: 2 }])
  expect((await get(app, '/api/admin/housekeeper/runs?limit=0')).statusCode).toBe(400)
  const unknown = await app.inject({
    method: 'POST',
    url: `${tasks}/none/run`,
    headers: { 'x-api-key': key },
  })
  expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'NO_SUCH_TASK'])
})

test('/health says how the partitions stand', async () => {
  const { app } = await openApi()
  expect((await app.inject('/health')).json()).toMatchObject({
    status: 'ok',
    partitions: [
      { table: 'events', count: 0, hasCurrent: false },
      { table: 'sensor_readings', count: 0, hasCurrent: false, defaultRowsEstimate: 0 },
    ],
  })
})
