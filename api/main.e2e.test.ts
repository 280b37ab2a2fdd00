// The API as its process starts it: real configuration, real Postgres, a port of the system's choice.
import { expect, test } from 'vitest'
import { openPostgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { createKey } from '../ops/api-keys.ts'
import { type ApiConfig, runApi } from './main.ts'
import { fillRegistry, fillTelemetry } from './testing/fleet.ts'

const configFor = (url: string): ApiConfig => ({
  DATABASE_URL: url,
  API_HOST: '127.0.0.1',
  API_PORT: 0,
  API_AUTH: 'open' as const,
  OIDC_ISSUER: '',
  OIDC_AUDIENCE: 'coldstream',
  REPORT_KEY_FILE: '',
  ADMIN_KEY: '',
  LOG_LEVEL: 'error',
})

test('it listens, answers over HTTP, and leaves no session behind when it is closed', async () => {
  const api = await runApi(configFor(await freshDatabase()))
  const at = (path: string) => fetch(`http://127.0.0.1:${api.port}${path}`)
  expect(await (await at('/health/ready')).json()).toEqual({ status: 'ready' })
  const question = encodeURIComponent('{ organizations { name } }')
  expect(await (await at(`/graphql?query=${question}`)).json()).toMatchObject({ data: { organizations: [] } })
  expect(await (await at('/')).text()).toContain('<title>Coldstream</title>')
  await api.close()
  await expect(at('/health')).rejects.toThrow()
})

test('with kept statements, whose plans are made once, it answers the same as without, again and again', async () => {
  const url = await freshDatabase()
  const postgres = openPostgres(url, { connectionsMax: 1 })
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  const key = await createKey(postgres, { organization: 'acme', name: 'a test', role: 'viewer', days: null })
  await postgres.end()
  const query = `{ sites { nodes { name } } units { nodes { name site { name } status { status } door { open } rule { temperatureMax }
    latest { recordedAt } devices { nodes { name latest { recordedAt } } } excursions(last: 2) { nodes { id } }
    alerts(open: true) { nodes { id } } rollups(granularity: DAY, last: 2) { nodes { start mkt } } } } }`
  const answers = []
  for (const kept of ['false', 'true'] as const) {
    const api = await runApi({ ...configFor(url), API_AUTH: 'required', DATABASE_PREPARED_STATEMENTS: kept })
    for (let round = 0; round < 7; round++) {
      const response = await fetch(`http://127.0.0.1:${api.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query }),
      })
      answers.push(await response.text())
    }
    await api.close()
  }
  expect(answers[0]).toContain('Dairy wall')
  expect(new Set(answers)).toEqual(new Set([answers[0]]))
})

test('a database without the tables is alive, and says that it is not ready and why', async () => {
  const api = await runApi(configFor(await freshDatabase({ migrate: null })))
  const ready = await fetch(`http://127.0.0.1:${api.port}/health/ready`)
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'not ready', problem: 'The tables are missing: run `coldstream migrate`.' },
  ])
  await api.close()
})

test('a port that is taken is named, with the setting that changes it', async () => {
  const url = await freshDatabase()
  const api = await runApi(configFor(url))
  await expect(runApi({ ...configFor(url), API_PORT: api.port })).rejects.toThrow(
    `Port ${api.port} is taken: end what listens there, or set API_PORT to another port (0: any).`,
  )
  await api.close()
})
