// The bridge over HTTP. Who posts is checked before a byte of the body is read, and nothing is answered with 2xx before
// Kafka has acknowledged it.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { type FailureCode, PipelineError } from '../schemas/failure.ts'
import type { DeadLetter, Uplink } from '../schemas/generated/types.ts'
import type { AcknowledgedLog } from './acknowledged-log.ts'
import { answerTo } from './answers.ts'
import { type ApiKeys, presentedKey } from './api-keys.ts'
import { type JsonBody, parseJsonBody } from './json-body.ts'
import type { BridgeMetrics, Outcome } from './metrics.ts'
import { parseThingsStack } from './things-stack.ts'

export type BridgeParts = {
  keys: ApiKeys
  log: AcknowledgedLog
  metrics: BridgeMetrics
  uplinks: { topic: string; encode(value: Uplink): Buffer }
  deadLetters: { topic: string; encode(value: DeadLetter): Buffer }
  bodyBytesMax: number
  clockMs: () => number
  logLevel: string
}

type Webhook = { Params: { connection: string }; Body: Buffer | undefined }

const accepted = 202

export function bridgeServer(parts: BridgeParts): FastifyInstance {
  const app = Fastify({
    logger: { level: parts.logLevel, name: 'bridge' },
    // Two lines a request would cost more than the request.
    logController: new LogController({ disableRequestLogging: true }),
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
      metrics.answered(label, status === 503 ? 'unavailable' : 'refused', reply.elapsedTime / 1_000)
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
  const parse = jsonParser(app)
  app.post<Webhook>(
    '/things-stack/:connection',
    {
      onRequest: async (request) => {
        if (!parts.keys.isValid(request.params.connection, presentedKey(request.headers)))
          throw new PipelineError('NOT_AUTHORIZED', {})
        if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
          throw new PipelineError('CONTENT_TYPE_UNSUPPORTED', {})
      },
    },
    async (request, reply) => {
      const { connection } = request.params
      const json = parseJsonBody(request.body ?? Buffer.alloc(0), parse)
      const { outcome, answer } = await take(parts, connection, json, request)
      parts.metrics.answered(connection, outcome, reply.elapsedTime / 1_000)
      return reply.code(accepted).send(answer)
    },
  )
}

/** Fastify's own parser, in its strictest form: `__proto__` and `constructor.prototype` are errors. */
function jsonParser(app: FastifyInstance): (text: string) => unknown {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (text) => {
    let outcome: { error: Error | null; value?: unknown } = { error: null }
    // It calls back before it returns, and returns nothing.
    void parse(undefined as unknown as FastifyRequest, text, (error, value) => {
      outcome = { error, value }
    })
    if (outcome.error) throw outcome.error
    return outcome.value
  }
}

type Taken = { outcome: Outcome; answer: object }

async function take(
  parts: BridgeParts,
  connectionId: string,
  { text, value }: JsonBody,
  request: FastifyRequest<Webhook>,
): Promise<Taken> {
  const receivedAtMs = parts.clockMs()
  const parsed = parseThingsStack(value, { connectionId, receivedAtMs, bodyText: text })
  if (parsed.kind === 'unattributed') throw new PipelineError('DEVICE_NOT_NAMED', { reason: parsed.reason })
  if (parsed.kind === 'uplink') {
    const { uplink } = parsed
    const { topic, encode } = parts.uplinks
    await parts.log.append({ topic, key: uplink.devEui, value: encode(uplink) })
    return { outcome: uplink.type, answer: { accepted: uplink.type, devEui: uplink.devEui } }
  }
  const { devEui, reason } = parsed
  const failure = new PipelineError('UPLINK_NOT_UNDERSTOOD', { devEui, reason })
  const letter = deadLetter(failure, devEui, connectionId, receivedAtMs, request)
  const { topic, encode } = parts.deadLetters
  await parts.log.append({ topic, key: devEui, value: encode(letter) })
  return { outcome: 'dead-letter', answer: { accepted: 'dead-letter', devEui, note: failure.message } }
}

function deadLetter(
  failure: PipelineError<FailureCode>,
  devEui: string,
  connectionId: string,
  failedAt: number,
  { body, headers }: FastifyRequest<Webhook>,
): DeadLetter {
  return {
    code: failure.code,
    explanation: failure.message,
    source: `bridge:${connectionId}`,
    partition: null,
    offset: null,
    failedAt,
    key: Buffer.from(devEui),
    value: body ?? null,
    // No others: any of them may carry a secret (X-Api-Key, Authorization, X-Downlink-Apikey).
    headers: { 'content-type': headers['content-type'] ?? '' },
  }
}

function health(app: FastifyInstance, { log, metrics }: BridgeParts): void {
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/health/ready', async (_request, reply) => {
    const isReady = await log.isReady()
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'Kafka is away' })
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
