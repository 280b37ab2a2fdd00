import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { derivedId } from '../schemas/identity.ts'
import { digest, digestTables } from './digest.ts'

async function openDatabase(): Promise<Postgres> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  return db
}

const addSilence = (db: Postgres, name: string, revision: number, state = 'closed') =>
  db.query(
    `insert into silences (id, unit_id, organization_id, revision, state, started_at, detected_at)
     values ($1, $2, $2, $3, $4, '2026-01-01 12:00Z', '2026-01-01 12:30Z')`,
    [derivedId('silence', name), derivedId('unit', 'u'), revision, state],
  )

test('neither the order of rows nor the session’s zone counts; one value does', async () => {
  const [one, other] = [await openDatabase(), await openDatabase()]
  for (const name of ['a', 'b', 'c']) await addSilence(one, name, 1)
  for (const name of ['c', 'a', 'b']) await addSilence(other, name, 1)
  const name = (await other.query('select current_database() as name')).rows[0]!.name
  await other.query(`alter database ${name} set timezone to 'Asia/Kolkata'`)
  expect(await digest(other)).toEqual(await digest(one))
  await other.query("update silences set ended_at = '2026-01-01 12:45Z' where id = $1", [
    derivedId('silence', 'b'),
  ])
  expect(await digest(other)).not.toEqual(await digest(one))
})

test('how often a row was revised, and what was retracted, counts only where it is asked for', async () => {
  const [one, other] = [await openDatabase(), await openDatabase()]
  await addSilence(one, 'a', 1)
  await addSilence(other, 'a', 4)
  await addSilence(other, 'never was', 2, 'retracted')
  expect(await digest(other)).toEqual(await digest(one))
  expect(await digest(other, { withRevisions: true })).not.toEqual(await digest(one, { withRevisions: true }))
})

test('every table that the pipeline writes is in it', async () => {
  const db = await openDatabase()
  const { rows } = await db.query<{ name: string }>(
    `select relname as name from pg_class join pg_namespace n on n.oid = relnamespace
     where relkind in ('r', 'p') and nspname = 'public' and not relispartition order by 1`,
  )
  // People, sign-in and what they do; what processes note of their own work; a window of what
  // other tables have whole; and what `coldstream gaps --store` finds whenever it is asked.
  const registry =
    /^(organizations|sites|areas|units|devices|device_assignments|alert_rules|outbox|gateways)$/
  const entered =
    /^(manual_logs|alert_acknowledgements|corrective_actions|actors|people|memberships|api_keys|audit_log)$/
  const notifications = /^(escalation_contacts|notification_.*)$/
  const bookkeeping =
    /^(dead_letter_retries|rollup_repairs|schema_migrations|sink_offsets|replays|backup_runs)$/
  const housekeeping = /^(housekeeper_.*|partition_.*|events)$/
  const foundInTheLog = /^uplink_(gaps|loss)$/
  const others = [registry, entered, notifications, bookkeeping, housekeeping, foundInTheLog]
  const names = rows.map(({ name }) => name)
  expect(
    names.filter((name) => !digestTables.includes(name) && !others.some((known) => known.test(name))),
  ).toEqual([])
  expect(digestTables.filter((name) => !names.includes(name))).toEqual([])
})
