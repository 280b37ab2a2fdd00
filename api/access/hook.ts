// Before any answer that shows rows: who asks, and may he? Pages and probes show none, and /api/admin has a key of its own. What
// runs for him is cancelled once he has gone.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { until } from '../database.ts'
import { refusalOf } from '../errors.ts'
import type { Access, Authenticate } from './access.ts'
import { patienceOf } from './patience.ts'
import type { Rates } from './rates.ts'
import { checkMay, type Permission } from './roles.ts'

declare module 'fastify' {
  interface FastifyRequest {
    access: Access | null
  }
}

const guarded: readonly (readonly [RegExp, Permission])[] = [
  [/^\/graphql$/, 'read'],
  [/^\/api\/exports\//, 'export'],
  [/^\/api\/reports\/units\//, 'export'],
]

const permissionFor = (route: string): Permission | undefined =>
  guarded.find(([pattern]) => pattern.test(route))?.[1]

export const isGuarded = (request: FastifyRequest): boolean =>
  permissionFor(request.routeOptions.url ?? '') !== undefined

export function addAccess(app: FastifyInstance, authenticate: Authenticate, rates: Rates): void {
  app.decorateRequest('access', null)
  app.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url ?? ''
    const permission = permissionFor(route)
    // Over a WebSocket it is asked once it is open (live/connection.ts).
    if (permission === undefined || request.ws) return
    try {
      rates.checkRefused(request.ip)
      const access = await authenticate(request.headers.authorization)
      checkMay(access, permission)
      request.access = { ...access, query: until(access.query, patienceOf(request, reply)) }
    } catch (error) {
      const { code } = refusalOf(error as Error)
      if (code === 'NOT_AUTHENTICATED') rates.countRefused(request.ip)
      return refuse(reply, route, error as Error)
    }
  })
}

function refuse(reply: FastifyReply, route: string, error: Error): FastifyReply {
  const { status, code, message, advice } = refusalOf(error)
  if (code === 'INTERNAL') reply.log.error({ err: error }, 'it could not be told who asks')
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="coldstream"')
  if (status === 429) reply.header('retry-after', 60)
  const asGraphql = { data: null, errors: [{ message, extensions: { code, advice } }] }
  return reply.code(status).send(route === '/graphql' ? asGraphql : { code, message, advice })
}

/** Throws where the route is not guarded: a defect, which must never answer with everything. */
export function accessOf({ access, url }: Pick<FastifyRequest, 'access' | 'url'>): Access {
  if (access === null) throw new Error(`${url} is answered without having asked who asks`)
  return access
}
