// One WebSocket: who is at its other end, what he has subscribed to, and how much waits for him.
//
//   opened ──connection_init──▶ greeted ──subscribe──▶ … ──complete──▶ …
//      │ 10 s                      │ slow, key ended, protocol broken, server stops
//      ▼                           ▼
//    4408                       closed, with a code and a reason
import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import type { Access, Authenticate } from '../access/access.ts'
import { checkMay } from '../access/roles.ts'
import { refusalOf } from '../errors.ts'
import type { ShownError } from '../graphql-errors.ts'
import type { Subscriber } from './feed.ts'
import type { Live } from './live.ts'
import type { Asked, LiveOperation, Operations } from './operation.ts'
import { type ClientMessage, type CloseCode, closeCodes, messageOf, reasonText } from './protocol.ts'
import { keysFor } from './scope.ts'

export type ConnectionParts = {
  live: Live
  operations: Operations
  authenticate: Authenticate
  /** Queries and mutations: asked as if they had come over HTTP. The text of the answer. */
  ask: (asked: Asked, authorization: string | undefined, signal: AbortSignal) => Promise<string>
  /** The text of a persisted operation; throws a refusal. */
  textOf: (asked: Asked & { extensions?: unknown }) => string
  format: (errors: readonly Error[]) => ShownError[]
  onDropped: (code: CloseCode) => void
  log: FastifyBaseLogger
}

const INIT_WITHIN_MS = 10_000
const OPERATIONS_MAX = 100
/** What may wait for a client that does not read; beside it the kernel's own buffers. */
export const WAITING_BYTES_MAX = 1_048_576
/** A replay waits while more than this waits for its client. */
const REPLAY_WAITING_BYTES = 65_536
const ROOM_POLL_MS = 10
/** A client that does not read will not answer a close either. */
const CLOSE_WITHIN_MS = 5_000

type Running = { stop: () => void }

export class Connection {
  readonly #socket: WebSocket
  readonly #parts: ConnectionParts
  readonly #running = new Map<string, Running>()
  readonly #initTimer: NodeJS.Timeout
  /** From the upgrade request; the payload of connection_init has precedence. */
  #authorization: string | undefined
  #access: Access | null = null
  #wasGreeted = false
  #isAlive = true

