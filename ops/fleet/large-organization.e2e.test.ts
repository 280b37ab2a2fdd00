// An organization's rule changed for all of its units at once: one row of the registry, one record a unit, no statement a
// unit. COLDSTREAM_UNITS=10000 runs it with as many units.
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Sql } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import type { UnitConfig } from '../../schemas/generated/types.ts'
import { applyFleet, planFleet } from './apply.ts'
import type { Fleet } from './declared.ts'

const UNITS = Number(process.env.COLDSTREAM_UNITS ?? 300)
const t0 = Date.parse('2026-05-01T08:00:00Z')
const t1 = Date.parse('2026-06-01T08:00:00Z')

const fleet = (tempMax: number): Fleet => {
  const units = Array.from({ length: UNITS }, (_, i) => ({
    ...{ slug: `unit-${i}`, name: `Unit ${i}`, type: 'fridge' },
    devices: [
      { devEui: (0xabc0_0000_0000 + i).toString(16).toUpperCase().padStart(16, '0'), name: `Probe ${i}` },
    ],
  }))
  const areas = [{ slug: 'hall', name: 'Hall', units }]
  const organization = { slug: 'large', name: 'Large', rule: { tempMax, delayMinutes: 5 } }
  return { organizations: [{ ...organization, sites: [{ slug: 'site', name: 'Site', areas }] }] }
}

test('a rule changed for a large organization is one row and one record a unit, in seconds', {
  timeout: 60_000 + 30 * UNITS,
}, async () => {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  await applyFleet(db, fleet(8), t0)
  const statements: string[] = []
  const counted = (sql: Sql): Sql => ({
    ...sql,
    query: (text, values) => {
      statements.push(text)
      return sql.query(text, values)
    },
  })
  const counting: typeof db = {
    ...db,
    transaction: (work, options) => db.transaction((sql) => work(counted(sql)), options),
  }
  const startMs = performance.now()
  const plan = await planFleet(counting, fleet(7), t1)
  expect(plan.lines).toHaveLength(1)
  const { recordsQueued } = await applyFleet(counting, fleet(7), t1, plan)
  const elapsedMs = Math.round(performance.now() - startMs)
  console.log(`${UNITS} units: planned and applied in ${elapsedMs} ms, ${statements.length} statements`)
  expect(recordsQueued).toBe(UNITS)
  expect(statements.length).toBeLessThan(40)
  const { rows } = await db.query(
    "select value from outbox where topic = 'unit-configs' order by id desc limit 1",
  )
  const { versions } = rows[0]!.value as UnitConfig
  expect(versions.map(({ validFrom, tempMax }) => [validFrom, tempMax])).toEqual([
    [0, 8],
    [t1, 7],
  ])
})
