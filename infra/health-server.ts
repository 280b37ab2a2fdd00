// The address of a process without a public one, for probes and Prometheus: /health, /health/ready, /metrics.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { listenFailure } from './listen.ts'

export type Health = {
  isReady: () => boolean
  /** What a person wants to see beside it. */
  details: () => object
  registry: Registry
}

export type HealthServer = { port: number; close: () => Promise<void> }

/** Port 0: any. Throws PORT_TAKEN and its like, naming the configuration key `setting`. */
export async function serveHealth(port: number, setting: string, health: Health): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0], health, response).catch((error: Error) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.message}\n`)
    })
  })
  try {
    await once(server.listen(port), 'listening')
  } catch (error) {
    throw listenFailure(error, port, setting)
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(path: string | undefined, health: Health, response: ServerResponse): Promise<void> {
  const json = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
  const isReady = health.isReady()
  const state = { status: isReady ? 'ready' : 'waiting', ...health.details() }
  switch (path) {
    case '/health':
      return void json(200, state)
    case '/health/ready':
      return void json(isReady ? 200 : 503, state)
    case '/metrics': {
      const text = await health.registry.metrics()
      return void response.writeHead(200, { 'content-type': health.registry.contentType }).end(text)
    }
    default:
      return void json(404, { error: 'There are /health, /health/ready and /metrics.' })
  }
}
