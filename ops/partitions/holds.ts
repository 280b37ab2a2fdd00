// Legal hold: what a court, an auditor or a person wants kept. While one is in force nothing of the partition is dropped.
import type { Sql } from '../../infra/postgres.ts'

export type Hold = {
  id: string
  partition: string
  reason: string
  createdBy: string
  createdAt: Date
  expiresAt: Date | null
}

const columns = `id, partition_name as partition, reason, created_by as "createdBy", created_at as "createdAt",
  expires_at as "expiresAt"`

const inForce = '(expires_at is null or expires_at > now())'

/** Of one partition: those in force. A retired table is held under its partition's name. */
export async function holdsOf(sql: Pick<Sql, 'query'>, partition: string): Promise<Hold[]> {
  const { rows } = await sql.query<Hold>(
    `select ${columns} from partition_retention_overrides where partition_name = $1 and ${inForce} order by created_at`,
    [partition],
  )
  return rows
}

export async function listHolds(sql: Pick<Sql, 'query'>): Promise<(Hold & { inForce: boolean })[]> {
  const { rows } = await sql.query<Hold & { inForce: boolean }>(
    `select ${columns}, ${inForce} as "inForce" from partition_retention_overrides order by partition_name, created_at`,
  )
  return rows
}

export type NewHold = Pick<Hold, 'partition' | 'reason' | 'createdBy' | 'expiresAt'>

export async function addHold(sql: Pick<Sql, 'query'>, hold: NewHold): Promise<Hold> {
  const { rows } = await sql.query<Hold>(
    `insert into partition_retention_overrides (partition_name, reason, created_by, expires_at)
     values ($1, $2, $3, $4) returning ${columns}`,
    [hold.partition, hold.reason, hold.createdBy, hold.expiresAt],
  )
  const [added] = rows
  if (added === undefined) throw new Error('The hold was not stored.')
  return added
}

/** Ends it now; the row stays, as the record of who held what. */
export async function releaseHold(sql: Pick<Sql, 'query'>, id: string): Promise<Hold | undefined> {
  const { rows } = await sql.query<Hold>(
    `update partition_retention_overrides set expires_at = now() where id = $1 and ${inForce} returning ${columns}`,
    [id],
  )
  return rows[0]
}
