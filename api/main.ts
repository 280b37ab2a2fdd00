// The API's process: opens Postgres, hands it to the server as read-only statements, and listens.
import type { AddressInfo } from 'node:net'
import pino, { type Logger } from 'pino'
import type { Config, ConfigKey } from '../infra/config.ts'
import { readerSettings } from '../infra/kafka.ts'
import { listenFailure } from '../infra/listen.ts'
import { type PoolConfig, poolKeys, poolOf } from '../infra/pool-settings.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { registryAt } from '../infra/registry.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import type { AccessOptions } from './access/access.ts'
import { bearerCheck } from './access/check.ts'
import { ONE_PLAN, type Query } from './database.ts'
import type { EntryStore } from './entries/resolvers.ts'
import type { OpenSource } from './live/live.ts'
import { openLiveSource } from './live/source.ts'
import { dashboardOperations, operationsIn, PersistedOperations } from './persisted.ts'
import { type DeviceProfiles, noProfiles } from './profiles.ts'
import { signerFrom } from './report/signing.ts'
import { createServer, type Guard } from './server.ts'

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
  'API_CORS_ORIGINS',
  'API_RATE_MAX',
  'API_TRUSTED_PROXIES',
  'API_OPERATIONS_FILE',
  'API_ONLY_PERSISTED',
  'OIDC_CLIENT_ID',
  'OIDC_SCOPE',
  'TOPIC_PREFIX',
  ...poolKeys,
] as const satisfies ConfigKey[]

/** Where news come from; without them there are no subscriptions. */
export const newsSettings = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'] as const satisfies ConfigKey[]

/** What may be left out where no environment is read. */
type WithStandards =
  | keyof PoolConfig
  | (typeof newsSettings)[number]
  | Extract<
      (typeof apiSettings)[number],
      `API_${'CORS' | 'RATE' | 'TRUSTED' | 'OPERATIONS' | 'ONLY'}_${string}`
    >
  | 'OIDC_CLIENT_ID'
  | 'OIDC_SCOPE'
  | 'TOPIC_PREFIX'

type Settings = Pick<Config, (typeof apiSettings)[number] | (typeof newsSettings)[number]>
export type ApiConfig = Omit<Settings, WithStandards> & Partial<Pick<Settings, WithStandards>>

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
    entries: entriesInto(postgres, config.API_AUTH),
    news: newsFrom(config, logger),
    signIn: signInOf(config),
    guard: await guardOf(config),
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

/** The schema `walls` is there where a table can have no policy of its own: a hypertable. Elsewhere it is passed over. */
const walled = { role: 'coldstream_api', search_path: 'walls, public' }

/**
 * Where statements are kept, one plan of each is: Postgres takes lists of ids to be ten long and would plan each time anew, which
 * takes longer than most of them. Readings are planned for the months that they are asked of, rollups for their range.
 */
const planOf = (text: string): Record<string, string> =>
  !text.startsWith(ONE_PLAN) && /\b(sensor_readings|rollups)\b/.test(text)
    ? {}
    : { plan_cache_mode: 'force_generic_plan' }

function accessTo(postgres: Postgres, config: ApiConfig): AccessOptions {
  const { API_AUTH, OIDC_ISSUER, OIDC_AUDIENCE, DATABASE_PREPARED_STATEMENTS: keepsStatements } = config
  const reading =
    (walls: Record<string, string>): Query =>
    async (text, values, options = {}) => {
      const settings = keepsStatements === 'true' ? { ...walls, ...planOf(text) } : walls
      return (await postgres.query(text, values, { readOnly: true, settings, ...options })).rows as never
    }
  const query = reading({})
  const issuer = OIDC_ISSUER === '' ? null : { issuer: OIDC_ISSUER, audience: OIDC_AUDIENCE }
  return {
    query,
    queryOf: (ids) => reading({ ...walled, 'coldstream.organization': ids.join(',') }),
    check: API_AUTH === 'open' ? null : bearerCheck(query, issuer),
  }
}

/** Behind the same wall as what he reads. */
const entriesInto =
  (postgres: Postgres, auth: Config['API_AUTH']): EntryStore =>
  ({ identity }) => {
    if (auth === 'open' || identity === null || identity.isPlatformAdmin) return postgres
    const settings = { ...walled, 'coldstream.organization': [...identity.roles.keys()].join(',') }
    return { transaction: (work) => postgres.transaction(work, { settings }) }
  }

/** A consumer of its own, in no group: each process of the API hears everything. */
function newsFrom(config: ApiConfig, log: Logger): OpenSource | null {
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry, TOPIC_PREFIX: prefix = '' } = config
  if (!brokers || !registry) return null
  return async (feeds, kept, onLag) => {
    const codecs = await openCodecs(registryAt(registry), prefix)
    const named = [...feeds].map(([topic, feed]) => [topicName(prefix, topic), [topic, feed]] as const)
    const settings = readerSettings(brokers, `${prefix}api-${process.pid}`)
    return openLiveSource({ settings, feeds: new Map(named), codecs, kept, log, onLag })
  }
}

const signInOf = ({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_SCOPE: scope }: ApiConfig) =>
  issuer && clientId ? { issuer, clientId, scope: scope ?? 'openid' } : null

async function guardOf(config: ApiConfig): Promise<Guard> {
  const listed = (text = '') => text.split(',').filter(Boolean)
  const { API_OPERATIONS_FILE: file } = config
  const isOnly = config.API_ONLY_PERSISTED === 'true'
  const ofDashboard = isOnly ? await dashboardOperations() : {}
  return {
    origins: listed(config.API_CORS_ORIGINS),
    ratePerMinute: config.API_RATE_MAX ?? 0,
    trustedProxies: listed(config.API_TRUSTED_PROXIES),
    persisted: new PersistedOperations({ ...ofDashboard, ...(file ? operationsIn(file) : {}) }, { isOnly }),
  }
}
