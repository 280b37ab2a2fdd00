// What stands between the world and the database, over HTTP as the API's process answers: rates, origins, headers, scopes,
// persisted operations, batches, and statements that end with their asker.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { createKey, listKeys, rotateKey } from '../../ops/api-keys.ts'
import { type ApiConfig, runApi } from '../main.ts'
import { dashboardOperations, hashOf } from '../persisted.ts'
import { fillRegistry } from '../testing/fleet.ts'
import { connectLive, greetedLive } from '../testing/live-client.ts'
import { idOf } from '../testing/rows.ts'
import type { Permission } from './roles.ts'

let postgres: Postgres
let databaseUrl: string
let key: string

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  postgres = openPostgres(databaseUrl, { connectionsMax: 4 })
  await postgres.transaction(fillRegistry)
  key = await keyOf()
})
afterAll(() => postgres?.end())

const keyOf = (...scopes: Permission[]) =>
  createKey(postgres, { organization: 'acme', name: 'a test', role: 'staff', days: 30, scopes })

async function start(settings: Partial<ApiConfig> = {}): Promise<string> {
  const api = await runApi({
    ...{ DATABASE_URL: databaseUrl, API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'required' },
    ...{
      OIDC_ISSUER: '',
      OIDC_AUDIENCE: 'coldstream',
      ADMIN_KEY: '',
      REPORT_KEY_FILE: '',
      LOG_LEVEL: 'error',
    },
    ...settings,
  })
  onTestFinished(() => api.close())
  return `http://127.0.0.1:${api.port}`
}

type Sent = { token?: string | null; headers?: Record<string, string>; signal?: AbortSignal }

async function post(url: string, body: unknown, { token = key, headers = {}, signal }: Sent = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as what it asked for
  const answer = (await response.json()) as any
  const code = (Array.isArray(answer) ? answer[0] : answer).errors?.[0]?.extensions?.code
  return { status: response.status, headers: response.headers, answer, code }
}

describe('a question', () => {
  test('is answered with what it cost, of how much; in a batch the costs are counted together', async () => {
    const url = await start()
    const { answer } = await post(url, { query: '{ organizations { sites { nodes { id } } } }' })
    expect(answer.extensions.cost).toEqual({
      ...{
        cost: 5 * (1 + 100 * (1 + 1)),
        costMax: 1_000_000,
        depth: 4,
        depthMax: 12,
        aliases: 0,
        aliasesMax: 100,
      },
    })
    const one = {
      query: 'query ($n: Int) { units(first: $n) { nodes { readings(first: 600) { nodes { id } } } } }',
    }
    const costly = { ...one, variables: { n: 700 } }
    expect((await post(url, costly)).answer.errors).toBeUndefined()
    const batch = (await post(url, [costly, costly, { query: '{ now }' }])).answer
    expect(batch.map(({ errors }: { errors?: { extensions: object }[] }) => errors?.[0]?.extensions)).toEqual(
      [undefined, expect.objectContaining({ code: 'TOO_COMPLEX' }), undefined],
    )
    const eleven = Array.from({ length: 11 }, () => ({ query: '{ now }' }))
    expect((await post(url, eleven)).code).toBe('BATCH_TOO_LARGE')
  })

  test('does not get round the limits by fragments, negative pages or many names for one field', async () => {
    const url = await start()
    const bomb = Array.from(
      { length: 30 },
      (_, index) => `fragment f${index} on Unit { ...f${index + 1} ...f${index + 1} }`,
    )
    const doubled = `{ units(first: 1) { nodes { ...f0 } } } ${bomb.join(' ')} fragment f30 on Unit { devices { nodes { id } } }`
    expect((await post(url, { query: doubled })).code).toBe('TOO_COMPLEX')
    const negative =
      '{ units(first: -1000) { nodes { id } } more: units(first: 1000) { nodes { readings(first: 1000) { nodes { id } } } } }'
    expect((await post(url, { query: negative })).code).toBe('TOO_COMPLEX')
    const aliases = Array.from({ length: 101 }, (_, index) => `a${index}: now`).join(' ')
    expect((await post(url, { query: `{ ${aliases} }` })).code).toBe('TOO_MANY_ALIASES')
    expect((await post(url, { query: `{ ${'now '.repeat(6_000)} }` })).code).toBe('INVALID_QUERY')
    expect((await post(url, { query: `{ now } #${'x'.repeat(131_072)}` })).status).toBeGreaterThanOrEqual(400)
    expect((await post(url, { query: 'subscription { alerts { id } }' })).code).toBe('NOT_OVER_HTTP')
  })

  test('for the schema itself is answered only to those who are known', async () => {
    const url = await start()
    const introspection = { query: '{ __schema { types { name } } }' }
    expect((await post(url, introspection, { token: null })).code).toBe('NOT_AUTHENTICATED')
    expect((await post(url, { query: '{ nothing }' }, { token: null })).code).toBe('NOT_AUTHENTICATED')
    expect((await post(url, introspection)).answer.data.__schema.types.length).toBeGreaterThan(60)
  })
})