  constructor(socket: WebSocket, authorization: string | undefined, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#authorization = authorization
    this.#initTimer = setTimeout(
      () => this.close('INIT_TIMEOUT', 'Connection initialisation timeout'),
      INIT_WITHIN_MS,
    )
    socket.on('pong', () => {
      this.#isAlive = true
    })
    socket.on('message', (data, isBinary) => this.#take(isBinary ? undefined : messageOf(String(data))))
    socket.on('close', () => this.#end())
  }

  get operations(): number {
    return this.#running.size
  }

  close(code: CloseCode, reason: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#parts.onDropped(code)
    this.#socket.close(closeCodes[code], reasonText(reason))
    this.#end()
    setTimeout(() => this.#socket.terminate(), CLOSE_WITHIN_MS).unref()
  }

  #end(): void {
    clearTimeout(this.#initTimer)
    for (const { stop } of this.#running.values()) stop()
    this.#running.clear()
  }

  /** Whoever did not answer the ping before this one is gone. */
  ping(): void {
    if (this.#isAlive) this.#socket.ping()
    else this.#socket.terminate()
    this.#isAlive = false
  }

  /** Whoever is not known any more hears nothing more. That it cannot be asked is no reason. */
  async recheck(): Promise<void> {
    if (this.#access === null) return
    try {
      this.#access = await this.#parts.authenticate(this.#authorization)
      checkMay(this.#access, 'read')
    } catch (error) {
      const { code, message } = refusalOf(error as Error)
      if (code === 'NOT_AUTHENTICATED' || code === 'FORBIDDEN') this.close('FORBIDDEN', message)
    }
  }

  #take(message: ClientMessage | undefined): void {
    if (message === undefined) this.close('BAD_MESSAGE', 'Not a message of graphql-transport-ws')
    else if (message.type === 'ping') this.#send('{"type":"pong"}')
    else if (message.type === 'connection_init') void this.#greet(message.payload)
    else if (message.type === 'complete') this.#complete(message.id)
    else if (message.type === 'subscribe') this.#subscribe(message.id, message.payload)
  }

  async #greet(payload: Record<string, unknown>): Promise<void> {
    if (this.#wasGreeted) return this.close('INIT_TWICE', 'Too many initialisation requests')
    this.#wasGreeted = true
    this.#authorization = authorizationIn(payload) ?? this.#authorization
    try {
      const access = await this.#parts.authenticate(this.#authorization)
      checkMay(access, 'read')
      clearTimeout(this.#initTimer)
      this.#access = access
      this.#send('{"type":"connection_ack"}')
    } catch (error) {
      const { status, message, advice } = refusalOf(error as Error)
      this.close(status < 500 ? 'FORBIDDEN' : 'TRY_AGAIN', `${message} ${advice}`)
    }
  }

  #subscribe(id: string, asked: Asked & { extensions?: unknown }): void {
    const access = this.#access
    if (access === null) this.close('UNAUTHORIZED', 'Unauthorized')
    else if (this.#running.has(id)) this.close('ID_TAKEN', `Subscriber for ${id} already exists`)
    else if (this.#running.size >= OPERATIONS_MAX)
      this.close('TOO_MANY', `A connection has at most ${OPERATIONS_MAX} operations at a time`)
    else this.#start(id, asked, access)
  }

  #start(id: string, asked: Asked & { extensions?: unknown }, access: Access): void {
    const stopping = new AbortController()
    this.#running.set(id, { stop: () => stopping.abort() })
    this.#run(id, asked, access, stopping.signal).catch((error: Error) => {
      if (!stopping.signal.aborted) this.#fail(id, error)
    })
  }

  async #run(
    id: string,
    given: Asked & { extensions?: unknown },
    access: Access,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = { ...given, query: this.#parts.textOf(given) }
    const operation = this.#parts.operations.prepare(asked)
    if (operation.kind === 'subscription') return this.#listen(id, operation, access, signal)
    const text = await this.#parts.ask(asked, this.#authorization, signal)
    if (signal.aborted) return
    this.#running.delete(id)
    this.#send(`{"id":${JSON.stringify(id)},"type":"next","payload":${text}}`)
    this.#send(`{"id":${JSON.stringify(id)},"type":"complete"}`)
  }

  async #listen(id: string, operation: LiveOperation, access: Access, signal: AbortSignal): Promise<void> {
    const { live } = this.#parts
    // What is not his is not there, whether there are news or not.
    const keys = await keysFor(operation.args, access, live)
    const feed = live.feedOf(operation.field)
    const subscriber = this.#subscriber(id, operation, keys, signal)
    const detach = await feed.subscribe(subscriber, operation.args.after ?? null)
    if (signal.aborted) detach()
    else signal.addEventListener('abort', detach, { once: true })
  }

  #subscriber(
    id: string,
    { args, render }: LiveOperation,
    keys: readonly string[],
    signal: AbortSignal,
  ): Subscriber {
    const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
    const includesSimulated = args.includeSimulated !== false
    return {
      keys,
      wants: ({ organizationId, isSimulated }) =>
        !signal.aborted && (includesSimulated || !isSimulated) && this.#maySee(organizationId),
      take: (row) => {
        this.#send(`${head}${render(row)}}`)
        if (this.#socket.bufferedAmount > WAITING_BYTES_MAX)
          this.close('TOO_SLOW', 'Too slow: 1 MiB waits for you. Go on from your last cursor; ask for less.')
      },
      hasRoom: async () => {
        while (!signal.aborted && this.#socket.bufferedAmount > REPLAY_WAITING_BYTES)
          await new Promise((resolve) => setTimeout(resolve, ROOM_POLL_MS))
        return !signal.aborted
      },
      end: (reason) => this.#fail(id, reason),
    }
  }

  /** By the last check of the key, also where it was another one when he subscribed. */
  #maySee(organizationId: string): boolean {
    const identity = this.#access?.identity
    if (identity === undefined) return false
    return identity === null || identity.isPlatformAdmin || identity.roles.has(organizationId)
  }

  #complete(id: string): void {
    this.#running.get(id)?.stop()
    this.#running.delete(id)
  }

  #fail(id: string, error: Error): void {
    this.#complete(id)
    const payload = this.#parts.format([error])
    this.#send(JSON.stringify({ id, type: 'error', payload }))
  }

  #send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text)
  }
}

/** As HTTP's header is called, however it is written; some clients put their headers into an object. */
function authorizationIn(payload: Record<string, unknown>): string | undefined {
  const headers = typeof payload.headers === 'object' ? (payload.headers ?? {}) : {}
  const found = Object.entries({ ...headers, ...payload }).find(
    ([name]) => name.toLowerCase() === 'authorization',
  )?.[1]
  return typeof found === 'string' ? found : undefined
}
