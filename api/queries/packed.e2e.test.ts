// What Postgres packs is read as what it was.
import { afterAll, expect, test } from 'vitest'
import { openPostgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { pack } from '../testing/pack.ts'
import { instantsOf, listOf, numbersOf, type Packed, packedInstants, packedNumbers } from './packed.ts'

const db = openPostgres(await freshDatabase({ migrate: null }))
afterAll(() => db.end())

async function packedIn(sql: string, type: string, values: readonly unknown[]): Promise<Packed> {
  const { rows } = await db.query<{ column: Packed }>(
    `select ${sql} as "column" from unnest($1::${type}[]) value`,
    [values],
  )
  return rows[0]?.column ?? null
}

test.each([
  ['double precision', [0, 0.1 + 0.2, 5e-324, -1.7976931348623157e308, Infinity, Number.NaN]],
  ['double precision', [null, 4.5, Number.NaN, null]],
  ['integer', [0, -1, 2_147_483_647, null]],
])('numbers (%s) are what they were', async (type, values) => {
  const column = await packedIn(packedNumbers('value'), type, values)
  expect(listOf(numbersOf(column))).toEqual(values)
  // What tests pack is what Postgres does.
  expect(pack('number', values)).toBe(column?.replaceAll('\n', ''))
})

test('instants are milliseconds, before 2000 and far away, too', async () => {
  const texts = [
    '1969-07-20T20:17:40.123Z',
    '1999-12-31T23:59:59.999Z',
    '2026-02-03T12:00:00.001Z',
    '2285-01-01T00:00:00.007Z',
  ]
  const instants = texts.map((text) => Date.parse(text))
  const column = await packedIn(packedInstants('value'), 'timestamptz', texts)
  expect(listOf(instantsOf(column))).toEqual(instants)
  expect(pack('instant', instants)).toBe(column?.replaceAll('\n', ''))
})

test('of no rows there is nothing', async () => {
  expect(listOf(numbersOf(await packedIn(packedNumbers('value'), 'integer', [])))).toEqual([])
})
