// The sink's address for probes and Prometheus: /health, /health/ready, /metrics.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

export type Health = {
  /** For /health: what a person wants to see. */
  details: () => object
  isReady: () => boolean
  registry: Registry
}

export async function serveHealth(
  port: number,
  health: Health,
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://sink').pathname, health, response).catch((error: Error) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.message}\n`)
    })
  })
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })

async function answer(path: string, health: Health, response: ServerResponse): Promise<void> {
  const json = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
  const isReady = health.isReady()
  switch (path) {
    case '/health':
      return void json(200, { status: isReady ? 'ready' : 'waiting', ...health.details() })
    case '/health/ready':
      return void json(isReady ? 200 : 503, { ready: isReady })
    case '/metrics': {
      const text = await health.registry.metrics()
      return void response.writeHead(200, { 'content-type': health.registry.contentType }).end(text)
    }
    default:
      return void json(404, { error: 'There are /health, /health/ready and /metrics.' })
  }
}
