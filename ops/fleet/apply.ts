// Applies a fleet to the registry: plan, then everything of it in one transaction, the records for Kafka included.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import { derivedId } from '../../schemas/identity.ts'
import type { Fleet } from './declared.ts'
import { type EntityChange, type Plan, planChanges } from './plan.ts'
import { registryRecords } from './records.ts'
import {
  entityColumns,
  type PlaceFields,
  type RuleScope,
  readRows,
  ruleColumns,
  scopeKey,
} from './registry-rows.ts'
import { type RuleFields, ruleFieldNames } from './rules.ts'
import type { Version, VersionChanges } from './versions.ts'
import { organizationIdOf, wantedRows } from './wanted.ts'

const LOCK = 20_260_301_02

export class RegistryMoved extends Error {}

/** What `applyFleet` would change at this moment. */
export async function planFleet(db: Postgres, fleet: Fleet, nowMs: number): Promise<Plan> {
  return db.transaction((sql) => planIn(sql, fleet, nowMs), { readOnly: true })
}

async function planIn(sql: Sql, fleet: Fleet, nowMs: number): Promise<Plan> {
  const wanted = wantedRows(fleet)
  return planChanges(wanted, await readRows(sql, organizationsOf(fleet), [...wanted.places.keys()]), nowMs)
}

const organizationsOf = (fleet: Fleet) => fleet.organizations.map(({ slug }) => organizationIdOf(slug))

/**
 * 1. Take the lock, so that two appliers take turns.
 * 2. Plan again; if it is not what was `shown`, nothing is done.
 * 3. Write entities, rules and places.
 * 4. Put every record that is not what was last put there into the outbox.
 */
export async function applyFleet(
  db: Postgres,
  fleet: Fleet,
  nowMs: number,
  shown?: Plan,
): Promise<{ plan: Plan; recordsQueued: number }> {
  return db.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [LOCK])
    const plan = await planIn(sql, fleet, nowMs)
    if (shown !== undefined && shown.lines.join('\n') !== plan.lines.join('\n'))
      throw new RegistryMoved('Somebody else has changed the registry meanwhile: look at the plan again.')
    for (const change of plan.entities) await writeEntity(sql, change, nowMs)
    for (const { scope, changes } of plan.rules) await writeRules(sql, scope, changes)
    for (const { deviceId, changes } of plan.places) await writePlaces(sql, deviceId, changes)
    const devices = plan.places.map(({ deviceId }) => deviceId)
    return { plan, recordsQueued: await queueRecords(sql, organizationsOf(fleet), devices) }
  })
}

async function writeEntity(sql: Sql, change: EntityChange, nowMs: number): Promise<void> {
  const { table, id, columns } = change.entity
  const now = new Date(nowMs)
  if (change.kind === 'remove') {
    await sql.query(`update ${table} set deleted_at = $2, updated_at = $2 where id = $1`, [id, now])
    return
  }
  const names = entityColumns[table]
  await sql.query(
    `insert into ${table} (id, created_at, updated_at, ${names.join(', ')})
     values ($1, $2, $2, ${names.map((_, index) => `$${index + 3}`).join(', ')})
     on conflict (id) do update set deleted_at = null, updated_at = excluded.updated_at,
       ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [id, now, ...names.map((name) => columns[name] ?? null)],
  )
}

async function writeRules(sql: Sql, scope: RuleScope, changes: VersionChanges<RuleFields>): Promise<void> {
  const { organizationId, siteId, unitId } = scope
  const idOf = ({ validFromMs }: Version<RuleFields>) => derivedId('rule', scopeKey(scope), validFromMs)
  await sql.query('delete from alert_rules where id = any($1)', [changes.removed.map(idOf)])
  const columns = ruleFieldNames.map((name) => ruleColumns[name])
  for (const version of [...changes.added, ...changes.changed.map(({ after }) => after)])
    await sql.query(
      `insert into alert_rules (id, organization_id, site_id, unit_id, valid_from, ${columns.join(', ')})
       values ($1, $2, $3, $4, $5, ${columns.map((_, index) => `$${index + 6}`).join(', ')})
       on conflict (id) do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [
        ...[idOf(version), organizationId, siteId, unitId, new Date(version.validFromMs)],
        ...ruleFieldNames.map((name) => columnValue(name, version.fields[name])),
      ],
    )
}

/** A list is written as an array of Postgres, unless it is said to be JSON. */
const columnValue = (name: keyof RuleFields, value: unknown): unknown =>
  name === 'budgets' && value !== null ? JSON.stringify(value) : value

async function writePlaces(sql: Sql, deviceId: string, changes: VersionChanges<PlaceFields>): Promise<void> {
  await sql.query('delete from device_assignments where device_id = $1 and valid_from = any($2)', [
    deviceId,
    changes.removed.map(({ validFromMs }) => new Date(validFromMs)),
  ])
  for (const { validFromMs, fields } of [...changes.added, ...changes.changed.map(({ after }) => after)]) {
    const { organizationId, unitId, kind, probe, openIs, calibrationOffset } = fields
    const { calibrationValidUntilMs, silentMinutes } = fields
    await sql.query(
      `insert into device_assignments
         (device_id, valid_from, organization_id, unit_id, kind, probe, calibration_offset_c,
         calibration_valid_until, open_is, silent_minutes)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (device_id, valid_from) do update set organization_id = excluded.organization_id,
         unit_id = excluded.unit_id, kind = excluded.kind, probe = excluded.probe,
         calibration_offset_c = excluded.calibration_offset_c,
         calibration_valid_until = excluded.calibration_valid_until, open_is = excluded.open_is,
         silent_minutes = excluded.silent_minutes`,
      [
        ...[deviceId, new Date(validFromMs), organizationId, unitId, kind, probe, calibrationOffset],
        calibrationValidUntilMs === null ? null : new Date(calibrationValidUntilMs),
        openIs,
        silentMinutes,
      ],
    )
  }
}

async function queueRecords(sql: Sql, organizationIds: string[], deviceIds: string[]): Promise<number> {
  const records = registryRecords(await readRows(sql, organizationIds, deviceIds))
  const { rowCount } = await sql.query(
    `insert into outbox (topic, key, value)
     select new.topic, new.key, new.value
     from unnest($1::text[], $2::text[], $3::jsonb[]) with ordinality as new (topic, key, value, position)
     where new.value is distinct from (
       select last.value from outbox last where last.topic = new.topic and last.key = new.key
       order by last.id desc limit 1)
     order by new.position`,
    [
      records.map(({ topic }) => topic),
      records.map(({ key }) => key),
      records.map(({ value }) => JSON.stringify(value)),
    ],
  )
  return rowCount
}
