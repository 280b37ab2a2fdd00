import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { poolKeys, poolOf } from './pool-settings.ts'

test('without a word the pool is the one of the reference', () => {
  expect(poolOf(readConfig(poolKeys, {}))).toEqual({
    connectionsMax: 20,
    idleTimeoutMs: 30_000,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
    namesStatements: false,
  })
  expect(poolOf(readConfig(poolKeys, { DATABASE_PREPARED_STATEMENTS: 'true' })).namesStatements).toBe(true)
})
