// For tests: the documented HTTP API of The Things Stack, for one application, as much of it as is called. Field masks are
// taken seriously: what no mask names is neither stored nor given. A simulated uplink goes out by the webhook that is stored.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json } from './posting.ts'

export type StubState = {
  rights: string[]
  devices: { device_id: string; dev_eui: string }[]
  /** By id, as stored. */
  webhooks: Map<string, Json>
  stored: Json[]
  /** "METHOD path" of every request, without its query. */
  requests: string[]
  /** Answers of the next requests, before the API is asked: 0 breaks the connection. */
  failNext: number[]
  /** Breaks the stream of stored uplinks after so many lines. */
  breakAfterLines: number | null
}

export type Stub = { url: string; state: StubState; close(): Promise<void> }

export const stubApiKey = 'NNSXS.STUB.KEY'
export const stubApplication = 'kitchen'

export async function thingsStackStub(given: Partial<StubState> = {}): Promise<Stub> {
  const state: StubState = {
    rights: ['RIGHT_APPLICATION_ALL'],
    devices: [{ device_id: 'fridge-1', dev_eui: '0004A30B001C0530' }],
    webhooks: new Map(),
    stored: [],
    requests: [],
    failNext: [],
    breakAfterLines: null,
    ...given,
  }
  const server = createServer((request, response) => void handle(state, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

type Answer = { status: number; body: Json }
type Asked = { state: StubState; url: URL; body: Json; parts: string[] }

const notFound: Answer = {
  status: 404,
  body: { code: 5, message: 'error:pkg/x:not_found (entity not found)' },
}

async function handle(state: StubState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const url = new URL(request.url ?? '/', 'http://stub')
  state.requests.push(`${request.method} ${url.pathname}`)
  const failure = state.failNext.shift()
  if (failure === 0) return void request.socket.destroy()
  if (failure !== undefined) return send(response, { status: failure, body: { message: 'try again' } })
  if (request.headers.authorization !== `Bearer ${stubApiKey}`)
    return send(response, {
      status: 401,
      body: { code: 16, message: 'error:pkg/auth:api_key_not_found (API key not found)' },
    })
  const text = Buffer.concat(chunks).toString()
  const asked: Asked = {
    state,
    url,
    body: text === '' ? {} : JSON.parse(text),
    parts: url.pathname.split('/').slice(3),
  }
  if (url.pathname.endsWith('/packages/storage/uplink_message')) return stored(asked, request, response)
  send(response, await answer(request.method ?? 'GET', asked))
}

const send = (response: ServerResponse, { status, body }: Answer) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

async function answer(method: string, asked: Asked): Promise<Answer> {
  const { state, parts } = asked
  const [first, second, third, fourth] = parts
  if (first === 'applications' && second === stubApplication && third === 'rights')
    return { status: 200, body: { rights: state.rights } }
  if (first === 'applications' && second === stubApplication && third === 'devices')
    return { status: 200, body: { end_devices: state.devices.map((ids) => ({ ids })) } }
  if (first === 'as' && second === 'webhooks' && third === stubApplication)
    return webhook(method, asked, fourth)
  if (first === 'as' && second === 'applications' && parts.at(-1) === 'simulate') return simulate(asked)
  return notFound
}

function webhook(method: string, { state, url, body }: Asked, id: string | undefined): Answer {
  if (method === 'GET') {
    const stored = state.webhooks.get(id ?? '')
    if (stored === undefined) return notFound
    const mask = url.searchParams.get('field_mask')?.split(',') ?? []
    return { status: 200, body: { ids: stored.ids, ...picked(stored, mask) } }
  }
  const given = body.webhook as Json
  const { webhook_id: ownId } = given.ids as { webhook_id: string }
  if (!/^[a-z0-9](?:[-]?[a-z0-9]){2,}$/.test(ownId) || ownId.length > 36)
    return { status: 400, body: { code: 3, message: 'error:pkg/errors:validation (invalid `webhook_id`)' } }
  const { paths } = body.field_mask as { paths: string[] }
  state.webhooks.set(ownId, { ...state.webhooks.get(ownId), ids: given.ids, ...picked(given, paths) })
  return { status: 200, body: given }
}

const picked = (from: Json, mask: readonly string[]): Json =>
  Object.fromEntries(mask.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])))

async function simulate({ state, body, parts }: Asked): Promise<Answer> {
  const device = state.devices.find(({ device_id: id }) => id === parts[4])
  if (device === undefined) return notFound
  for (const { base_url: base, headers, uplink_message: message } of state.webhooks.values()) {
    if (message === undefined) continue
    const application = { application_id: stubApplication }
    const received = { received_at: '2026-02-12T15:15:46.014773143Z', simulated: true }
    await fetch(`${base}${(message as { path?: string }).path ?? ''}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: JSON.stringify({
        ...body,
        end_device_ids: { ...device, application_ids: application },
        ...received,
      }),
    }).catch(() => null) // its queue would try again
  }
  return { status: 200, body: {} }
}

function stored(asked: Asked, request: IncomingMessage, response: ServerResponse): void {
  const lines = request.headers.accept === 'text/event-stream' ? storedLines(asked) : null
  if (lines === null) send(response, notFound)
  else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${lines.join('\n')}\n`)
}

function storedLines({ state, url, parts }: Asked): string[] | null {
  const deviceId = parts[3] === 'devices' ? parts[4] : undefined
  const isKnown = deviceId === undefined || state.devices.some(({ device_id: id }) => id === deviceId)
  if (parts[2] !== stubApplication || !isKnown) return null
  const at = (message: Json) => String(message.received_at)
  const [after, before] = ['after', 'before'].map((name) => url.searchParams.get(name) ?? '')
  const chosen = state.stored
    .filter(
      (message) =>
        Date.parse(at(message)) > Date.parse(after ?? '') &&
        Date.parse(at(message)) < Date.parse(before ?? ''),
    )
    .filter((message) => deviceId === undefined || (message.end_device_ids as Json).device_id === deviceId)
    .toSorted((a, b) => at(a).localeCompare(at(b)))
    .slice(0, Number(url.searchParams.get('limit')))
  const lines = chosen.map((result) => JSON.stringify({ result }))
  if (state.breakAfterLines !== null)
    lines.splice(
      state.breakAfterLines,
      lines.length,
      JSON.stringify({ error: { code: 14, message: 'stream broken' } }),
    )
  return lines
}
