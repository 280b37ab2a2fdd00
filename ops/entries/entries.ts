// What people say of a unit: a row of its table, and its record for Kafka, in one transaction. From there on it is one
// more input in event time: the same entries give the same alerts, whenever they are replayed.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import type { UnitEntry } from '../../schemas/generated/types.ts'
import { derivedId } from '../../schemas/identity.ts'

/** A person can put it right; its message says how. */
export class EntryRefused extends Error {}

export type ManualLog = {
  /** The unit's id, or its slugs: organization/site/unit. */
  unit: string
  atMs: number
  temperatureC: number | null
  note: string | null
  by: string | null
}

export type Acknowledgement = { alertId: string; atMs: number; note: string | null; by: string | null }

type Unit = { id: string; organizationId: string }

/** Returns its id. The same log once more changes nothing. */
export async function addManualLog(db: Postgres, log: ManualLog, nowMs: number): Promise<string> {
  refuseFuture(log.atMs, nowMs)
  const { atMs, temperatureC, note, by } = log
  return db.transaction(async (sql) => {
    const unit = await unitOf(sql, log.unit)
    const id = derivedId('manual-log', unit.id, atMs, by, temperatureC)
    const { rowCount } = await sql.query(
      `insert into manual_logs (id, organization_id, unit_id, recorded_at, temperature_c, note, recorded_by)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
      [id, unit.organizationId, unit.id, new Date(atMs), temperatureC, note, by],
    )
    if (rowCount > 0) await queue(sql, unit, { id, at: atMs, alertId: null, temperature: temperatureC })
    return id
  })
}

/** Returns its id. An alert that is over, or is acknowledged already, is left as it is. */
export async function acknowledgeAlert(db: Postgres, given: Acknowledgement, nowMs: number): Promise<string> {
  refuseFuture(given.atMs, nowMs)
  const { alertId, atMs, note, by } = given
  return db.transaction(async (sql) => {
    const unit = await alertedUnit(sql, alertId, atMs)
    const id = derivedId('acknowledgement', alertId, atMs, by)
    const { rowCount } = await sql.query(
      `insert into alert_acknowledgements
         (id, organization_id, unit_id, alert_id, acknowledged_at, note, acknowledged_by)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
      [id, unit.organizationId, unit.id, alertId, new Date(atMs), note, by],
    )
    if (rowCount > 0) await queue(sql, unit, { id, at: atMs, alertId, temperature: null })
    return id
  })
}

function refuseFuture(atMs: number, nowMs: number): void {
  if (atMs > nowMs)
    throw new EntryRefused(`${new Date(atMs).toISOString()} is yet to come: give --at in the past.`)
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

async function unitOf(sql: Sql, given: string): Promise<Unit> {
  const columns = 'select u.id, u.organization_id as "organizationId" from units u'
  const slugs = given.split('/')
  const { rows } = isUuid(given)
    ? await sql.query<Unit>(`${columns} where u.id = $1 and u.deleted_at is null`, [given])
    : await sql.query<Unit>(
        `${columns} join sites s on s.id = u.site_id join organizations o on o.id = u.organization_id
         where o.slug = $1 and s.slug = $2 and u.slug = $3 and u.deleted_at is null`,
        [slugs[0], slugs[1], slugs[2]],
      )
  const [unit] = rows
  if (unit === undefined)
    throw new EntryRefused(
      `There is no unit ${given}: give its id, or organization/site/unit by their slugs.`,
    )
  return unit
}

async function alertedUnit(sql: Sql, alertId: string, atMs: number): Promise<Unit> {
  if (!isUuid(alertId)) throw new EntryRefused(`${alertId} is no id of an alert: it is a UUID.`)
  const { rows } = await sql.query<Unit & { triggeredAt: Date }>(
    `select unit_id as id, organization_id as "organizationId", triggered_at as "triggeredAt" from alerts
     where id = $1 and status <> 'retracted'`,
    [alertId],
  )
  const [alert] = rows
  if (alert === undefined) throw new EntryRefused(`There is no alert ${alertId}.`)
  if (alert.triggeredAt.getTime() > atMs)
    throw new EntryRefused(`The alert opened at ${alert.triggeredAt.toISOString()}: give a later --at.`)
  return alert
}

async function queue(
  sql: Sql,
  unit: Unit,
  entry: Omit<UnitEntry, 'unitId' | 'organizationId'>,
): Promise<void> {
  const value: UnitEntry = { unitId: unit.id, organizationId: unit.organizationId, ...entry }
  await sql.query("insert into outbox (topic, key, value) values ('unit-entries', $1, $2)", [
    unit.id,
    JSON.stringify(value),
  ])
}