describe('persisted operations', () => {
  const persisted = (id: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: id } } })
  const text = '{ organizations { slug } }'
  const file = () => {
    const dir = mkdtempSync(join(tmpdir(), 'operations-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    writeFileSync(
      join(dir, 'operations.json'),
      JSON.stringify({ Slugs: text, News: 'subscription { alerts { id } }' }),
    )
    return join(dir, 'operations.json')
  }

  test('are asked by their id or hash, by POST, GET and WebSocket; others may be added by their hash', async () => {
    const url = await start({ API_OPERATIONS_FILE: file() })
    const data = { organizations: [{ slug: 'acme' }] }
    expect((await post(url, persisted('Slugs'))).answer.data).toEqual(data)
    expect((await post(url, persisted(hashOf(text)))).answer.data).toEqual(data)
    const query = new URLSearchParams({ extensions: JSON.stringify(persisted('Slugs').extensions) })
    const got = await fetch(`${url}/graphql?${query}`, { headers: { authorization: `Bearer ${key}` } })
    expect(await got.json()).toMatchObject({ data })
    const client = await greetedLive(url, `Bearer ${key}`)
    client.send({ id: '1', type: 'subscribe', payload: persisted('Slugs') })
    expect((await client.next()).payload.data).toEqual(data)
    client.close()

    const other = '{ organizations { name } }'
    const unknown = await post(url, persisted(hashOf(other)))
    expect([unknown.code, unknown.answer.errors[0].message]).toEqual([
      'PERSISTED_QUERY_NOT_FOUND',
      'PersistedQueryNotFound',
    ])
    expect((await post(url, { query: other, ...persisted(hashOf(text).replace(/^./, 'g')) })).code).toBe(
      'BAD_INPUT',
    )
    await post(url, { query: other, ...persisted(hashOf(other)) })
    expect((await post(url, persisted(hashOf(other)))).answer.data.organizations).toHaveLength(1)
  })

  test('are all that is answered in only-persisted mode, beside what the dashboard asks', async () => {
    const url = await start({ API_OPERATIONS_FILE: file(), API_ONLY_PERSISTED: 'true' })
    expect((await post(url, { query: text })).answer.data.organizations).toHaveLength(1)
    expect((await post(url, persisted('Slugs'))).answer.errors).toBeUndefined()
    expect((await post(url, { query: '{ organizations { id } }' })).code).toBe('ONLY_PERSISTED')
    expect((await post(url, { query: '{ __schema { types { name } } }' })).code).toBe('ONLY_PERSISTED')
    const client = await greetedLive(url, `Bearer ${key}`)
    client.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { alerts { unitId } }' } })
    expect((await client.next()).payload[0].extensions.code).toBe('ONLY_PERSISTED')
    client.send({ id: '1', type: 'subscribe', payload: persisted('News') })
    expect((await client.next()).payload[0].extensions.code).toBe('NOT_LIVE')
    client.close()
    const ofDashboard = Object.values(await dashboardOperations())
    expect(ofDashboard.length).toBeGreaterThan(1)
    for (const query of ofDashboard) expect((await post(url, { query })).code).not.toBe('ONLY_PERSISTED')
  })
})

