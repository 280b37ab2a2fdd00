// One runner among many processes, without session locks, so that it works through PgBouncer, too: who takes a task writes
// a run, and holds the task's row by a lease that he must renew. Whoever dies, or freezes, loses it after the lease; the
// next one takes the task, and the first finds out before he does anything that cannot be undone.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import { nextRun } from './schedule.ts'
import type { Summary, Task } from './task.ts'

export const LEASE_MS = 30_000

export type Run = { id: number; task: string; cause: string }

/** Another process has this task: what is not done yet is not ours to do. */
export class LeaseLost extends Error {}

/** A task keeps its next time, unless its schedule has changed; a start asks for those that want it. */
export async function registerTasks(db: Postgres, tasks: readonly Task[], atStart: boolean): Promise<void> {
  for (const task of tasks)
    await db.query(
      `insert into housekeeper_tasks as old (task_name, schedule, next_run_at, requested_at, requested_by)
       values ($1, $2, $3, case when $4 then now() end, case when $4 then 'start' end)
       on conflict (task_name) do update set
         schedule = excluded.schedule,
         next_run_at = case when old.schedule = excluded.schedule then old.next_run_at else excluded.next_run_at end,
         requested_at = coalesce(old.requested_at, excluded.requested_at),
         requested_by = coalesce(old.requested_by, excluded.requested_by),
         seen_at = now()`,
      [task.name, task.schedule, nextRun(task.schedule, new Date()), atStart && task.atStart],
    )
}

/** `now`: whatever the schedule says. Undefined: nothing is due, or others have it. */
export async function claim(
  db: Postgres,
  names: readonly string[],
  owner: string,
  { leaseMs = LEASE_MS, now }: { leaseMs?: number; now?: string } = {},
): Promise<Run | undefined> {
  return db.transaction(async (sql) => {
    const { rows } = await sql.query<{ task: string; cause: string }>(
      `select task_name as task, coalesce($2::text, requested_by, 'schedule') as cause from housekeeper_tasks
       where task_name = any($1) and (lease_until is null or lease_until < now())
         and ($2::text is not null or requested_at is not null or next_run_at <= now())
       order by coalesce(requested_at, next_run_at) limit 1 for update skip locked`,
      [names, now ?? null],
    )
    const [due] = rows
    if (due === undefined) return undefined
    await sql.query(
      `update housekeeper_runs set outcome = 'abandoned', finished_at = now(),
         error = 'Its process ended, or stood still for longer than the lease.'
       where task_name = $1 and outcome = 'running'`,
      [due.task],
    )
    const run = await sql.query<{ id: number }>(
      'insert into housekeeper_runs (task_name, cause, owner) values ($1, $2, $3) returning id',
      [due.task, due.cause, owner],
    )
    const id = run.rows[0]?.id ?? 0
    await sql.query(
      `update housekeeper_tasks set requested_at = null, requested_by = null, lease_run = $2,
         lease_until = now() + $3 * interval '1 millisecond' where task_name = $1`,
      [due.task, id, leaseMs],
    )
    return { id, ...due }
  })
}

/** False: it is lost. */
export async function renew(db: Postgres, { id, task }: Run, leaseMs = LEASE_MS): Promise<boolean> {
  const { rowCount } = await db.query(
    `update housekeeper_tasks set lease_until = now() + $3 * interval '1 millisecond'
     where task_name = $1 and lease_run = $2`,
    [task, id, leaseMs],
  )
  return rowCount === 1
}

/** In the transaction of what it protects: the row stays ours until that ends. */
export async function checkLease(sql: Pick<Sql, 'query'>, { id, task }: Run): Promise<void> {
  const { rowCount } = await sql.query(
    'select 1 from housekeeper_tasks where task_name = $1 and lease_run = $2 for share',
    [task, id],
  )
  if (rowCount === 0) throw new LeaseLost(`Another housekeeper has taken the task ${task}.`)
}

export type Ended =
  | { outcome: 'succeeded'; summary: Summary }
  | { outcome: 'failed'; summary: Summary; error: string }

/** Writes how it ended; where the lease was lost meanwhile, the run is what the next one has made of it: abandoned. */
export async function release(db: Postgres, { id, task }: Run, ended: Ended, nextAt: Date): Promise<void> {
  await db.transaction(async (sql) => {
    await sql.query(
      `update housekeeper_runs set outcome = $2, finished_at = now(), summary = $3, error = $4
       where id = $1 and outcome = 'running'`,
      [id, ended.outcome, JSON.stringify(ended.summary), 'error' in ended ? ended.error : null],
    )
    await sql.query(
      `update housekeeper_tasks set lease_run = null, lease_until = null, next_run_at = $3
       where task_name = $1 and lease_run = $2`,
      [task, id, nextAt],
    )
  })
}
