// The bridge over HTTP. Who posts is checked before a byte of the body is read, and nothing is answered with 2xx before
// Kafka has acknowledged it.
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { PipelineError } from '../schemas/failure.ts'
import { answerTo } from './answers.ts'
import { type ApiKeys, presentedKey } from './api-keys.ts'
import type { Intake, Taken } from './intake.ts'
import type { BridgeMetrics } from './metrics.ts'
import type { Pressure } from './pressure.ts'
import type { Rates } from './rate.ts'

export type BridgeParts = {
  keys: ApiKeys
  intake: Intake
  isReady(): Promise<boolean>
  rates: Rates
  pressure: Pick<Pressure, 'isTooHigh'>
  metrics: BridgeMetrics
  bodyBytesMax: number
  logger: FastifyBaseLogger
}

type Webhook = { Params: { connection: string }; Body: Buffer | undefined }

const accepted = 202

export function bridgeServer(parts: BridgeParts): FastifyInstance {
  const app = Fastify({
    loggerInstance: parts.logger,
    // Two lines a request would cost more than the request.
    logController: new LogController({ disableRequestLogging: true }),
    // Nor does any line need a request's number: a logger for each would cost a tenth of its parsing.
    childLoggerFactory: (logger) => logger,
    bodyLimit: parts.bodyBytesMax,
    // A sender that dribbles its body may not hold a connection for long.
    requestTimeout: 10_000,
    routerOptions: { maxParamLength: 64 },
    // Errors that come before routing get the same JSON shape.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const { status, body } = answerTo(error, parts.bodyBytesMax)
      void reply.code(status).send(body)
    },
  })
  takeBytes(app)
  answerErrors(app, parts)
  webhook(app, parts)
  health(app, parts)
  return app
}

/** Bodies arrive as bytes and are parsed by us: UTF-8 and depth must be judged before anything is built. */
function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/json(\s*;|$)/i, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
}

function answerErrors(app: FastifyInstance, { metrics, bodyBytesMax }: BridgeParts): void {
  app.setErrorHandler((error: Error & { code?: string }, request, reply) => {
    const { status, retryAfterSeconds, body } = answerTo(error, bodyBytesMax)
    const { connection } = (request.params ?? {}) as { connection?: string }
    if (connection !== undefined) {
      // A name that was not authorized is the sender's invention: as a label it could be any text.
      const label = status === 401 ? 'unauthorized' : connection
      metrics.answered(
        label,
        status === 503 || status === 429 ? 'unavailable' : 'refused',
        reply.elapsedTime / 1_000,
      )
    }
    // Outages are told by the log itself, once each; what is refused is counted.
    if (status === 500) app.log.error({ err: error }, 'the bridge failed')
    else app.log.debug({ code: body.error.code, status }, 'not accepted')
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="coldstream"')
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = answerTo(new PipelineError('ROUTE_UNKNOWN', {}), bodyBytesMax)
    return reply.code(status).send(body)
  })
}

function webhook(app: FastifyInstance, parts: BridgeParts): void {
  app.post<Webhook>(
    '/things-stack/:connection',
    {
      onRequest: async (request) => admit(parts, request.params.connection, request.headers),
    },
    async (request, reply) => {
      const { connection: connectionId } = request.params
      const contentType = request.headers['content-type'] ?? ''
      const bytes = request.body ?? Buffer.alloc(0)
      const taken = await parts.intake.take({ connectionId, bytes, contentType })
      for (const { outcome } of taken)
        parts.metrics.answered(connectionId, outcome, reply.elapsedTime / 1_000)
      return reply.code(accepted).send(answerFor(taken))
    },
  )
}

/** All that can be judged before the body is read. */
function admit(
  { keys, rates, pressure }: BridgeParts,
  connectionId: string,
  headers: FastifyRequest['headers'],
): void {
  if (!keys.isValid(connectionId, presentedKey(headers))) throw new PipelineError('NOT_AUTHORIZED', {})
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new PipelineError('CONTENT_TYPE_UNSUPPORTED', {})
  if (!rates.take(connectionId)) throw new PipelineError('RATE_EXCEEDED', { perSecond: rates.perSecond })
  if (pressure.isTooHigh()) throw new PipelineError('BRIDGE_OVERLOADED', { reason: 'it is busy' })
}

const answerFor = ([first, ...more]: Taken[]): object =>
  more.length === 0 ? { ...first?.answer } : { accepted: 'batch', messages: more.length + 1 }

function health(app: FastifyInstance, parts: BridgeParts): void {
  const { metrics } = parts
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/health/ready', async (_request, reply) => {
    const isReady = await parts.isReady()
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'Kafka is away' })
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
