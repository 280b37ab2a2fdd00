import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Gauge, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { serveHealth } from './health-server.ts'

test('readiness is a status code, and what a person wants to see stands beside it', async () => {
  const registry = new Registry()
  new Gauge({ name: 'a_gauge', help: 'For this test.', registers: [registry] }).set(3)
  let isReady = false
  const health = { isReady: () => isReady, details: () => ({ lag: 7 }), registry }
  const server = await serveHealth(0, 'SINK_PORT', health)
  const at = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`)
  expect((await at('/health/ready')).status).toBe(503)
  expect(await (await at('/health')).json()).toEqual({ status: 'waiting', lag: 7 })
  isReady = true
  expect(await (await at('/health/ready?probe')).json()).toEqual({ status: 'ready', lag: 7 })
  expect(await (await at('/metrics')).text()).toContain('a_gauge 3')
  expect((await at('/elsewhere')).status).toBe(404)
  await server.close()
})

test('a port that is taken names the setting to change', async () => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const health = { isReady: () => true, details: () => ({}), registry: new Registry() }
  await expect(serveHealth(port, 'SINK_PORT', health)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `Port ${port} is taken: end what listens there, or set SINK_PORT to another port (0: any).`,
  })
  other.close()
})
