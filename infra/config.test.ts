import { expect, test } from 'vitest'
import { configKeys, keysOf, readConfig } from './config.ts'

test('every problem is reported together, and no secret is echoed', () => {
  const env = { KAFKA_BROKERS: 'nonsense', DATABASE_URL: 'mysql://root:hunter2@db/x' }
  const attempt = () => readConfig(['KAFKA_BROKERS', 'DATABASE_URL', 'SCHEMA_REGISTRY_URL'], env)
  expect(attempt).toThrow(/KAFKA_BROKERS is not valid: give host:port/)
  expect(attempt).toThrow(/DATABASE_URL is not valid/)
  expect(attempt).toThrow(/SCHEMA_REGISTRY_URL is not set/)
  expect(attempt).not.toThrow(/hunter2/)
})

test('durations carry their unit and arrive in milliseconds', () => {
  expect(readConfig(['GRACE', 'COMMIT_INTERVAL'], { GRACE: '90m' })).toEqual({
    GRACE: 5_400_000,
    COMMIT_INTERVAL: 100,
  })
  expect(() => readConfig(['GRACE'], { GRACE: '90' })).toThrow(/a duration such as 2h/)
})

test('a connection may have two keys while one is being replaced', () => {
  const { BRIDGE_CONNECTIONS } = readConfig(['BRIDGE_CONNECTIONS'], {
    BRIDGE_CONNECTIONS: 'north=0123456789abcdef+fedcba9876543210,south=aaaaaaaaaaaaaaaa',
  })
  expect(BRIDGE_CONNECTIONS.get('north')).toEqual(['0123456789abcdef', 'fedcba9876543210'])
  expect(BRIDGE_CONNECTIONS.get('south')).toEqual(['aaaaaaaaaaaaaaaa'])
  expect(() => readConfig(['BRIDGE_CONNECTIONS'], { BRIDGE_CONNECTIONS: 'north=short' })).toThrow(
    /16 characters/,
  )
})

test('every fallback is a valid value of its own key', () => {
  for (const [name, { fallback, parse }] of Object.entries(configKeys))
    if (fallback !== undefined) expect(parse(fallback), name).toBeDefined()
})

test('a process is told only of the keys that it reads', () => {
  expect(keysOf('api')).toContain('API_PORT')
  expect(keysOf('api')).not.toContain('GRACE')
})
