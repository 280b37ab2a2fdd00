// Subscriptions at /graphql, by the same address as queries: a WebSocket of graphql-transport-ws.
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { Authenticate } from '../access/access.ts'
import { isOwnOrigin } from '../access/origins.ts'
import { askedUntil } from '../access/patience.ts'
import { shownErrors } from '../graphql-errors.ts'
import type { Metrics } from '../metrics.ts'
import type { PersistedOperations } from '../persisted.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import type { Live } from './live.ts'
import { liveMetrics } from './metrics.ts'
import { type Asked, Operations } from './operation.ts'
import { type CloseCode, closeCodes, PROTOCOL } from './protocol.ts'

export type LiveOptions = {
  live: Live
  authenticate: Authenticate
  persisted: PersistedOperations
  metrics: Metrics
  /** Pages of these may open a socket, beside our own. */
  origins: readonly string[]
  bodyBytesMax: number
}

const SOCKETS_MAX = 5_000
const RECHECK_MS = 5_000
const PING_MS = 20_000
const STOP_WITHIN_MS = 2_000

/** Before the routes of GraphQL are made. */
export async function addLive(app: FastifyInstance, options: LiveOptions): Promise<void> {
  const connections = new Set<Connection>()
  const metrics = liveMetrics(options.metrics.registry, connections)
  // This hook must be there before the plugin's own, which looks for what it sets.
  app.addHook('onRoute', (route) => {
    if (route.url === '/graphql' && route.method === 'GET') route.wsHandler = opened
  })
  await app.register(fastifyWebsocket, {
    options: {
      maxPayload: options.bodyBytesMax,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    },
    preClose: (done) => stop(app, done),
    errorHandler: (error, socket) => {
      app.log.debug({ err: error }, 'a subscriber was lost')
      socket.terminate()
    },
  })
  const parts: ConnectionParts = {
    live: options.live,
    operations: new Operations(
      () => app.graphql.schema,
      (errors) => shownErrors(errors, options.metrics, app.log),
    ),
    authenticate: options.authenticate,
    ask: () => Promise.reject(new Error('of no socket')),
    textOf: (asked) => options.persisted.textOf(asked),
    format: (errors) => shownErrors(errors, options.metrics, app.log),
    onDropped: (code) => metrics.dropped.inc({ code }),
    log: app.log,
  }

  function opened(socket: WebSocket, request: FastifyRequest): void {
    const refused = refusalOf(socket, request)
    if (refused !== null) {
      socket.close(closeCodes[refused[0]], refused[1])
      return
    }
    const ask = asking(app, request)
    const connection = new Connection(socket, request.headers.authorization, { ...parts, ask })
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  }

  function refusalOf(socket: WebSocket, request: FastifyRequest): [CloseCode, string] | null {
    if (socket.protocol !== PROTOCOL) return ['BAD_PROTOCOL', `Subprotocol not acceptable: offer ${PROTOCOL}`]
    if (!isOwnOrigin(request, options.origins))
      return ['FORBIDDEN', 'Pages of this origin may not ask: see API_CORS_ORIGINS']
    return connections.size < SOCKETS_MAX ? null : ['TRY_AGAIN', 'Too many connections: try again later']
  }

  const rechecking = setInterval(() => {
    for (const connection of connections) void connection.recheck()
  }, RECHECK_MS)
  const pinging = setInterval(() => {
    for (const connection of connections) connection.ping()
  }, PING_MS)
  app.addHook('preClose', async () => {
    clearInterval(rechecking)
    clearInterval(pinging)
  })
  app.addHook('onClose', () => options.live.close())
}

/** A question over a socket takes the way of one over HTTP: the same limits, the same rate, the same answer. */
const asking =
  (app: FastifyInstance, request: FastifyRequest): ConnectionParts['ask'] =>
  async ({ query, variables, operationName }: Asked, authorization, signal) => {
    const asked = {
      method: 'POST',
      url: '/graphql',
      remoteAddress: request.ip,
      headers: authorization === undefined ? {} : { authorization },
      payload: { query, variables, operationName },
    } as const
    return (await askedUntil(signal, () => app.inject(asked))).body
  }

function stop(app: FastifyInstance, done: () => void): void {
  const { clients } = app.websocketServer
  for (const client of clients) client.close(closeCodes.GOING_AWAY, 'The server stops: connect again')
  setTimeout(() => {
    for (const client of clients) client.terminate()
  }, STOP_WITHIN_MS).unref()
  app.websocketServer.close()
  done()
}
