import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { registryAt } from './registry.ts'
import { freshPrefix, testEngines } from './testing/engines.ts'

const { schemaRegistryUrl } = testEngines()
const registry = registryAt(schemaRegistryUrl)
const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Probe', fields })
const a = { name: 'a', type: 'int' }

test('a schema is registered once, and found under its id', async () => {
  const subject = `${freshPrefix()}probe-value`
  const id = await registry.register(subject, record(a))
  expect(await registry.register(subject, record(a))).toBe(id)
  expect(JSON.parse(await registry.schemaOf(id))).toEqual(JSON.parse(record(a)))
})

test('a schema that cannot read its predecessor is refused, by name', async () => {
  const subject = `${freshPrefix()}probe-value`
  await registry.register(subject, record(a))
  const wrong = registry.register(subject, record(a, { name: 'b', type: 'int' }))
  await expect(wrong).rejects.toMatchObject({
    code: 'SCHEMA_INCOMPATIBLE',
    verdict: 'stop',
    details: { subject },
  })
  const right = await registry.register(subject, record(a, { name: 'b', type: 'int', default: 0 }))
  expect(right).toBeGreaterThan(0)
})

test('an id that nobody has given is unknown', async () => {
  await expect(registry.schemaOf(2_000_000_000)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
})

test('a look-up at a registry that is away says so, without the password', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const failure = registryAt(`http://user:secret@127.0.0.1:${port}`).schemaOf(1)
  await expect(failure).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE', verdict: 'retry' })
  await expect(failure).rejects.not.toThrow('secret')
})
