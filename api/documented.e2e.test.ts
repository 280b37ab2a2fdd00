// docs/api.md is true: its example runs as it stands, and its table names every code with its advice.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { createKey } from '../ops/api-keys.ts'
import { adviceOf, refusalCodes } from './errors.ts'
import { closeCodes } from './live/protocol.ts'
import { runApi } from './main.ts'
import { fillRegistry, fillTelemetry } from './testing/fleet.ts'

const page = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8')
const section = (name: string) => page.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? ''

test('the example prints the days of each unit, and says why it may not', async () => {
  const databaseUrl = await freshDatabase()
  const postgres = openPostgres(databaseUrl, { connectionsMax: 1 })
  onTestFinished(() => postgres.end())
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  const api = await runApi({
    ...{ DATABASE_URL: databaseUrl, API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'required' },
    ...{
      OIDC_ISSUER: '',
      OIDC_AUDIENCE: 'coldstream',
      ADMIN_KEY: '',
      REPORT_KEY_FILE: '',
      LOG_LEVEL: 'error',
    },
  })
  onTestFinished(() => api.close())
  const script = /```python\n([\s\S]*?)```/.exec(section('example'))?.[1] ?? ''
  const python = (key: string) =>
    promisify(execFile)('python3', ['-c', script], {
      env: { ...process.env, COLDSTREAM_URL: `http://127.0.0.1:${api.port}`, COLDSTREAM_KEY: key },
    })
  const key = await createKey(postgres, { organization: 'acme', name: 'an analyst', role: 'viewer', days: 1 })
  const lines = (await python(key)).stdout.trim().split('\n')
  expect(lines).toEqual([
    expect.stringMatching(/^Berlin\tDairy wall\t2026-02-01T23:00:00.000Z\t3.5\t4.5\t0\.0$/),
  ])
  await expect(python('cs_wrong')).rejects.toThrow(/NOT_AUTHENTICATED: .*api-keys create/)
})

test('every code is there with its advice, and every code by which a socket is closed', () => {
  const rows = section('codes').trim().split('\n').slice(2)
  expect(rows).toEqual(refusalCodes.map((code) => `| \`${code}\` | ${adviceOf(code)} |`))
  for (const code of Object.values(closeCodes)) expect(page).toContain(String(code))
})
