// Two years in small: which partitions the API's questions open is decided by the plan, not by how many rows there are.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { randomFrom } from './random.ts'
import { fillYears, planYears, tableOf } from './years-data.ts'
import { openedBy, plainQuery, questionsOf } from './years-questions.ts'

const years = planYears({
  units: 60,
  rows: 150_000,
  months: 24,
  untilMs: Date.UTC(2026, 2, 1),
  rollupUnits: 60,
})
const questions = questionsOf(years)

let db: Postgres
beforeAll(async () => {
  db = openPostgres(await freshDatabase())
  await fillYears(db, years, () => {})
  // As the housekeeper has them: empty months ahead.
  for (const month of [2, 3, 4])
    await db.query(
      `create table ${tableOf(Date.UTC(2026, month, 1))} partition of sensor_readings
       for values from ('${new Date(Date.UTC(2026, month, 1)).toISOString()}')
       to ('${new Date(Date.UTC(2026, month + 1, 1)).toISOString()}')`,
    )
}, 60_000)
afterAll(() => db.end())

test.each(questions)(
  '$name: only its months are opened, and none is read from end to end',
  async (question) => {
    const draw = randomFrom(7)
    for (let i = 0; i < 5; i += 1) {
      const { partitions, seqScans } = await openedBy(db, question, draw)
      const filled = partitions.filter((name) => years.monthStartsMs.map(tableOf).includes(name))
      expect(filled.length, partitions.join(', ')).toBeLessThanOrEqual(question.partitionsMax)
      expect(filled.length > 0).toBe(question.partitionsMax > 0)
      expect(seqScans.filter((name) => filled.includes(name) || name === 'rollups')).toEqual([])
    }
  },
)

test.each(questions)('$name: there is an answer', async (question) => {
  expect((await question.ask(plainQuery(db), randomFrom(3))).length).toBeGreaterThan(0)
})

test('as the role of the API the same months are opened', async () => {
  const settings = {
    role: 'coldstream_api',
    'coldstream.organization': '00000000-0000-4000-9000-000000000000',
  }
  const walled = {
    ...db,
    query: ((text, values) => db.query(text, values, { settings })) as Postgres['query'],
  }
  for (const question of questions) {
    const { partitions } = await openedBy(walled, question, randomFrom(7))
    expect(partitions, question.name).toEqual((await openedBy(db, question, randomFrom(7))).partitions)
  }
})

test('how many readings there are is told by statistics, and nearly right', async () => {
  const { rows } = await db.query<{ estimated_rows: number; parts: number }>(
    "select estimated_rows, parts from table_estimates where table_name = 'sensor_readings'",
  )
  const { rows: counted } = await db.query<{ n: number }>('select count(*) as n from sensor_readings')
  expect(rows[0]!.parts).toBe(28)
  expect(Math.abs(rows[0]!.estimated_rows / counted[0]!.n - 1)).toBeLessThan(0.05)
})
