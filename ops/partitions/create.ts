// Makes the partitions that should be there. A long query over all time holds the default partition of the readings: then a
// month waits, and nobody waits for it.
import { type Ensured, ensurePartition } from '../../sinks/partition-tables.ts'
import type { Partitioning } from '../../sinks/partitions.ts'
import { StillBusy, untilFree } from './attempts.ts'
import { wantedPeriods } from './state.ts'
import type { Work } from './work.ts'

/** Short, because readers of all time queue behind it; the sink does not. */
const LOCK_TIMEOUT = '50ms'

export type Created = { made: string[]; there: number; postponed: string[] }

export async function createMissing(
  work: Work,
  partitioning: Partitioning,
  withinMs: number,
): Promise<Created> {
  const created: Created = { made: [], there: 0, postponed: [] }
  for (const period of wantedPeriods(partitioning, work.nowMs())) {
    const name = partitioning.nameOf(period)
    const ensured = await untilFree(name, work, { withinMs }, () =>
      ensurePartition(work.db, partitioning, period, LOCK_TIMEOUT),
    ).catch(asBusy)
    if (ensured === 'made') {
      created.made.push(name)
      work.report(`Made ${name}.`)
    } else if (ensured === 'there') created.there += 1
    else if (ensured !== 'not partitioned') {
      created.postponed.push(name)
      work.report(
        `${name} waits: ${ensured === 'busy' ? 'a long query is in the way' : 'strays lie in the default partition'}.`,
      )
    }
  }
  return created
}

function asBusy(error: unknown): Ensured | 'busy' {
  if (error instanceof StillBusy) return 'busy'
  throw error
}
