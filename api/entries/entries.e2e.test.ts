import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { applyFleet } from '../../ops/fleet/apply.ts'
import { unitIdOf } from '../../ops/fleet/wanted.ts'
import { memoryRegistry, openCodecs } from '../../schemas/codec.ts'
import { derivedId } from '../../schemas/identity.ts'
import { acknowledgeAlert, addManualLog } from './entries.ts'

const nowMs = Date.parse('2026-02-02T12:00:00Z')
const unitId = unitIdOf('org', 'site', 'fridge')
const alertId = derivedId('alert', 'one')
const log = { unit: 'org/site/fridge', atMs: nowMs - 60_000, temperatureC: 4.5, note: null, by: 'Kim' }

async function openFilled(): Promise<Postgres> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  const units = [{ slug: 'fridge', name: 'Fridge', type: 'fridge' }]
  const sites = [{ slug: 'site', name: 'Site', areas: [{ slug: 'area', name: 'Area', units }] }]
  await applyFleet(db, { organizations: [{ slug: 'org', name: 'Org', sites }] }, nowMs)
  await db.query(
    `insert into alerts (id, unit_id, organization_id, revision, status, alert_type, severity, cause_id,
       cause_started_at, triggered_at)
     select $1, id, organization_id, 1, 'active', 'door_open', 'warning', id, $2, $2 from units`,
    [alertId, new Date(nowMs - 600_000)],
  )
  return db
}

const queued = async (db: Postgres) =>
  (
    await db.query<{ value: object }>("select value from outbox where topic = 'unit-entries' order by id")
  ).rows.map(({ value }) => value)

test('a manual log is a row and a record of the unit, once however often it is added', async () => {
  const db = await openFilled()
  const id = await addManualLog(db, log, nowMs)
  expect(await addManualLog(db, { ...log, unit: unitId }, nowMs)).toBe(id)
  const { rows } = await db.query('select unit_id, temperature_c, recorded_by from manual_logs')
  expect(rows).toEqual([{ unit_id: unitId, temperature_c: 4.5, recorded_by: 'Kim' }])
  const [record, ...more] = await queued(db)
  expect(record).toMatchObject({ id, unitId, at: log.atMs, alertId: null, temperature: 4.5 })
  expect(more).toEqual([])
  const codec = (await openCodecs(memoryRegistry(), '')).of('unit-entries')
  expect(codec.decode(codec.encode(record as never))).toEqual(record)
})

test('an acknowledgement goes to the unit of its alert', async () => {
  const db = await openFilled()
  const given = { alertId, atMs: nowMs, note: 'on my way', by: 'Kim' }
  const id = await acknowledgeAlert(db, given, nowMs)
  expect(await queued(db)).toMatchObject([{ id, unitId, at: nowMs, alertId, temperature: null }])
})

test('what cannot be is refused, with what to write instead', async () => {
  const db = await openFilled()
  await expect(addManualLog(db, { ...log, unit: 'org/site/none' }, nowMs)).rejects.toThrow(
    /no unit org\/site\/none/,
  )
  await expect(addManualLog(db, { ...log, atMs: nowMs + 1 }, nowMs)).rejects.toThrow(/yet to come/)
  const seen = { alertId, atMs: nowMs - 700_000, note: null, by: null }
  await expect(acknowledgeAlert(db, seen, nowMs)).rejects.toThrow(/give a later instant/)
  await expect(acknowledgeAlert(db, { ...seen, alertId: unitId, atMs: nowMs }, nowMs)).rejects.toThrow(
    /no alert/,
  )
  expect(await queued(db)).toEqual([])
})
