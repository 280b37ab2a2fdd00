// What the migrations promise of the tables: the walls between organizations, the chained audit log, counts that cost nothing,
// and that each migration leaves what is there as it was.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { migrate } from './migrate.ts'
import { openPostgres, type Postgres, type Row, sqlState } from './postgres.ts'
import { directUrlOf, freshDatabase } from './testing/engines.ts'

const north = '11111111-1111-4111-8111-111111111111'
const south = '22222222-2222-4222-8222-222222222222'
const system = '00000000-0000-0000-0000-000000000001'

let db: Postgres
beforeAll(async () => {
  db = openPostgres(await freshDatabase())
  for (const [id, slug] of [
    [north, 'north'],
    [south, 'south'],
  ])
    await fill(db, id!, slug!)
})
afterAll(() => db.end())

/** A row in every table that carries an organization, with whatever its columns want. */
async function fill(target: Postgres, organization: string, slug: string): Promise<void> {
  const of = slug === 'north' ? 1 : 2
  const place = `'${organization}', '${organization}'`
  await target.query(
    `insert into organizations (id, slug, name) values ('${organization}', '${slug}', 'O''${slug}')`,
  )
  await target.query(`insert into sites (id, organization_id, slug, name) values (${place}, 's', 'S')`)
  await target.query(
    `insert into areas (id, organization_id, site_id, slug, name) values (${place}, '${organization}', 'a', 'A')`,
  )
  await target.query(
    `insert into units (id, organization_id, site_id, area_id, slug, name, unit_type)
     values (${place}, '${organization}', '${organization}', 'u', 'U', 'fridge')`,
  )
  await target.query(
    `insert into devices (id, organization_id, dev_eui, name) values (${place}, '000000000000000${of}', 'D')`,
  )
  await target.query(
    `insert into device_assignments (device_id, valid_from, organization_id, unit_id)
     values ('${organization}', '2026-01-01', '${organization}', '${organization}')`,
  )
  await target.query(
    `insert into alert_rules (id, organization_id, valid_from, schedule) values (${place}, '2026-01-01', '{"days": [1]}')`,
  )
  await target.query(
    `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, fault, history,
       simulated, decoder, decoder_version)
     select '${organization}', '2026-02-01'::timestamptz + i * interval '5 min', '${organization}', '${organization}', now(), i * 0.1,
       false, false, false, 'd', 1 from generate_series(1, 500) i`,
  )
  await target.query(
    `insert into alerts (id, unit_id, organization_id, revision, status, alert_type, severity, cause_id, cause_started_at,
       triggered_at) values (${place}, '${organization}', 1, 'active', 'door_open', 'info', '${organization}', now(), now())`,
  )
  await target.query(
    `insert into excursions (id, unit_id, organization_id, revision, state, direction, started_at, peak_c, min_c, max_c,
       reading_count, known_seconds, has_unknown, degree_minutes)
     values (${place}, '${organization}', 1, 'open', 'high', now(), 9.123456789, 1, 9.5, 3, 1.5, false, 0.1)`,
  )
  await target.query(
    `insert into outbox (topic, key, value) values ('devices', '${slug}', '{"a": [1, null]}')`,
  )
}

const asApi = (organization: string) => ({
  settings: { role: 'coldstream_api', 'coldstream.organization': organization },
})

