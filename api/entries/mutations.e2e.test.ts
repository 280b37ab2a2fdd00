// Who may enter what: each role, under the organization's wall, with its row in the audit log.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres, sqlState } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { createKey } from '../../ops/api-keys.ts'
import type { Role } from '../access/access.ts'
import { type ApiConfig, runApi } from '../main.ts'
import { fillRegistry, fillTelemetry } from '../testing/fleet.ts'
import { idOf, minutesAgo } from '../testing/rows.ts'

let postgres: Postgres
let config: ApiConfig
let url: string
let close: () => Promise<void>
const alertId = idOf('alert', 'Dairy wall', minutesAgo(20).toISOString())
const at = minutesAgo(5).toISOString()

beforeAll(async () => {
  config = {
    ...{ DATABASE_URL: await freshDatabase(), API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'required' },
    ...{
      OIDC_ISSUER: '',
      OIDC_AUDIENCE: 'coldstream',
      ADMIN_KEY: '',
      REPORT_KEY_FILE: '',
      LOG_LEVEL: 'error',
    },
  }
  postgres = openPostgres(config.DATABASE_URL, { connectionsMax: 2 })
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  const api = await runApi(config)
  close = api.close
  url = `http://127.0.0.1:${api.port}`
})
afterAll(async () => {
  await close?.()
  await postgres?.end()
})

const keyOf = (role: Role, name = `${role}'s key`) =>
  createKey(postgres, { organization: 'acme', name, role, days: null })

async function enter(key: string | null, mutation: string, to = url) {
  const response = await fetch(`${to}/graphql`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'user-agent': 'a test' },
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query: `mutation { ${mutation} }` }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as what it asked for
  const { data, errors } = (await response.json()) as any
  return { data, code: errors?.[0]?.extensions.code, message: errors?.[0]?.message }
}

const log = `addManualLog(unitId: "${idOf('Dairy wall')}", temperature: 41, temperatureUnit: F, note: " by hand ", at: "${at}")`
const seen = `acknowledgeAlert(alertId: "${alertId}", note: "on my way", at: "${at}")`
const action = (resolved: boolean) =>
  `addCorrectiveAction(alertId: "${alertId}", description: "Door was open", actionTaken: "Closed it",
     evidenceUrl: "https://example.org/1.jpg", resolvedAlert: ${resolved}, at: "${at}")`

