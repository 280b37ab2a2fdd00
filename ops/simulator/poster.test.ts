import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPoster, PostRefused } from './poster.ts'

type Arrived = { path: string; key: string | undefined; body: string }

let server: Server
let arrived: Arrived[]
let answer: (request: Arrived, count: number) => { status: number; afterMs?: number }
let atOnceMost: number

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

beforeEach(async () => {
  arrived = []
  atOnceMost = 0
  answer = () => ({ status: 202 })
  let atOnce = 0
  server = createServer(async (request, response) => {
    atOnce += 1
    atOnceMost = Math.max(atOnceMost, atOnce)
    const one = {
      path: request.url ?? '',
      key: request.headers['x-api-key']?.toString(),
      body: await bodyOf(request),
    }
    arrived.push(one)
    const { status, afterMs = 0 } = answer(one, arrived.length)
    setTimeout(() => {
      atOnce -= 1
      response.writeHead(status).end('{}')
    }, afterMs)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const poster = (
  options: { concurrency?: number; rateMax?: number; told?: string[]; signal?: AbortSignal } = {},
) =>
  openPoster({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connection: 'demo',
    apiKey: 'a-key-of-sixteen-letters',
    concurrency: options.concurrency ?? 8,
    rateMax: options.rateMax ?? Number.POSITIVE_INFINITY,
    onWaiting: (reason) => options.told?.push(reason),
    ...(options.signal && { signal: options.signal }),
  })

test('each device keeps its order, and never more are under way than asked for', async () => {
  answer = ({ body }) => ({ status: 202, afterMs: body.endsWith('0') ? 20 : 1 })
  const { send, drained } = poster({ concurrency: 4 })
  for (let n = 0; n < 120; n += 1) await send({ devEui: `device-${n % 7}`, body: `${n % 7}:${n}` })
  await drained()
  expect(atOnceMost).toBeLessThanOrEqual(4)
  for (let device = 0; device < 7; device += 1) {
    const own = arrived.map(({ body }) => body.split(':').map(Number)).filter(([of]) => of === device)
    expect(own.map(([, n]) => n!)).toEqual(own.map(([, n]) => n!).toSorted((a, b) => a - b))
  }
  expect(arrived[0]).toMatchObject({ path: '/things-stack/demo', key: 'a-key-of-sixteen-letters' })
})

test('what is answered 503 is sent again until it is taken, and told once', async () => {
  answer = (_, count) => ({ status: count <= 3 ? 503 : 202 })
  const told: string[] = []
  const { send, drained, counts } = poster({ told })
  for (const body of ['a', 'b', 'c', 'd']) await send({ devEui: 'one', body })
  await drained()
  expect(arrived.map(({ body }) => body)).toEqual(['a', 'a', 'a', 'a', 'b', 'c', 'd'])
  expect(counts()).toEqual({ posted: 4, retried: 3 })
  expect(told).toHaveLength(1)
})

test('a refusal for good ends the run with the reason', async () => {
  answer = () => ({ status: 401 })
  const { send, drained } = poster()
  await send({ devEui: 'one', body: 'a' })
  await expect(drained()).rejects.toThrow(PostRefused)
  await expect(send({ devEui: 'one', body: 'b' })).rejects.toThrow('answers 401')
})

test('a run that is told to end does not wait for a bridge that is away', async () => {
  answer = () => ({ status: 503 })
  const stop = new AbortController()
  const { send, drained, counts } = poster({ signal: stop.signal })
  await send({ devEui: 'one', body: 'a' })
  await send({ devEui: 'one', body: 'b' })
  setTimeout(() => stop.abort(), 300)
  await drained()
  expect(counts().posted).toBe(0)
  expect(new Set(arrived.map(({ body }) => body))).toEqual(new Set(['a']))
})

test('the rate is kept', async () => {
  const { send, drained } = poster({ rateMax: 100 })
  const startMs = performance.now()
  for (let n = 0; n < 30; n += 1) await send({ devEui: `${n}`, body: '' })
  await drained()
  expect(performance.now() - startMs).toBeGreaterThan(250)
})
