// The API's process: opens Postgres, hands it to the server as read-only statements, and listens.
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { Config, ConfigKey } from '../infra/config.ts'
import { listenFailure } from '../infra/listen.ts'
import { type PoolConfig, poolKeys, poolOf } from '../infra/pool-settings.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import type { AccessOptions } from './access/access.ts'
import { bearerCheck } from './access/check.ts'
import type { Query } from './database.ts'
import { type DeviceProfiles, noProfiles } from './profiles.ts'
import { signerFrom } from './report/signing.ts'
import { createServer } from './server.ts'

export const apiSettings = [
  'DATABASE_URL',
  'API_HOST',
  'API_PORT',
  'API_AUTH',
  'OIDC_ISSUER',
  'OIDC_AUDIENCE',
  'ADMIN_KEY',
  'REPORT_KEY_FILE',
  'LOG_LEVEL',
  ...poolKeys,
] as const satisfies ConfigKey[]

export type ApiConfig = Omit<Pick<Config, (typeof apiSettings)[number]>, keyof PoolConfig> &
  Partial<PoolConfig>

/** A reader who waits longer has gone; the statement must not outlive him. */
const STATEMENT_TIMEOUT_MS = 10_000

export async function runApi(
  config: ApiConfig,
  profiles: DeviceProfiles = noProfiles,
): Promise<{ port: number; close: () => Promise<void> }> {
  const logger = pino({ name: 'api', level: config.LOG_LEVEL })
  const signer = config.REPORT_KEY_FILE === '' ? null : signerFrom(config.REPORT_KEY_FILE)
  const postgres = openPostgres(config.DATABASE_URL, {
    ...poolOf(config),
    name: 'coldstream-api',
    statementTimeoutMs: Math.min(
      STATEMENT_TIMEOUT_MS,
      config.DATABASE_STATEMENT_TIMEOUT ?? STATEMENT_TIMEOUT_MS,
    ),
    onConnectionLost: (error) => logger.warn({ err: error }, 'lost a connection to Postgres'),
  })
  const change: Query = async <R>(text: string, values: readonly unknown[]) =>
    (await postgres.query(text, values)).rows as R[]
  const admin = { key: config.ADMIN_KEY, change }
  const app = await createServer({
    access: accessTo(postgres, config),
    now: () => new Date(),
    logger,
    signer,
    admin,
    profiles,
  })
  app.addHook('onClose', () => postgres.end())
  try {
    await app.listen({ host: config.API_HOST, port: config.API_PORT })
  } catch (error) {
    await app.close()
    throw listenFailure(error, config.API_PORT, 'API_PORT')
  }
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

function accessTo(postgres: Postgres, { API_AUTH, OIDC_ISSUER, OIDC_AUDIENCE }: ApiConfig): AccessOptions {
  const reading =
    (settings: Record<string, string>): Query =>
    async (text, values) =>
      (await postgres.query(text, values, { readOnly: true, settings })).rows as never
  const query = reading({})
  const issuer = OIDC_ISSUER === '' ? null : { issuer: OIDC_ISSUER, audience: OIDC_AUDIENCE }
  return {
    query,
    queryOf: (ids) => reading({ role: 'coldstream_api', 'coldstream.organization': ids.join(',') }),
    check: API_AUTH === 'open' ? null : bearerCheck(query, issuer),
  }
}
