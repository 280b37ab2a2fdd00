// What the housekeeper sees: the state of all partitions, of its tasks and of the backup, looked at now and then, for
// /health, /metrics and `coldstream partitions check`.
import type { Postgres } from '../../infra/postgres.ts'
import { type BackupProof, proveBackup } from '../partitions/backup-proof.ts'
import { listHolds } from '../partitions/holds.ts'
import { growthOf } from '../partitions/samples.ts'
import { partitionings, readState, type TableState } from '../partitions/state.ts'
import { cutOf, type PartitionConfig } from './tasks.ts'

export type TaskState = {
  task: string
  schedule: string
  nextRunAt: Date
  lastRunAt: Date | null
  lastSuccessAt: Date | null
  lastOutcome: string | null
  failures: number
  runs: number
}

export type TableObservation = TableState & {
  growthBytesPerDay: number | null
  /** Older than their time, held by nobody, and still there. */
  overdue: string[]
}

export type Observation = {
  atMs: number
  tables: TableObservation[]
  tasks: TaskState[]
  backup: BackupProof
}

export async function observe(db: Postgres, config: PartitionConfig, nowMs: number): Promise<Observation> {
  const tables: TableObservation[] = []
  const held = new Set((await listHolds(db)).filter((hold) => hold.inForce).map(({ partition }) => partition))
  for (const partitioning of partitionings) {
    const state = await readState(db, partitioning, nowMs)
    const cutMs = cutOf(partitioning, config, nowMs)
    const overdue = state.partitions
      .filter(({ toMs, name }) => toMs <= cutMs && !held.has(name))
      .map(({ name }) => name)
    const growthBytesPerDay = await growthOf(db, partitioning.parent)
    tables.push({ ...state, growthBytesPerDay, overdue })
  }
  const backup = await proveBackup(db, {
    isVerified: config.BACKUP_VERIFICATION_ENABLED === 'true',
    ageHoursMax: config.BACKUP_MAX_AGE_HOURS,
  })
  return { atMs: nowMs, tables, tasks: await readTasks(db), backup }
}

async function readTasks(db: Postgres): Promise<TaskState[]> {
  const { rows } = await db.query<TaskState>(
    `select t.task_name as task, t.schedule, t.next_run_at as "nextRunAt",
       max(r.started_at) as "lastRunAt",
       max(r.finished_at) filter (where outcome = 'succeeded') as "lastSuccessAt",
       (array_agg(outcome order by r.id desc) filter (where outcome <> 'running'))[1] as "lastOutcome",
       count(*) filter (where outcome in ('failed', 'abandoned')) as failures, count(r.id) as runs
     from housekeeper_tasks t left join housekeeper_runs r using (task_name) group by 1, 2, 3 order by 1`,
  )
  return rows
}

/** What a person should do something about; empty: all is well. */
export function problemsOf({ tables, tasks, backup }: Observation): string[] {
  const ofTables = tables.flatMap(tableProblems)
  const ofTasks = tasks
    .filter(({ lastOutcome }) => lastOutcome === 'failed' || lastOutcome === 'abandoned')
    .map(
      ({ task }) => `The last run of ${task} has failed: see GET /api/admin/housekeeper/runs?task=${task}.`,
    )
  const ofBackup = backup.isProven ? [] : [`The backup is not proven: ${backup.explanation}`]
  return [...ofTables, ...ofTasks, ...ofBackup]
}

function tableProblems(table: TableObservation): string[] {
  const { partitioning, isPartitioned, ahead, hasCurrent, defaultRows, missing, overdue, retired } = table
  const { parent, unit, nameOf } = partitioning
  const least = unit === 'month' ? 3 : 7
  const detaching = table.partitions.filter(({ isDetaching }) => isDetaching).map(({ name }) => name)
  return [
    ...(hasCurrent ? [] : [`${parent}: the partition of the current ${unit} is missing.`]),
    ...(ahead >= least || !isPartitioned
      ? []
      : [`${parent}: only ${ahead} ${unit}s are made ahead; ${least} should be.`]),
    ...(defaultRows === 0 ? [] : [`${parent}: ${defaultRows} rows lie in the default partition.`]),
    ...(missing.length === 0 ? [] : [`${parent}: missing are ${missing.map(nameOf).join(', ')}.`]),
    ...(overdue.length === 0 ? [] : [`${parent}: older than their time are ${overdue.join(', ')}.`]),
    ...(retired.length === 0 ? [] : [`${parent}: detached and not dropped are ${retired.join(', ')}.`]),
    ...(detaching.length === 0 ? [] : [`${parent}: half detached are ${detaching.join(', ')}.`]),
  ]
}
