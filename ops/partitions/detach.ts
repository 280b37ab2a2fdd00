// Takes a partition out of its table, and gives it another name, so that nobody takes it for a partition that is missing.
//
// Where there is no default partition (events), Postgres does it concurrently: it marks the partition, waits until nobody
// uses it, and holds up neither readers nor writers; a wait that is cut short is finished by the next run. The readings
// have a default partition, and with one Postgres can only detach under ACCESS EXCLUSIVE: then all locks are taken at once
// or none, for the milliseconds that the catalog needs.
import { type Sql, sqlState, withSession } from '../../infra/postgres.ts'
import { lockNow, StillBusy, untilFree } from './attempts.ts'
import { RETIRED, type TableState } from './state.ts'
import type { Work } from './work.ts'

const CANCELED = '57014'
const LOCK_NOT_AVAILABLE = '55P03'

export type Detached = { table: string; lockedMs: number }

/** Throws StillBusy where a long query is in the way for longer than `withinMs`. */
export async function detach(
  work: Work,
  state: TableState,
  partition: { name: string; isDetaching: boolean },
  withinMs: number,
): Promise<Detached> {
  const { parent } = state.partitioning
  const table = `${RETIRED}${partition.name}`
  if (state.defaultTable === null) {
    await detachConcurrently(work, parent, partition, withinMs)
    await work.db.query(`alter table ${partition.name} rename to ${table}`)
    return { table, lockedMs: 0 }
  }
  const locks = [partition.name, state.defaultTable, parent]
  const lockedMs = await untilFree(partition.name, work, { withinMs }, () =>
    work.db.transaction(async (sql) => {
      await lockNow(sql, locks)
      const startMs = performance.now()
      await work.guard(sql)
      await sql.query(`alter table ${parent} detach partition ${partition.name}`)
      await sql.query(`alter table ${partition.name} rename to ${table}`)
      return performance.now() - startMs
    }),
  )
  return { table, lockedMs }
}

async function detachConcurrently(
  work: Work,
  parent: string,
  { name, isDetaching }: { name: string; isDetaching: boolean },
  withinMs: number,
): Promise<void> {
  const startMs = performance.now()
  await withSession(work.directUrl, async (sql) => {
    await inSession(sql, withinMs)
    await work.guard(sql)
    const how = isDetaching ? 'finalize' : 'concurrently'
    await sql.query(`alter table ${parent} detach partition ${name} ${how}`).catch((error: unknown) => {
      if (![CANCELED, LOCK_NOT_AVAILABLE].includes(sqlState(error) ?? '')) throw error
      throw new StillBusy(name, performance.now() - startMs)
    })
  })
}

/** The session is ours alone and ends with the work, so nobody else meets its settings. */
async function inSession(sql: Sql, withinMs: number): Promise<void> {
  await sql.query("select set_config('statement_timeout', $1, false)", [String(Math.ceil(withinMs))])
  await sql.query("select set_config('lock_timeout', $1, false)", [String(Math.ceil(withinMs))])
}
