// The API's process: opens Postgres, hands it to the server as read-only statements, and listens.
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { Config } from '../infra/config.ts'
import { listenFailure } from '../infra/listen.ts'
import { openPostgres } from '../infra/postgres.ts'
import type { Query } from './database.ts'
import { signerFrom } from './report/signing.ts'
import { createServer } from './server.ts'

export type ApiConfig = Pick<
  Config,
  'DATABASE_URL' | 'API_HOST' | 'API_PORT' | 'ADMIN_KEY' | 'REPORT_KEY_FILE' | 'LOG_LEVEL'
>

/** A reader who waits longer has gone; the statement must not outlive him. */
const STATEMENT_TIMEOUT_MS = 10_000

export async function runApi(config: ApiConfig): Promise<{ port: number; close: () => Promise<void> }> {
  const logger = pino({ name: 'api', level: config.LOG_LEVEL })
  const signer = config.REPORT_KEY_FILE === '' ? null : signerFrom(config.REPORT_KEY_FILE)
  const postgres = openPostgres(config.DATABASE_URL, {
    name: 'coldstream-api',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onConnectionLost: (error) => logger.warn({ err: error }, 'lost a connection to Postgres'),
  })
  const query: Query = async <R>(text: string, values: readonly unknown[]) =>
    (await postgres.query(text, values, { readOnly: true })).rows as R[]
  const change: Query = async <R>(text: string, values: readonly unknown[]) =>
    (await postgres.query(text, values)).rows as R[]
  const admin = { key: config.ADMIN_KEY, change }
  const app = await createServer({ query, now: () => new Date(), logger, signer, admin })
  app.addHook('onClose', () => postgres.end())
  try {
    await app.listen({ host: config.API_HOST, port: config.API_PORT })
  } catch (error) {
    await app.close()
    throw listenFailure(error, config.API_PORT, 'API_PORT')
  }
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}
