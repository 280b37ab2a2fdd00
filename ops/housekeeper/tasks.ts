// The tasks of the partitions. Whoever has more to do on time adds a task to the list of `main.ts`.
import type { Config } from '../../infra/config.ts'
import { openObjectStore } from '../../infra/object-store.ts'
import { eventsByDay, type Partitioning, readingsByMonth } from '../../sinks/partitions.ts'
import { createMissing } from '../partitions/create.ts'
import type { Decision } from '../partitions/decisions.ts'
import { type Retention, retire } from '../partitions/retention.ts'
import { takeSamples } from '../partitions/samples.ts'
import { partitionings, readState } from '../partitions/state.ts'
import { moveStrays } from '../partitions/strays.ts'
import type { Work } from '../partitions/work.ts'
import { type Summary, type Task, Unfinished } from './task.ts'

export const partitionConfigKeys = [
  ...(['RETENTION_MONTHS', 'EVENTS_RETENTION_DAYS', 'ARCHIVE_URL', 'BACKUP_VERIFICATION_ENABLED'] as const),
  ...([
    'BACKUP_MAX_AGE_HOURS',
    'S3_ENDPOINT',
    'S3_REGION',
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
  ] as const),
] as const

export type PartitionConfig = Pick<Config, (typeof partitionConfigKeys)[number]>

/** How long one partition's locks are tried for, before the task is put off. */
const BUSY_WITHIN_MS = 60_000

export function archiveStore(config: PartitionConfig) {
  if (config.ARCHIVE_URL === '') return undefined
  return openObjectStore(config.ARCHIVE_URL, {
    ...{ endpoint: config.S3_ENDPOINT, region: config.S3_REGION },
    ...{ accessKeyId: config.S3_ACCESS_KEY_ID, secretAccessKey: config.S3_SECRET_ACCESS_KEY },
  })
}

/** Readings are kept for whole calendar months, events for whole days. */
export function cutOf(partitioning: Partitioning, config: PartitionConfig, nowMs: number): number {
  const kept = partitioning.unit === 'month' ? config.RETENTION_MONTHS : config.EVENTS_RETENTION_DAYS
  return partitioning.startMs(partitioning.periodOf(nowMs) - kept)
}

export function retentionOf(partitioning: Partitioning, config: PartitionConfig, nowMs: number): Retention {
  return {
    cutMs: cutOf(partitioning, config, nowMs),
    backup: {
      isVerified: config.BACKUP_VERIFICATION_ENABLED === 'true',
      ageHoursMax: config.BACKUP_MAX_AGE_HOURS,
    },
    store: archiveStore(config),
    withinMs: BUSY_WITHIN_MS,
  }
}

export function partitionTasks(config: PartitionConfig): Task[] {
  return [
    {
      name: 'readings-partition-create',
      schedule: '0 2 * * 0',
      title: 'makes the monthly tables of the readings, three months ahead and one to spare',
      atStart: true,
      run: (work) => create(work, readingsByMonth),
    },
    {
      name: 'readings-partition-strays',
      schedule: '*/15 * * * *',
      title: 'brings readings of the default partition into their months',
      atStart: true,
      run: async (work) => ({ moved: await moveStrays(work, BUSY_WITHIN_MS) }),
    },
    {
      name: 'readings-partition-retention',
      schedule: '0 3 1 * *',
      title: 'archives and drops months of readings that are older than RETENTION_MONTHS',
      atStart: false,
      run: (work) => retain(work, readingsByMonth, config),
    },
    {
      name: 'events-partition-maintenance',
      schedule: '0 2 * * *',
      title:
        'makes the daily tables of the events, and archives and drops those older than EVENTS_RETENTION_DAYS',
      atStart: true,
      run: async (work) => {
        const created = await create(work, eventsByDay)
        return { ...created, ...(await retain(work, eventsByDay, config)) }
      },
    },
    {
      name: 'partition-samples',
      schedule: '5 * * * *',
      title: 'notes how large the tables are, so that growth can be read',
      atStart: true,
      run: async (work) => takeSamples(work, partitionings),
    },
  ]
}

async function create(work: Work, partitioning: Partitioning): Promise<Summary> {
  const created = await createMissing(work, partitioning, BUSY_WITHIN_MS)
  if (created.postponed.length === 0) return created
  throw new Unfinished(`Not made yet: ${created.postponed.join(', ')}.`, created)
}

/** Held and refused ones are told by their decisions and metrics; only what was busy is tried again soon. */
async function retain(work: Work, partitioning: Partitioning, config: PartitionConfig): Promise<Summary> {
  const nowMs = work.nowMs()
  const state = await readState(work.db, partitioning, nowMs)
  const decisions = await retire(work, state, retentionOf(partitioning, config, nowMs))
  const summary = countsOf(decisions)
  if (decisions.every(({ decision }) => decision !== 'postponed')) return summary
  throw new Unfinished('Some partitions were busy.', summary)
}

function countsOf(decisions: readonly Decision[]): Summary {
  const counts: Record<string, string[]> = {}
  for (const { decision, partition } of decisions) counts[decision] = [...(counts[decision] ?? []), partition]
  return counts
}
