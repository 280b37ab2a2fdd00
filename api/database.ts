// What the API needs of a database: one read-only statement in, rows out. main.ts hands in Postgres.
export type Query = <R>(text: string, values: readonly unknown[]) => Promise<R[]>

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
