// Drops partitions that are older than their time, and only those that are proven: nobody holds them, the backup is good,
// and an archive of that very partition was read back with equal rows and an equal digest.
//
//   attached ──archive, read back──▶ archived ──detach──▶ retired ──same content?──▶ dropped
//
// Until it is detached it is queried and written like any other; whatever was written after the archive shows in the
// comparison, and then the retired table is archived once more. Cut short anywhere, the next run goes on from there.
import type { ObjectStore } from '../../infra/object-store.ts'
import type { Sql } from '../../infra/postgres.ts'
import { StillBusy } from './attempts.ts'
import { type BackupPolicy, type BackupProof, proveBackup } from './backup-proof.ts'
import { rowsOfTable } from './content.ts'
import { type Decision, decide } from './decisions.ts'
import { detach } from './detach.ts'
import { holdsOf } from './holds.ts'
import { archiveOf, dropProven } from './proven-archive.ts'
import { retireChunks } from './retire-chunks.ts'
import { type Partition, RETIRED, type TableState } from './state.ts'
import type { Work } from './work.ts'

export type Retention = {
  /** Partitions that end at or before it are too old. */
  cutMs: number
  backup: BackupPolicy
  /** Undefined: there is no archive, so nothing is dropped. */
  store: ObjectStore | undefined
  /** How long the locks of one partition are tried for. */
  withinMs: number
}

type Candidate = Pick<Partition, 'name' | 'fromMs' | 'toMs' | 'isDetaching' | 'estimatedRows' | 'bytes'> & {
  /** What the table is called now. */
  table: string
}

/** Oldest first; then what an earlier run has detached and not dropped. */
export function candidates({ partitions, retired, partitioning }: TableState, cutMs: number): Candidate[] {
  const old = partitions.filter(({ toMs }) => toMs <= cutMs)
  const left = retired.map((table): Candidate => {
    const name = table.slice(RETIRED.length)
    const [fromMs, toMs] = rangeOf(name, partitioning)
    return { name, table, fromMs, toMs, isDetaching: false, estimatedRows: 0, bytes: 0 }
  })
  return [...left, ...old.map((partition) => ({ ...partition, table: partition.name }))]
}

function rangeOf(name: string, { startMs, periodOf }: TableState['partitioning']): [number, number] {
  const [, year = '', month = '', day = '01'] = /(\d{4})[m_](\d\d)(?:_(\d\d))?$/.exec(name) ?? []
  const period = periodOf(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return [startMs(period), startMs(period + 1)]
}

export type Plan = {
  partition: string
  outcome: 'would be dropped' | 'held' | 'refused'
  explanation: string
}

/** What `retire` would do now, without doing it. */
export async function planRetention(work: Work, state: TableState, retention: Retention): Promise<Plan[]> {
  const proof = await proveBackup(work.db, retention.backup)
  const plans: Plan[] = []
  for (const { name, estimatedRows, bytes } of candidates(state, retention.cutMs)) {
    const refusal = await refusalOf(work.db, name, proof, retention)
    plans.push({
      partition: name,
      outcome: refusal?.decision === 'held' ? 'held' : refusal ? 'refused' : 'would be dropped',
      explanation:
        refusal?.explanation ??
        `About ${estimatedRows} rows, ${bytes} bytes; it is archived, read back and compared first.`,
    })
  }
  return plans
}

export async function retire(work: Work, state: TableState, retention: Retention): Promise<Decision[]> {
  const decisions: Decision[] = []
  const found = candidates(state, retention.cutMs)
  if (found.length === 0) return decisions
  const proof = await proveBackup(work.db, retention.backup)
  for (const candidate of found) {
    if (work.signal.aborted) break
    const refusal = await refusalOf(work.db, candidate.name, proof, retention)
    decisions.push(
      refusal === undefined
        ? await retireOne(work, state, { candidate, proof, ...retention })
        : await decide(work, refusal),
    )
  }
  return decisions
}

/** Everything that is known before the partition is touched. */
async function refusalOf(
  sql: Pick<Sql, 'query'>,
  partition: string,
  proof: BackupProof,
  { store }: Retention,
): Promise<Decision | undefined> {
  const holds = await holdsOf(sql, partition)
  const [hold] = holds
  if (hold !== undefined) {
    const until = hold.expiresAt === null ? 'until it is released' : `until ${hold.expiresAt.toISOString()}`
    const explanation = `Held by ${hold.createdBy} ${until}: ${hold.reason}`
    return { partition, decision: 'held', explanation, numbers: { holds } }
  }
  const refused = (explanation: string): Decision => ({
    ...{ partition, decision: 'refused', explanation, numbers: { backup: proof.numbers } },
  })
  if (!proof.isProven) return refused(proof.explanation)
  if (store === undefined) return refused('ARCHIVE_URL is not set: there is nowhere to archive it.')
  return undefined
}

type Case = Retention & { candidate: Candidate; proof: BackupProof }

async function retireOne(work: Work, state: TableState, one: Case): Promise<Decision> {
  const partition = one.candidate.name
  try {
    const month = state.partitions.find(({ name }) => name === partition)
    if (!state.isPartitioned && month !== undefined)
      return await retireChunks(work, { ...one, partitioning: state.partitioning, partition: month })
    return await retirePartition(work, state, one)
  } catch (error) {
    const [decision, numbers] =
      error instanceof StillBusy
        ? (['postponed', { waitedMs: Math.round(error.waitedMs) }] as const)
        : (['refused', (error as { numbers?: object }).numbers ?? {}] as const)
    return decide(work, {
      partition,
      decision,
      explanation: (error as Error).message,
      numbers: { ...numbers },
    })
  }
}

/**
 * 1. Archive it and read the archive back, unless one of the very same content is there.
 * 2. Detach it. From here on nobody writes it.
 * 3. Compare it with its archive; where it was written meanwhile, archive it again.
 * 4. Drop it, in a transaction that looks for holds once more.
 */
async function retirePartition(work: Work, state: TableState, one: Case): Promise<Decision> {
  const { candidate, proof, store, withinMs } = one
  const partition = candidate.name
  const archiveNow = (table: string) =>
    archiveOf(work, {
      ...{ store, partitioning: state.partitioning, partition: candidate, rows: rowsOfTable(table) },
    })
  let archive = await archiveNow(candidate.table)
  let { table } = candidate
  if (table === partition) {
    const detached = await detach(work, state, candidate, withinMs)
    table = detached.table
    const numbers = { lockedMs: Math.round(detached.lockedMs) }
    await decide(work, { partition, decision: 'detached', explanation: `It is ${table} now.`, numbers })
    archive = await archiveNow(table)
  }
  // The table is nobody's any more: its lock is waited for by nobody else.
  const remove = (sql: Sql) => dropTable(sql, table)
  return work.db.transaction(
    (sql) => dropProven(work, sql, { partition, place: table, archive, proof, remove }),
    { settings: { lock_timeout: '5s' } },
  )
}

async function dropTable(sql: Sql, table: string): Promise<number> {
  const { rows } = await sql.query<{ bytes: number }>(
    'select pg_total_relation_size($1::regclass) as bytes',
    [table],
  )
  await sql.query(`drop table ${table}`)
  return rows[0]?.bytes ?? 0
}
