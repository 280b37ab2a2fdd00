// What the sink needs of Postgres; infra/postgres.ts gives it.
export type Row = Record<string, unknown>

export type Sql = {
  query<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: R[]; rowCount: number }>
  copyIn(text: string, data: Buffer): Promise<void>
}

export type Database = {
  transaction<T>(
    work: (sql: Sql) => Promise<T>,
    options?: { readOnly?: boolean; settings?: Readonly<Record<string, string>> },
  ): Promise<T>
}

/** The five characters by which Postgres names an error; undefined for a lost connection and any other error. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
