// What every piece of work on partitions is given: the database, a clock, and who it works for.
import type { Postgres, Sql } from '../../infra/postgres.ts'

export type Work = {
  /** Without PgBouncer in front, here and in `directUrl`. */
  db: Postgres
  directUrl: string
  nowMs: () => number
  /** Of housekeeper_runs; null: nobody's. */
  runId: number | null
  report: (line: string) => void
  /** Ends waiting, not what has begun. */
  signal: AbortSignal
  /** In the transaction of whatever cannot be undone: throws where another process has taken this one's place. */
  guard: (sql: Sql) => Promise<void>
}
