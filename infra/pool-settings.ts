// The pool of a process, as its configuration says: 20 connections, 30 s idle, 5 s to connect, 30 s a statement.
import type { Config } from './config.ts'
import type { PostgresSettings } from './postgres.ts'

export const poolKeys = [
  'DATABASE_CONNECTIONS_MAX',
  'DATABASE_IDLE_TIMEOUT',
  'DATABASE_CONNECT_TIMEOUT',
  'DATABASE_STATEMENT_TIMEOUT',
  'DATABASE_PREPARED_STATEMENTS',
] as const

export type PoolConfig = Pick<Config, (typeof poolKeys)[number]>

/** What is not given is as openPostgres has it, which is the same. */
export function poolOf(config: Partial<PoolConfig>): PostgresSettings {
  const settings = {
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
    idleTimeoutMs: config.DATABASE_IDLE_TIMEOUT,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT,
    namesStatements: config.DATABASE_PREPARED_STATEMENTS === 'true',
  }
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as PostgresSettings
}
