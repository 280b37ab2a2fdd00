// The partitions that a writer in a test makes; its events are never too old, unless the test says when it is.
import type { Database } from '../database.ts'
import { PartitionTables } from '../partition-tables.ts'
import { eventsByDay, readingsByMonth } from '../partitions.ts'
import { loadStartMs } from './load.ts'

export function tablesOf(db: Database, nowMs: () => number = () => loadStartMs) {
  return {
    months: new PartitionTables({ db, partitioning: readingsByMonth, nowMs }),
    days: new PartitionTables({ db, partitioning: eventsByDay, nowMs }),
    eventsRetentionDays: 90,
    nowMs,
  }
}
