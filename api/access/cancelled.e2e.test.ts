// A question that its asker has left, where PgBouncer stands between the API and Postgres: its statement ends, and no other's does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { directUrlOf, freshDatabase } from '../../infra/testing/engines.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../../infra/testing/pgbouncer.ts'
import { runApi } from '../main.ts'
import { fillRegistry } from '../testing/fleet.ts'
import { idOf } from '../testing/rows.ts'

let bouncer: PgBouncer
let postgres: Postgres
let api: Awaited<ReturnType<typeof runApi>>

beforeAll(async () => {
  if (!hasPgBouncer) return
  const direct = directUrlOf(await freshDatabase())
  postgres = openPostgres(direct, { connectionsMax: 2 })
  await postgres.transaction(fillRegistry)
  bouncer = await startPgBouncer(direct)
  api = await runApi({
    ...{ DATABASE_URL: bouncer.urlOf(direct), API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'open' },
    ...{ OIDC_ISSUER: '', OIDC_AUDIENCE: 'x', ADMIN_KEY: '', REPORT_KEY_FILE: '', LOG_LEVEL: 'error' },
  })
}, 300_000)
afterAll(async () => {
  await api?.close()
  await bouncer?.stop()
  await postgres?.end()
})

const ask = async (query: string, signal: AbortSignal | null = null) => {
  const response = await fetch(`http://127.0.0.1:${api.port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal,
  })
  return response.json()
}

/** Statements of the API that wait for a lock. PgBouncer's connections carry the name of whom they work for. */
const waiting = async (table: string) =>
  (
    await postgres.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity where datname = current_database() and state = 'active'
         and wait_event_type = 'Lock' and query like $1 and pid <> pg_backend_pid()`,
      [`%from ${table} %`],
    )
  ).rows[0]?.count

const of = (connection: string) =>
  `{ unit(id: "${idOf('Salad bar')}") { ${connection}(first: 1) { nodes { id } } } }`

describe.skipIf(!hasPgBouncer)('through PgBouncer', () => {
  test('the statement of who has gone is cancelled; who waits for another gets his answer', async () => {
    let patient: Promise<unknown> = Promise.resolve()
    await postgres.transaction(async (sql) => {
      await sql.query('lock table alerts, silences in access exclusive mode')
      patient = ask(of('silences'))
      for (let round = 0; round < 5; round++) {
        const gone = new AbortController()
        const answer = ask(of('alerts'), gone.signal).catch(({ name }: Error) => name)
        await expect.poll(() => waiting('alerts')).toBe(1)
        gone.abort()
        expect(await answer).toBe('AbortError')
        // The lock is still held: nothing but a cancellation ends the statement.
        await expect.poll(() => waiting('alerts'), { timeout: 5_000 }).toBe(0)
        expect(await waiting('silences')).toBe(1)
      }
    })
    expect(await patient).toMatchObject({ data: { unit: { silences: { nodes: [] } } } })
    expect(await ask(of('alerts'))).toMatchObject({ data: { unit: { alerts: { nodes: [] } } } })
  })
})