test.each<[Role, string[]]>([
  ['viewer', ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']],
  ['staff', ['', '', '', 'FORBIDDEN']],
  ['manager', ['', '', '', '']],
  ['admin', ['', '', '', '']],
  ['owner', ['', '', '', '']],
])('a key of the role %s may enter what its role may', async (role, expected) => {
  const key = await keyOf(role)
  const codes: string[] = []
  for (const mutation of [log, seen, action(false), action(true)])
    codes.push((await enter(key, `${mutation} { id }`)).code ?? '')
  expect(codes).toEqual(expected)
})

test('an entry is a row, a record for the pipeline and a row of the audit log, once however often it is sent', async () => {
  const key = await keyOf('manager', 'Kim')
  const first = await enter(
    key,
    `log: ${log} { id unitId at by isNew } seen: ${seen} { id isNew } done: ${action(true)} { id isNew }`,
  )
  expect(first.data.log).toEqual({
    id: expect.any(String),
    unitId: idOf('Dairy wall'),
    at,
    by: 'Kim',
    isNew: true,
  })
  const again = await enter(key, `${log} { id isNew }`)
  expect(again.data.addManualLog).toEqual({ id: first.data.log.id, isNew: false })
  const one = async (query: string, id: string) => (await postgres.query(query, [id])).rows
  expect(
    await one('select temperature_c, note, recorded_by from manual_logs where id = $1', first.data.log.id),
  ).toEqual([{ temperature_c: 5, note: 'by hand', recorded_by: 'Kim' }])
  expect(await one(`select topic from outbox where value ->> 'id' = $1`, first.data.log.id)).toEqual([
    { topic: 'unit-entries' },
  ])
  expect(
    await one(
      `select value ->> 'alertId' as alert from outbox where value ->> 'id' = $1`,
      first.data.seen.id,
    ),
  ).toEqual([{ alert: alertId }])
  expect(
    await one(
      'select action_taken, resolved_alert from corrective_actions where id = $1',
      first.data.done.id,
    ),
  ).toEqual([{ action_taken: 'Closed it', resolved_alert: true }])
  const audited = await one(
    `select l.event_type, a.name, host(l.ip_address) as ip, l.user_agent, l.unit_id from audit_log l
     join actors a on a.id = l.actor_id where l.details ->> 'id' = $1`,
    first.data.log.id,
  )
  expect(audited).toEqual([
    {
      event_type: 'manual-log.added',
      name: 'Kim',
      ip: '127.0.0.1',
      user_agent: 'a test',
      unit_id: idOf('Dairy wall'),
    },
  ])
  expect((await postgres.query('select * from audit_breaks')).rows).toEqual([])
})

test('what cannot be is refused, with what to do', async () => {
  const key = await keyOf('staff')
  const refusal = async (mutation: string) => {
    const { code, message } = await enter(key, `${mutation} { id }`)
    return `${code}: ${message}`
  }
  const unit = `unitId: "${idOf('Dairy wall')}"`
  expect(await refusal(`addManualLog(${unit}, temperature: -300)`)).toMatch(
    /^BAD_INPUT: -300 °C is no temperature/,
  )
  expect(await refusal(`addManualLog(${unit}, at: "2999-01-01T00:00:00Z")`)).toMatch(
    /^BAD_INPUT: .* is yet to come/,
  )
  expect(await refusal(`addManualLog(unitId: "${idOf('nothing')}")`)).toMatch(/^NOT_FOUND: There is no unit/)
  expect(await refusal(`acknowledgeAlert(alertId: "${alertId}", at: "2020-01-01T00:00:00Z")`)).toMatch(
    /^BAD_INPUT: The alert opened at/,
  )
  expect(await refusal(`addCorrectiveAction(alertId: "${alertId}", description: " ")`)).toMatch(
    /^BAD_INPUT: .* is empty/,
  )
  expect(
    await refusal(
      `addCorrectiveAction(alertId: "${alertId}", description: "x", evidenceUrl: "javascript:alert(1)")`,
    ),
  ).toMatch(/^BAD_INPUT: .*https/)
})

test('nothing is entered by GET; and where the API is open, the system is who entered', async () => {
  const key = await keyOf('staff')
  const query = encodeURIComponent(`mutation { ${log} { id } }`)
  const got = await fetch(`${url}/graphql?query=${query}`, { headers: { authorization: `Bearer ${key}` } })
  expect(await got.json()).toMatchObject({ data: null, errors: [{ extensions: { code: 'INVALID_QUERY' } }] })
  const open = await runApi({ ...config, API_AUTH: 'open' })
  onTestFinished(() => open.close())
  const { data } = await enter(null, `${seen} { by isNew }`, `http://127.0.0.1:${open.port}`)
  expect(data.acknowledgeAlert).toEqual({ by: null, isNew: true })
})

test('the wall lets nothing into the outbox but entries of the organization', async () => {
  const settings = { role: 'coldstream_api', 'coldstream.organization': idOf('acme') }
  const put = (topic: string, organizationId: string) =>
    postgres
      .query(
        `insert into outbox (topic, key, value) values ($1, 'k', $2)`,
        [topic, JSON.stringify({ organizationId })],
        { settings },
      )
      .then(
        () => 'taken',
        (error: unknown) => sqlState(error),
      )
  expect(await put('unit-entries', idOf('acme'))).toBe('taken')
  expect(await put('unit-entries', idOf('zeta'))).toBe('42501')
  expect(await put('devices', idOf('acme'))).toBe('42501')
})
