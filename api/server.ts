// The API's HTTP server: GraphQL, the dashboard, GraphiQL, health and metrics on one port.
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type AccessOptions, authentication } from './access/access.ts'
import { addAccess } from './access/hook.ts'
import type { Admin } from './admin.ts'
import { addDashboard } from './dashboard.ts'
import { addGraphiql } from './graphiql.ts'
import { addGraphql } from './graphql.ts'
import { createMetrics, type Metrics, measured } from './metrics.ts'
import { type DeviceProfiles, noProfiles } from './profiles.ts'
import type { Signer } from './report/signing.ts'
import { addRest } from './rest.ts'

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
}

const closed: Admin = { key: '', change: async () => [] }

/** Largest query text with its variables; the dashboard's own are below 4 kB. */
const BODY_BYTES_MAX = 131_072

export async function createServer({
  access,
  now,
  logger,
  signer = null,
  profiles = noProfiles,
  admin = closed,
}: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    // A dashboard asks every five seconds; what goes wrong is logged where it does.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 30_000,
  })
  const metrics = createMetrics()
  addMeasuring(app, metrics)
  const query = measured(access.query, metrics)
  const queryOf = (ids: readonly string[]) => measured(access.queryOf(ids), metrics)
  addAccess(app, authentication({ ...access, query, queryOf }))
  await addGraphql(app, { now, metrics, profiles })
  await addRest(app, { query, now, metrics, signer, admin })
  await addDashboard(app)
  addGraphiql(app)
  return app
}

function addMeasuring(app: FastifyInstance, { requestSeconds }: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, not the path: a label for each id would fill Prometheus.
    const route = request.routeOptions.url ?? 'none'
    requestSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
}
