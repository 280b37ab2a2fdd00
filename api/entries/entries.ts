// What people say of a unit: a row of its table, and where the pipeline judges by it its record for Kafka, in one transaction.
// From there on it is one more input in event time: the same entries give the same alerts, whenever they are replayed.
import type { UnitEntry } from '../../schemas/generated/types.ts'
import { derivedId } from '../../schemas/identity.ts'

/** A person can put it right; its message says how. */
export class EntryRefused extends Error {
  readonly isMissing: boolean
  constructor(message: string, { isMissing = false } = {}) {
    super(message)
    this.isMissing = isMissing
  }
}

type Answer<R> = { rows: R[]; rowCount: number }
export type EntrySql = {
  query<R extends Record<string, unknown> = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Answer<R>>
}
/** Commits what `work` did, or rolls it back where it throws. infra's Postgres fits. */
export type EntryDb = { transaction<T>(work: (sql: EntrySql) => Promise<T>): Promise<T> }

export type ManualLog = {
  /** The unit's id, or its slugs: organization/site/unit. */
  unit: string
  atMs: number
  temperatureC: number | null
  note: string | null
  by: string | null
}

export type Acknowledgement = { alertId: string; atMs: number; note: string | null; by: string | null }

export type CorrectiveAction = {
  alertId: string
  atMs: number
  actorId: string
  description: string
  actionTaken: string | null
  evidenceUrl: string | null
  resolvedAlert: boolean
}

export type EntryUnit = { id: string; organizationId: string }
/** `isNew` false: the same was there already. */
export type Made = { id: string; unit: EntryUnit; isNew: boolean }

/** Asked before anything is written; throws where the asker may not. */
export type MayEnter = (organizationId: string) => void
const everybody: MayEnter = () => {}

/** Returns its id. The same log once more changes nothing. */
export const addManualLog = async (db: EntryDb, log: ManualLog, nowMs: number): Promise<string> =>
  (await db.transaction((sql) => enterManualLog(sql, log, nowMs))).id

/** Returns its id. An alert that is over, or is acknowledged already, is left as it is. */
export const acknowledgeAlert = async (db: EntryDb, given: Acknowledgement, nowMs: number): Promise<string> =>
  (await db.transaction((sql) => enterAcknowledgement(sql, given, nowMs))).id

export async function enterManualLog(
  sql: EntrySql,
  log: ManualLog,
  nowMs: number,
  mayEnter = everybody,
): Promise<Made> {
  refuseFuture(log.atMs, nowMs)
  const { atMs, temperatureC, note, by } = log
  const unit = await unitOf(sql, log.unit)
  mayEnter(unit.organizationId)
  const id = derivedId('manual-log', unit.id, atMs, by, temperatureC)
  const { rowCount } = await sql.query(
    `insert into manual_logs (id, organization_id, unit_id, recorded_at, temperature_c, note, recorded_by)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
    [id, unit.organizationId, unit.id, new Date(atMs), temperatureC, note, by],
  )
  if (rowCount > 0) await queue(sql, unit, { id, at: atMs, alertId: null, temperature: temperatureC })
  return { id, unit, isNew: rowCount > 0 }
}

export async function enterAcknowledgement(
  sql: EntrySql,
  given: Acknowledgement,
  nowMs: number,
  mayEnter = everybody,
): Promise<Made> {
  refuseFuture(given.atMs, nowMs)
  const { alertId, atMs, note, by } = given
  const unit = await alertedUnit(sql, alertId, atMs)
  mayEnter(unit.organizationId)
  const id = derivedId('acknowledgement', alertId, atMs, by)
  const { rowCount } = await sql.query(
    `insert into alert_acknowledgements
       (id, organization_id, unit_id, alert_id, acknowledged_at, note, acknowledged_by)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
    [id, unit.organizationId, unit.id, alertId, new Date(atMs), note, by],
  )
  if (rowCount > 0) await queue(sql, unit, { id, at: atMs, alertId, temperature: null })
  return { id, unit, isNew: rowCount > 0 }
}

/** No verdict of the pipeline depends on it: it goes to the table, and to reports. */
export async function enterCorrectiveAction(
  sql: EntrySql,
  action: CorrectiveAction,
  nowMs: number,
  mayEnter = everybody,
): Promise<Made> {
  refuseFuture(action.atMs, nowMs)
  const { alertId, atMs, actorId, description, actionTaken, evidenceUrl, resolvedAlert } = action
  const unit = await alertedUnit(sql, alertId, atMs)
  mayEnter(unit.organizationId)
  const id = derivedId('corrective-action', alertId, atMs, actorId, description)
  const { rowCount } = await sql.query(
    `insert into corrective_actions (id, organization_id, unit_id, alert_id, actor_id, description, action_taken,
       evidence_url, resolved_alert, acted_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing`,
    [
      ...[id, unit.organizationId, unit.id, alertId, actorId, description],
      ...[actionTaken, evidenceUrl, resolvedAlert, new Date(atMs)],
    ],
  )
  return { id, unit, isNew: rowCount > 0 }
}

function refuseFuture(atMs: number, nowMs: number): void {
  if (atMs > nowMs)
    throw new EntryRefused(`${new Date(atMs).toISOString()} is yet to come: give an instant in the past.`)
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

async function unitOf(sql: EntrySql, given: string): Promise<EntryUnit> {
  const columns = 'select u.id, u.organization_id as "organizationId" from units u'
  const slugs = given.split('/')
  const { rows } = isUuid(given)
    ? await sql.query<EntryUnit>(`${columns} where u.id = $1 and u.deleted_at is null`, [given])
    : await sql.query<EntryUnit>(
        `${columns} join sites s on s.id = u.site_id join organizations o on o.id = u.organization_id
         where o.slug = $1 and s.slug = $2 and u.slug = $3 and u.deleted_at is null`,
        [slugs[0], slugs[1], slugs[2]],
      )
  const [unit] = rows
  if (unit === undefined)
    throw new EntryRefused(
      `There is no unit ${given}: give its id, or organization/site/unit by their slugs.`,
      { isMissing: true },
    )
  return unit
}

async function alertedUnit(sql: EntrySql, alertId: string, atMs: number): Promise<EntryUnit> {
  if (!isUuid(alertId)) throw new EntryRefused(`${alertId} is no id of an alert: it is a UUID.`)
  const { rows } = await sql.query<EntryUnit & { triggeredAt: Date }>(
    `select unit_id as id, organization_id as "organizationId", triggered_at as "triggeredAt" from alerts
     where id = $1 and status <> 'retracted'`,
    [alertId],
  )
  const [alert] = rows
  if (alert === undefined) throw new EntryRefused(`There is no alert ${alertId}.`, { isMissing: true })
  if (alert.triggeredAt.getTime() > atMs)
    throw new EntryRefused(`The alert opened at ${alert.triggeredAt.toISOString()}: give a later instant.`)
  return alert
}

async function queue(
  sql: EntrySql,
  unit: EntryUnit,
  entry: Omit<UnitEntry, 'unitId' | 'organizationId'>,
): Promise<void> {
  const value: UnitEntry = { unitId: unit.id, organizationId: unit.organizationId, ...entry }
  await sql.query("insert into outbox (topic, key, value) values ('unit-entries', $1, $2)", [
    unit.id,
    JSON.stringify(value),
  ])
}
