// An API over a migrated database of its own, filled with the test fleet, that counts its SQL statements.
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { openTo } from '../access/access.ts'
import type { Query } from '../database.ts'
import { createServer } from '../server.ts'
import { fillRegistry, fillTelemetry } from './fleet.ts'
import { NOW, type Sql } from './rows.ts'

/** As infra's Postgres gives it. */
type Postgres = {
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  query(
    text: string,
    values: readonly unknown[],
    options: { readOnly: boolean },
  ): Promise<{ rows: unknown[] }>
}

export type Answer = {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as what it asked for
  data: any
  errors?: { message: string; path?: string[]; extensions: { code: string; advice: string } }[]
}

export type FilledApi = {
  app: FastifyInstance
  /** Statements since the last call. */
  statements: () => string[]
  ask: (query: string, variables?: Record<string, unknown>) => Promise<Answer>
}

export async function filledApi(postgres: Postgres, logger: FastifyBaseLogger): Promise<FilledApi> {
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  const seen: string[] = []
  const query: Query = async (text, values) => {
    seen.push(text)
    return (await postgres.query(text, values, { readOnly: true })).rows as never
  }
  const app = await createServer({ access: openTo(query), now: () => NOW, logger })
  return {
    app,
    statements: () => seen.splice(0),
    ask: async (text, variables = {}) =>
      (await app.inject({ method: 'POST', url: '/graphql', payload: { query: text, variables } })).json(),
  }
}
