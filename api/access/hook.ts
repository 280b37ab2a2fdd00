// Before any answer that shows rows: who asks? Pages and probes show none, and /api/admin has a key of its own.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusalOf } from '../errors.ts'
import type { Access, Authenticate } from './access.ts'

declare module 'fastify' {
  interface FastifyRequest {
    access: Access | null
  }
}

const guarded = [/^\/graphql$/, /^\/api\/exports\//, /^\/api\/reports\/units\//]

export function addAccess(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('access', null)
  app.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url ?? ''
    if (!guarded.some((pattern) => pattern.test(route))) return
    try {
      request.access = await authenticate(request.headers.authorization)
    } catch (error) {
      return refuse(reply, route, error as Error)
    }
  })
}

function refuse(reply: FastifyReply, route: string, error: Error): FastifyReply {
  const { status, code, message, advice } = refusalOf(error)
  if (code === 'INTERNAL') reply.log.error({ err: error }, 'it could not be told who asks')
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="coldstream"')
  const asGraphql = { data: null, errors: [{ message, extensions: { code, advice } }] }
  return reply.code(status).send(route === '/graphql' ? asGraphql : { code, message, advice })
}

/** Throws where the route is not guarded: a defect, which must never answer with everything. */
export function accessOf({ access, url }: Pick<FastifyRequest, 'access' | 'url'>): Access {
  if (access === null) throw new Error(`${url} is answered without having asked who asks`)
  return access
}