const walled = async (): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
       where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1`,
    )
  ).rows.map(({ name }) => name)

test('every table that carries an organization is behind the wall', async () => {
  const { rows } = await db.query(
    `select c.relname as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and not (c.relrowsecurity
       and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'organization_wall'))`,
    [await walled()],
  )
  expect(rows, 'call wall_off(...) in the migration that makes them').toEqual([])
})

test('the role of the API sees the rows of the organization it asks for, and no others', async () => {
  for (const table of [...(await walled()), 'organizations']) {
    const column = table === 'organizations' ? 'id' : 'organization_id'
    const seen = async (asked: string) =>
      (
        await db.query<Row & { id: string }>(
          `select distinct ${column} as id from ${table}`,
          [],
          asApi(asked),
        )
      ).rows.map((row) => row.id)
    const all = (await db.query<{ id: string }>(`select distinct ${column} as id from ${table} order by 1`))
      .rows
    const there = all.map(({ id }) => id)
    expect(await seen(north), table).toEqual(there.filter((id) => id === north))
    expect((await seen(`${north},${south}`)).sort(), table).toEqual(there)
    expect(await seen(''), table).toEqual([])
  }
})

test('it cannot write for another organization, nor read what has none', async () => {
  const action = (organization: string) =>
    `insert into corrective_actions (organization_id, unit_id, alert_id, description)
     values ('${organization}', '${organization}', '${organization}', 'Door closed')`
  await db.query(action(north), [], asApi(north))
  const refusal = await db.query(action(south), [], asApi(north)).catch((error: unknown) => error)
  expect(sqlState(refusal)).toBe('42501')
  for (const table of [
    'outbox',
    'sink_offsets',
    'dead_letters',
    'schema_migrations',
    'backup_runs',
    'sensor_readings_default',
  ])
    expect(
      sqlState(await db.query(`select 1 from ${table}`, [], asApi(north)).catch((e: unknown) => e)),
      table,
    ).toBe('42501')
})

test('behind the wall a unit is found by its index, and only its months are opened', async () => {
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(
    `explain select temperature_c from sensor_readings where unit_id = $1 and recorded_at >= '2026-02-01' and recorded_at < '2026-02-02'`,
    [north],
    { settings: { ...asApi(north).settings, enable_seqscan: 'off' } },
  )
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(plan).toMatch(/Index.*sensor_readings/)
  expect(plan).toMatch(/Index Cond: .*unit_id = .*recorded_at >=/)
})

test('the audit log is chained: what is changed, taken out or put in shows, and nobody may', async () => {
  const entry = (organization: string, type: string) =>
    db.query(
      `insert into audit_log (organization_id, actor_id, event_type, details) values ($1, $2, $3, '{"b": 1, "a": [1.50]}')`,
      [organization, system, type],
      asApi(organization),
    )
  await Promise.all([...Array(6).keys()].map((i) => entry(i % 2 ? north : south, `unit.updated.${i}`)))
  const breaks = async () =>
    (await db.query('select sequence, problem from audit_breaks order by sequence')).rows
  expect(await breaks()).toEqual([])
  expect(
    (await db.query('select sequence from audit_log where organization_id = $1 order by 1', [north])).rows,
  ).toEqual([1, 2, 3].map((sequence) => ({ sequence })))
  for (const change of [
    'update audit_log set event_type = $$x$$',
    'delete from audit_log',
    'truncate audit_log',
  ])
    await expect(db.query(change)).rejects.toThrow('written once')
  // Somebody with all rights, behind everybody's back; undone by the throw.
  const tamper = (statement: string) =>
    db.transaction(async (sql) => {
      await sql.query('alter table audit_log disable trigger all')
      await sql.query(statement)
      const { rows } = await sql.query('select sequence, problem from audit_breaks')
      throw Object.assign(new Error('undone'), { rows })
    })
  await expect(
    tamper(`update audit_log set title = 'x' where organization_id = '${north}' and sequence = 2`),
  ).rejects.toMatchObject({
    rows: [{ sequence: 2, problem: 'changed' }],
  })
  await expect(
    tamper(`delete from audit_log where organization_id = '${north}' and sequence = 2`),
  ).rejects.toMatchObject({
    rows: [{ sequence: 3, problem: 'not the successor of the row before' }],
  })
})

test('counts come from statistics, without reading a partition', async () => {
  await db.query('analyze sensor_readings')
  const { rows } = await db.query(
    "select parts, estimated_rows from table_estimates where table_name = 'sensor_readings'",
  )
  expect(rows).toEqual([{ parts: 1, estimated_rows: 1_000 }])
  const { rows: plan } = await db.query<{ 'QUERY PLAN': string }>(
    "explain (costs off) select estimated_rows from table_estimates where table_name = 'sensor_readings'",
  )
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).not.toMatch(/on sensor_readings/)
})

test('each migration leaves the data of the one before it as they were', async () => {
  const all = readdirSync(join(import.meta.dirname, 'migrations'))
    .filter((file) => file.endsWith('.sql'))
    .sort()
  const dir = mkdtempSync(join(tmpdir(), 'migrations-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const url = directUrlOf(await freshDatabase({ migrate: null }))
  const target = openPostgres(url, { connectionsMax: 1 })
  onTestFinished(() => target.end())
  const add = (file: string) => copyFileSync(join(import.meta.dirname, 'migrations', file), join(dir, file))
  for (const file of all.slice(0, 3)) add(file)
  await migrate(url, undefined, dir)
  await fill(target, north, 'north')
  let columns = await contentOf(target)
  for (const file of all.slice(3)) {
    add(file)
    expect(await migrate(url, undefined, dir)).toEqual([file])
    expect(await contentOf(target, columns), file).toEqual(columns)
    if (!file.includes('tenancy')) continue
    await fillPeople(target, north)
    columns = await contentOf(target)
  }
})

/** Into the tables that came with the walls: later migrations change these, too. */
async function fillPeople(target: Postgres, organization: string): Promise<void> {
  const person = `(select id from actors where name = 'Jo')`
  for (const statement of [
    "insert into actors (kind, name) values ('person', 'Jo'), ('api_key', 'a key')",
    `insert into people (id, issuer, subject, email) values (${person}, 'https://id', 'jo', 'jo@example.org')`,
    `insert into memberships (organization_id, person_id, role) values ('${organization}', ${person}, 'admin')`,
    `insert into api_keys (id, organization_id, secret_sha256, last_characters, scopes)
     values ((select id from actors where kind = 'api_key'), '${organization}', '\\x00', 'abcd', '{read}')`,
    `insert into gateways (organization_id, gateway_id) values ('${organization}', 'g')`,
    `insert into audit_log (organization_id, actor_id, event_type) values ('${organization}', ${person}, 'test')`,
    `insert into corrective_actions (organization_id, unit_id, alert_id, description)
     values ('${organization}', '${organization}', '${organization}', 'closed the door')`,
    `insert into notification_deliveries (organization_id, alert_id, channel, recipient)
     values ('${organization}', '${organization}', 'email', 'jo@example.org')`,
  ])
    await target.query(statement)
}

type Content = Record<string, { columns: string[]; rows: unknown[] }>

/** Of the columns that were there before, in every table that had rows. */
async function contentOf(target: Postgres, before?: Content): Promise<Content> {
  const tables = before === undefined ? await filledTables(target) : Object.keys(before)
  const content: Content = {}
  for (const table of tables) {
    const columns = before?.[table]?.columns ?? (await columnsOf(target, table))
    const { rows } = await target.query(`select ${columns.join(', ')} from ${table} t order by t::text`)
    content[table] = { columns, rows }
  }
  return content
}

async function filledTables(target: Postgres): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    "select relname as name from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace",
  )
  const filled: string[] = []
  for (const { name } of rows)
    if (name !== 'schema_migrations' && (await target.query(`select 1 from ${name} limit 1`)).rowCount > 0)
      filled.push(name)
  return filled
}

async function columnsOf(target: Postgres, table: string): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum',
    [table],
  )
  return rows.map(({ name }) => name)
}
