// What the API needs of a database: one read-only statement in, rows out. main.ts hands in Postgres.
export type Query = <R>(
  text: string,
  values: readonly unknown[],
  /** Aborted, the statement is cancelled in the database, and rejects. */
  options?: {
    signal?: AbortSignal
    /** What is asked in one turn goes one after the other, but for what has another number: that goes at the same time. */
    lane?: number
  },
) => Promise<R[]>

/**
 * Begins a statement on readings that finds a few rows by their index, whatever its values: to plan it takes longer than to run it.
 * Planned for its values, it is even taken to find so few that all of a month may as well be read and sorted.
 */
export const ONE_PLAN = '/* one plan */'

/** Whoever asks has gone, or has waited long enough: what runs for him is cancelled, and rejects with the signal's reason. */
export const until =
  (query: Query, signal: AbortSignal): Query =>
  async (text, values, options) => {
    try {
      return await query(text, values, { ...options, signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }

/** Rows of one batched statement by the key that each was asked for. */
export function groupBy<R, K>(rows: readonly R[], keyOf: (row: R) => K): Map<K, R[]> {
  const groups = new Map<K, R[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}