describe('the outside', () => {
  test('asks so often, and wrong keys so often from one address', async () => {
    const url = await start({ API_RATE_MAX: 5 })
    const codes: unknown[] = []
    for (let count = 0; count < 7; count++) codes.push((await post(url, { query: '{ now }' })).code)
    expect(codes).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      'RATE_LIMITED',
      'RATE_LIMITED',
    ])
    const refused = await post(url, { query: '{ now }' })
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
    // Somebody else, and whoever only looks whether it is there, is answered; over a socket it is the same count.
    expect((await post(url, { query: '{ now }' }, { token: await keyOf() })).status).toBe(200)
    for (let count = 0; count < 9; count++) expect((await fetch(`${url}/health`)).status).toBe(200)
    const client = await greetedLive(url, `Bearer ${key}`)
    client.send({ id: '1', type: 'subscribe', payload: { query: '{ now }' } })
    expect((await client.next()).payload.errors[0].extensions.code).toBe('RATE_LIMITED')
    client.close()
  })

  test('has 600 wrong keys a minute from one address, then waits without a question to the database', async () => {
    const url = await start()
    const wrong = () => post(url, { query: '{ now }' }, { token: 'cs_wrong' })
    for (let count = 0; count < 600; count += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, wrong))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    }
    const statements = async () =>
      /statement_seconds_count\{outcome="ok"\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]
    const before = await statements()
    const refused = await wrong()
    expect([refused.status, refused.code, refused.headers.get('retry-after')]).toEqual([
      429,
      'RATE_LIMITED',
      '60',
    ])
    expect(await statements()).toBe(before)
  })

  test('is told by headers what a browser may do with the answers', async () => {
    const url = await start({ API_CORS_ORIGINS: 'https://wall.example' })
    for (const path of ['/', '/health', '/graphql', '/api/docs', '/graphiql', '/dashboard/app.js']) {
      const { headers } = await fetch(url + path)
      expect(headers.get('strict-transport-security'), path).toMatch(/^max-age=31536000/)
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('content-security-policy'), path).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      )
    }
    const preflight = (origin: string) =>
      fetch(`${url}/graphql`, {
        method: 'OPTIONS',
        headers: {
          ...{ origin, 'access-control-request-method': 'POST' },
          'access-control-request-headers': 'authorization,content-type',
        },
      })
    const allowed = await preflight('https://wall.example')
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://wall.example',
    ])
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    expect(
      (await post(url, { query: '{ now }' }, { headers: { origin: 'https://wall.example' } })).headers.get(
        'access-control-allow-origin',
      ),
    ).toBe('https://wall.example')
    const quiet = await start()
    expect(
      (await fetch(`${quiet}/graphql`, { method: 'OPTIONS' })).headers.get('access-control-allow-origin'),
    ).toBeNull()
  })

  test('may send people to the issuer, and the dashboard to where it gives tokens', async () => {
    const issuer = createHttpServer((_request, response) => {
      const at = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          issuer: at,
          authorization_endpoint: `${at}/authorize`,
          token_endpoint: 'https://tokens.example/token',
        }),
      )
    })
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void issuer.close())
    const at = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
    const url = await start({ OIDC_ISSUER: at, OIDC_CLIENT_ID: 'wall', OIDC_SCOPE: 'openid coldstream' })
    expect(await (await fetch(`${url}/api/sign-in`)).json()).toEqual({
      oidc: {
        ...{
          issuer: at,
          clientId: 'wall',
          scope: 'openid coldstream',
          authorizationEndpoint: `${at}/authorize`,
        },
        tokenEndpoint: 'https://tokens.example/token',
      },
    })
    expect((await fetch(`${url}/sign-in`)).headers.get('content-security-policy')).toContain(
      "connect-src 'self' https://tokens.example",
    )
    expect(await (await fetch(`${await start()}/api/sign-in`)).json()).toEqual({ oidc: null })
  })
})

