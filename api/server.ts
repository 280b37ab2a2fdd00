// The API's HTTP server: GraphQL, the dashboard, GraphiQL, health and metrics on one port.
import cors from '@fastify/cors'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type AccessOptions, authentication } from './access/access.ts'
import { addAccess, isGuarded } from './access/hook.ts'
import { addRates, refusedRates } from './access/rates.ts'
import { type SignIn, signpostTo, tokenOrigin } from './access/sign-in.ts'
import type { Admin } from './admin.ts'
import { addDashboard } from './dashboard.ts'
import { type EntryStore, noEntries } from './entries/resolvers.ts'
import { addGraphiql } from './graphiql.ts'
import { addGraphql } from './graphql.ts'
import { Live, type OpenSource } from './live/live.ts'
import { lagMetric } from './live/metrics.ts'
import { addLive } from './live/routes.ts'
import { createMetrics, type Metrics, measured } from './metrics.ts'
import { PersistedOperations } from './persisted.ts'
import { type DeviceProfiles, noProfiles } from './profiles.ts'
import type { Signer } from './report/signing.ts'
import { addRest } from './rest.ts'
import { addSecurityHeaders } from './security-headers.ts'

export type ServerOptions = {
  access: AccessOptions
  now: () => Date
  logger: FastifyBaseLogger
  /** Signs reports; null: they carry their digests alone. */
  signer?: Signer | null
  /** Not given: no model of device is known. */
  profiles?: DeviceProfiles
  /** Not given: /api/admin is closed. */
  admin?: Admin
  /** What people enter goes there. Not given: nothing is taken. */
  entries?: EntryStore
  /** Where news come from. Not given: there are no subscriptions. */
  news?: OpenSource | null
  signIn?: SignIn | null
  guard?: Partial<Guard>
}

export type Guard = {
  /** Pages of these may ask, beside our own. */
  origins: readonly string[]
  /** Requests a minute of one asker; 0: without a limit. */
  ratePerMinute: number
  trustedProxies: readonly string[]
  persisted: PersistedOperations
}

const unguarded: Guard = {
  origins: [],
  ratePerMinute: 0,
  trustedProxies: [],
  persisted: new PersistedOperations({}, { isOnly: false }),
}

const closed: Admin = { key: '', change: async () => [] }

/** Largest query text with its variables; the dashboard's own are below 4 kB. */
const BODY_BYTES_MAX = 131_072
/** A connection over which nothing goes for so long is closed; longer than any statement may run. */
const IDLE_MS = 60_000
const STOP_WITHIN_MS = 10_000

export async function createServer({
  access,
  now,
  logger,
  signer = null,
  profiles = noProfiles,
  admin = closed,
  entries = noEntries,
  news = null,
  signIn = null,
  guard = {},
}: ServerOptions): Promise<FastifyInstance> {
  const { origins, ratePerMinute, trustedProxies, persisted } = { ...unguarded, ...guard }
  const app = Fastify({
    loggerInstance: logger,
    // A dashboard asks every five seconds; what goes wrong is logged where it does.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 30_000,
    connectionTimeout: IDLE_MS,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
  })
  const metrics = createMetrics()
  addMeasuring(app, metrics)
  const query = measured(access.query, metrics)
  const queryOf = (ids: readonly string[]) => measured(access.queryOf(ids), metrics)
  const authenticate = authentication({ ...access, query, queryOf })
  const live = new Live({ query, open: news, log: logger, onLag: observing(lagMetric(metrics.registry)) })
  const signpost = signpostTo(signIn)
  addSecurityHeaders(app)
  if (origins.length > 0) await app.register(cors, { ...crossOrigin, origin: [...origins] })
  await addRates(app, ratePerMinute, isGuarded)
  await addLive(app, { live, authenticate, persisted, metrics, origins, bodyBytesMax: BODY_BYTES_MAX })
  addAccess(app, authenticate, refusedRates())
  await addGraphql(app, { now, metrics, profiles, persisted, entries })
  await addRest(app, { query, now, metrics, signer, admin, signpost })
  await addDashboard(app, () => tokenOrigin(signpost))
  addGraphiql(app)
  addStop(app)
  live.start()
  return app
}

/** No cookie is ever asked for, so no credentials. */
const crossOrigin = {
  methods: ['GET', 'POST'],
  allowedHeaders: ['authorization', 'content-type'],
  exposedHeaders: ['retry-after', 'content-disposition'],
  maxAge: 600,
}

const observing = (histogram: { observe(value: number): void }) => (value: number) => histogram.observe(value)

/** Whoever still reads an export then must take it again; a stop does not wait for him for long. */
function addStop(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    setTimeout(() => app.server.closeAllConnections(), STOP_WITHIN_MS).unref()
  })
}

function addMeasuring(app: FastifyInstance, { requestSeconds }: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, not the path: a label for each id would fill Prometheus.
    const route = request.routeOptions.url ?? 'none'
    requestSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
}
