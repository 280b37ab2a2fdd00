// The example for analysts in Python, run as it stands: against a filled API that asks who one is, and one that is closed.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiSettings, runApi } from '../api/main.ts'
import { fillRegistry, fillTelemetry } from '../api/testing/fleet.ts'
import { idOf, insert, rollup } from '../api/testing/rows.ts'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { createKey } from './api-keys.ts'

const script = join(import.meta.dirname, '../docs/examples/site_report.py')
let postgres: Postgres
let api: Awaited<ReturnType<typeof runApi>>
let key: string

beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  postgres = openPostgres(databaseUrl)
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  const day = (date: string, celsius: number, secondsAbove: number) => {
    const start = new Date(`${date}T23:00:00Z`)
    const figures = { reading_count: 10, min_c: celsius - 1, max_c: celsius + 1, known_seconds: 43_200 }
    const mkt = { mkt_numerator: 43_200 * Math.exp(-10_000 / (celsius + 273.15)), mkt_denominator: 43_200 }
    return rollup('Dairy wall', 'day', start, new Date(start.getTime() + 86_400_000), {
      ...figures,
      ...mkt,
      seconds_above: secondsAbove,
    })
  }
  await postgres.transaction((sql) =>
    insert(sql, 'rollups', [day('2026-01-30', 5, 600), day('2026-01-29', 4, 0)]),
  )
  key = await createKey(postgres, { organization: 'acme', name: 'analyst', role: 'viewer', days: null })
  api = await runApi(
    readConfig(apiSettings, {
      DATABASE_URL: databaseUrl,
      API_PORT: '0',
      API_AUTH: 'required',
      LOG_LEVEL: 'error',
    }),
  )
})
afterAll(async () => {
  await api?.close()
  await postgres?.end()
})

const run = (site: string, more: Record<string, string>, from = '2026-01-29T00:00:00Z') =>
  promisify(execFile)('python3', [script, site, from, '2026-02-03T12:00:00Z'], {
    env: {
      PATH: process.env.PATH,
      COLDSTREAM_URL: `http://127.0.0.1:${api.port}`,
      PYTHONIOENCODING: 'utf-8',
      ...more,
    },
  })

test('it prints the days, the worst units, and how their readings are spread', async () => {
  const { stdout } = await run(idOf('Berlin'), { COLDSTREAM_KEY: key })
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toBe('Berlin (Europe/Berlin), 5 days')
  expect(lines[1]).toBe('  2026-01-29     3.0 to   5.0 °C, MKT   4.0 °C, known  50.0 %, out of range 0 min')
  expect(lines[2]).toBe('  2026-01-30     4.0 to   6.0 °C, MKT   5.0 °C, known  50.0 %, out of range 10 min')
  expect(lines[3]).toBe('  2026-01-31  nothing was measured')
  expect(lines).toContain('1. Dairy wall: 10 min out of range')
  expect(lines.at(-1)).toMatch(
    /^Dairy wall: \d{3} readings, half of them between 3\.\d and 4\.\d °C, median [34]\.\d °C$/,
  )
})

test('it says what the API says where something is wrong', async () => {
  await expect(run(idOf('nowhere'), { COLDSTREAM_KEY: key })).rejects.toThrow('There is no site')
  await expect(run(idOf('Berlin'), { COLDSTREAM_KEY: key }, 'yesterday')).rejects.toThrow(
    'ISO 8601 with an offset',
  )
  await expect(run(idOf('Berlin'), {})).rejects.toThrow('401')
})