describe('a key', () => {
  const exportPath = `/api/exports/alerts?organization=${idOf('acme')}&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z`

  test('is narrowed to its scopes', async () => {
    const url = await start()
    const [reads, exports] = [await keyOf('read'), await keyOf('export')]
    const take = async (token: string) => {
      const response = await fetch(url + exportPath, { headers: { authorization: `Bearer ${token}` } })
      await response.text()
      return response.status
    }
    expect((await post(url, { query: '{ now }' }, { token: reads })).status).toBe(200)
    expect(await take(reads)).toBe(403)
    expect(await take(exports)).toBe(200)
    const refused = await post(url, { query: '{ now }' }, { token: exports })
    expect([refused.status, refused.answer.errors[0].message]).toEqual([
      403,
      'This key is not for this: it may not ask and subscribe.',
    ])
    expect((await (await connectLive(url, `Bearer ${exports}`)).closed).code).toBe(4403)
    const enter = `mutation { addManualLog(unitId: "${idOf('Salad bar')}", temperature: 4) { id } }`
    expect((await post(url, { query: enter }, { token: reads })).code).toBe('FORBIDDEN')
  })

  test('is replaced by another for the same, and works on for as long as it takes to put that in place', async () => {
    const url = await start()
    const before = await keyOf('read', 'enter')
    const listed = async (secret: string) =>
      (await listKeys(postgres)).find(({ last_characters }) => secret.endsWith(last_characters))
    const made = await listed(before)
    const after = await rotateKey(postgres, made?.id ?? '', 1)
    for (const token of [before, after])
      expect((await post(url, { query: '{ now }' }, { token })).status).toBe(200)
    const [old, fresh] = [await listed(before), await listed(after)]
    expect(fresh).toMatchObject({ role: 'staff', scopes: ['read', 'enter'], name: 'a test' })
    const hours = (at: Date | null | undefined) => Math.round(((at?.getTime() ?? 0) - Date.now()) / 3_600_000)
    expect([hours(old?.expires_at), hours(fresh?.expires_at)]).toEqual([1, 30 * 24])
    const ended = await rotateKey(postgres, fresh?.id ?? '', 0)
    expect((await post(await start(), { query: '{ now }' }, { token: after })).status).toBe(401)
    expect((await post(url, { query: '{ now }' }, { token: ended })).status).toBe(200)
    await expect(rotateKey(postgres, fresh?.id ?? '', 0)).rejects.toThrow('that is in force')
  })
})

describe('a statement', () => {
  const running = async () =>
    (
      await postgres.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity
         where application_name = 'coldstream-api' and datname = current_database() and state = 'active'
           and wait_event_type = 'Lock'`,
      )
    ).rows[0]?.count

  /** Nobody reads alerts until `work` is done. */
  const whileLocked = <T>(work: () => Promise<T>): Promise<T> =>
    postgres.transaction(async (sql) => {
      await sql.query('lock table alerts in access exclusive mode')
      return work()
    })

  const alerts = `{ unit(id: "${idOf('Salad bar')}") { alerts(first: 1) { nodes { id } } } }`

  test('ends when whoever asked over HTTP has gone: a question, or an export', async () => {
    const url = await start()
    const range = 'from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z'
    const asked = [
      (signal: AbortSignal) => post(url, { query: alerts }, { signal }),
      (signal: AbortSignal) =>
        fetch(`${url}/api/exports/alerts?organization=${idOf('acme')}&${range}`, {
          headers: { authorization: `Bearer ${key}` },
          signal,
        }).then((response) => response.text()),
    ]
    await whileLocked(async () => {
      for (const ask of asked) {
        const gone = new AbortController()
        const answer = ask(gone.signal).catch((error: Error) => error.name)
        await expect.poll(running).toBe(1)
        gone.abort()
        expect(await answer).toBe('AbortError')
        // The lock is still held: nothing but a cancellation ends the statement.
        await expect.poll(running, { timeout: 5_000 }).toBe(0)
      }
    })
    // The connection is as good as before.
    expect((await post(url, { query: alerts })).answer.data.unit.alerts.nodes).toEqual([])
  })

  test('ends when whoever asked over WebSocket says that it is enough', async () => {
    const url = await start()
    const client = await greetedLive(url, `Bearer ${key}`)
    await whileLocked(async () => {
      client.send({ id: '1', type: 'subscribe', payload: { query: alerts } })
      await expect.poll(running).toBe(1)
      client.send({ id: '1', type: 'complete' })
      // Long before its time-out.
      await expect.poll(running, { timeout: 5_000 }).toBe(0)
    })
    client.close()
  })

  test('ends in time by itself, and says what to do', async () => {
    const url = await start({ DATABASE_STATEMENT_TIMEOUT: 200 })
    await whileLocked(async () => {
      // The third time it is compiled, and its errors are of another kind.
      await post(url, { query: alerts })
      await post(url, { query: alerts })
      const { answer, code } = await post(url, { query: alerts })
      expect([code, answer.errors[0].extensions.advice]).toEqual([
        'TIMED_OUT',
        expect.stringContaining('shorter range'),
      ])
    })
  })
})
