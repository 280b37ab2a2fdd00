// Why a partition went or stayed, with the numbers that were looked at: a row each of partition_decisions.
import type { Sql } from '../../infra/postgres.ts'
import type { Work } from './work.ts'

/**
 * held: a legal hold. refused: not proven. postponed: its locks were not free. archived: written and read back.
 * detached: out of sight. dropped: gone. restored: brought back. kept: dry run or nothing to do.
 */
export type Verdict = 'held' | 'refused' | 'postponed' | 'archived' | 'detached' | 'dropped' | 'restored'

export type Decision = {
  partition: string
  decision: Verdict
  explanation: string
  numbers: Readonly<Record<string, unknown>>
}

/** In the given transaction, or in one of its own. */
export async function decide(
  work: Work,
  decision: Decision,
  sql: Pick<Sql, 'query'> = work.db,
): Promise<Decision> {
  await sql.query(
    `insert into partition_decisions (run_id, partition_name, decision, explanation, numbers)
     values ($1, $2, $3, $4, $5)`,
    [
      work.runId,
      decision.partition,
      decision.decision,
      decision.explanation,
      JSON.stringify(decision.numbers),
    ],
  )
  work.report(`${decision.partition}: ${decision.decision}. ${decision.explanation}`)
  return decision
}
