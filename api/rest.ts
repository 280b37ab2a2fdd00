// REST beside GraphQL: routes that describe themselves (OpenAPI at /api/docs), and refusals in the same words.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addSignIn, type Signpost } from './access/sign-in.ts'
import { type Admin, addAdmin } from './admin.ts'
import type { Query } from './database.ts'
import { refusalOf } from './errors.ts'
import { addExports } from './exports/routes.ts'
import { addHealth } from './health.ts'
import type { Metrics } from './metrics.ts'
import { addReports } from './report/routes.ts'
import type { Signer } from './report/signing.ts'
import { asDocsPage } from './security-headers.ts'

const info = {
  title: 'coldstream',
  version: '1',
  description: 'Health, metrics and exports. Everything else is asked by GraphQL, at POST /graphql.',
}

type Options = {
  query: Query
  now: () => Date
  metrics: Metrics
  signer: Signer | null
  admin: Admin
  signpost: Signpost
}

export async function addRest(app: FastifyInstance, options: Options): Promise<void> {
  const { query, now, metrics, signer, admin, signpost } = options
  await app.register(async (rest) => {
    await rest.register(swagger, { openapi: { openapi: '3.1.0', info } })
    await rest.register(swaggerUi, {
      routePrefix: '/api/docs',
      // Its own would allow what is inline.
      uiHooks: {
        onRequest: (_request, reply, next) => {
          asDocsPage(reply)
          next()
        },
      },
    })
    rest.setErrorHandler<Error>(answerRefusal)
    addHealth(rest, query, metrics)
    addSignIn(rest, signpost)
    addExports(rest)
    addReports(rest, { now, signer })
    addAdmin(rest, query, admin)
  })
}

function answerRefusal(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, ...answer } = refusalOf(error)
  if (answer.code === 'INTERNAL') request.log.error({ err: error }, 'a request failed')
  return reply.code(status).send(answer)
}
