// Locks that nobody queues behind. Postgres serves a table's locks in order: while one statement waits for ACCESS EXCLUSIVE,
// everything after it waits, too, the sink included. So what needs such a lock takes all its locks at once or none
// (NOWAIT), and tries again a moment later. A long query then delays the housekeeper, and nobody else.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Sql, sqlState } from '../../infra/postgres.ts'
import type { Work } from './work.ts'

const LOCK_NOT_AVAILABLE = '55P03'
const PAUSE_MIN_MS = 10
const PAUSE_SPREAD_MS = 90

export type Patience = { withinMs: number }

/** The locks were not free for so long. */
export class StillBusy extends Error {
  readonly waitedMs: number

  constructor(what: string, waitedMs: number) {
    super(`${what}: its locks were not free within ${Math.round(waitedMs / 1000)} s; it is tried again later`)
    this.waitedMs = waitedMs
  }
}

/** Repeats `attempt` while it fails for a lock. Pauses differ, so that it does not keep step with a writer's batches. */
export async function untilFree<T>(
  what: string,
  { signal }: Pick<Work, 'signal'>,
  { withinMs }: Patience,
  attempt: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
      const waitedMs = performance.now() - startMs
      if (waitedMs > withinMs || signal.aborted) throw new StillBusy(what, waitedMs)
      await sleep(PAUSE_MIN_MS + Math.random() * PAUSE_SPREAD_MS, undefined, { signal }).catch(() => {}) // ended early
    }
  }
}

/** Never waits. ONLY: a partitioned table's partitions are not locked with it. */
export async function lockNow(sql: Sql, tables: readonly string[]): Promise<void> {
  const list = tables.map((table) => `only ${table}`).join(', ')
  await sql.query(`lock table ${list} in access exclusive mode nowait`)
}
