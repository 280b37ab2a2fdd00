// Who may see what, over a real Postgres with its row-level security, and an issuer of tokens of our own.
import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { launchChromium } from '../../infra/testing/chromium.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { createKey, listKeys, revokeKey } from '../../ops/api-keys.ts'
import { runApi } from '../main.ts'
import type { Answer } from '../testing/filled-api.ts'
import { fillRegistry, fillTelemetry } from '../testing/fleet.ts'
import { greetedLive } from '../testing/live-client.ts'
import { idOf, minutesAgo, NOW } from '../testing/rows.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
/** The keys that the issuer shows; the last one signs. */
const pairs: Pair[] = []
let issuer: Server
let issuerUrl: string
let postgres: Postgres
let api: Awaited<ReturnType<typeof runApi>>
let url: string

beforeAll(async () => {
  pairs.push(await generateKeyPair('ES256'))
  issuer = createHttpServer(async (request, response) => {
    const keys = await Promise.all(
      pairs.map(async ({ publicKey }, index) => ({
        ...(await exportJWK(publicKey)),
        kid: String(index),
        alg: 'ES256',
      })),
    )
    const answer = request.url === '/keys' ? { keys } : { issuer: issuerUrl, jwks_uri: `${issuerUrl}/keys` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`

  const databaseUrl = await freshDatabase()
  postgres = openPostgres(databaseUrl)
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  await addPerson('anna', { acme: 'manager' })
  await addPerson('nobody-yet', {})
  await addPerson('root', {}, true)
  api = await runApi({
    DATABASE_URL: databaseUrl,
    API_HOST: '127.0.0.1',
    API_PORT: 0,
    API_AUTH: 'required',
    OIDC_ISSUER: issuerUrl,
    OIDC_AUDIENCE: 'coldstream',
    ADMIN_KEY: '',
    REPORT_KEY_FILE: '',
    LOG_LEVEL: 'error',
  })
  url = `http://127.0.0.1:${api.port}`
})
afterAll(async () => {
  await api?.close()
  await postgres?.end()
  issuer?.close()
})

async function addPerson(subject: string, roles: Record<string, string>, isAdmin = false): Promise<void> {
  await postgres.transaction(async (sql) => {
    await sql.query(`insert into actors (id, kind, name) values ($1, 'person', $2)`, [idOf(subject), subject])
    await sql.query(
      'insert into people (id, issuer, subject, email, is_platform_admin) values ($1, $2, $3, $4, $5)',
      [idOf(subject), issuerUrl, subject, `${subject}@example.org`, isAdmin],
    )
    for (const [organization, role] of Object.entries(roles))
      await sql.query('insert into memberships (organization_id, person_id, role) values ($1, $2, $3)', [
        idOf(organization),
        idOf(subject),
        role,
      ])
  })
}

type Claims = { audience?: string; expires?: string; issuedBy?: string; key?: number }

function tokenOf(subject: string, claims: Claims = {}): Promise<string> {
  const index = claims.key ?? pairs.length - 1
  const pair = pairs[index] as Pair
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: String(index) })
    .setSubject(subject)
    .setIssuer(claims.issuedBy ?? issuerUrl)
    .setAudience(claims.audience ?? 'coldstream')
    .setExpirationTime(claims.expires ?? '5m')
    .sign(pair.privateKey)
}

const keyOf = (organization: string, days: number | null = null) =>
  createKey(postgres, { organization, name: 'a test', role: 'viewer', days })

const request = (path: string, token: string | null, body?: object) =>
  fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

async function ask(token: string | null, query: string) {
  const response = await request('/graphql', token, { query })
  return { status: response.status, ...((await response.json()) as Answer) }
}
const organizationsSeen = async (token: string) =>
  (await ask(token, '{ organizations { slug } }')).data.organizations.map(
    ({ slug }: { slug: string }) => slug,
  )

const range = `from=${minutesAgo(10_000).toISOString()}&to=${NOW.toISOString()}`
const exportsOf = (name: string) =>
  ['readings', 'rollups', 'excursions', 'door-openings', 'silences', 'alerts'].map(
    (kind) => `/api/exports/${kind}?unit=${idOf(name)}&${range}`,
  )
const reportOf = (name: string) => `/api/reports/units/${idOf(name)}?firstDay=2026-02-01&lastDay=2026-02-02`

describe('nobody', () => {
  test('is told how to come in, over GraphQL and over REST alike', async () => {
    const answer = await ask(null, '{ organizations { slug } }')
    expect(answer).toMatchObject({
      status: 401,
      data: null,
      errors: [
        { extensions: { code: 'NOT_AUTHENTICATED', advice: expect.stringContaining('api-keys create') } },
      ],
    })
    for (const path of [...exportsOf('Dairy wall'), reportOf('Dairy wall')]) {
      const response = await request(path, null)
      expect(response.status, path).toBe(401)
      expect(await response.json(), path).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    }
  })

  test('sees the pages and the probes, which show no row', async () => {
    for (const path of ['/', '/health', '/health/ready', '/metrics', '/api/docs/'])
      expect((await request(path, null)).status, path).toBe(200)
  })

  test.each([
    ['a key that was never made', async () => `cs_${'x'.repeat(43)}`],
    ['no key at all', async () => 'hello'],
    ['a token for another audience', () => tokenOf('anna', { audience: 'elsewhere' })],
    ['a token that has expired', () => tokenOf('anna', { expires: '-2m' })],
    ['a token of another issuer', () => tokenOf('anna', { issuedBy: 'https://evil.example' })],
    ['a token of somebody who is not known here', () => tokenOf('mallory')],
    ['a token that nobody signed', async () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"anna"}')}.`],
  ])('is not let in by %s', async (_what, token) => {
    expect((await ask(await token(), '{ organizations { slug } }')).status).toBe(401)
  })
})

describe('a member', () => {
  test('sees the organization of the key, or those of the person behind a token', async () => {
    expect(await organizationsSeen(await keyOf('acme'))).toEqual(['acme'])
    expect(await organizationsSeen(await keyOf('zeta'))).toEqual(['zeta'])
    expect(await organizationsSeen(await tokenOf('anna'))).toEqual(['acme'])
    expect(await organizationsSeen(await tokenOf('nobody-yet'))).toEqual([])
    expect(await organizationsSeen(await tokenOf('root'))).toEqual(['acme', 'zeta'])
  })

  test('of another organization finds nothing of this one by any id, in any list, in any export', async () => {
    const token = await keyOf('zeta')
    const { rows } = await postgres.query(
      `select id from organizations where slug = 'acme' union all select id from sites where organization_id = $1
       union all select id from areas union all select id from units union all select id from devices
       union all select id from excursions union all select id from door_openings union all select id from silences
       union all select id from alerts union all select id from unit_status_changes`,
      [idOf('acme')],
    )
    expect(rows.length).toBeGreaterThan(30)
    const nodes = rows.map(({ id }, index) => `n${index}: node(id: "${id}") { id }`)
    const answer = await ask(token, `{ ${nodes.join(' ')} }`)
    expect(new Set(Object.values(answer.data))).toEqual(new Set([null]))
    const byName = await ask(
      token,
      `{ organization(slug: "acme") { id } site(id: "${idOf('Berlin')}") { id } unit(id: "${idOf('Dairy wall')}") { id }
         device(id: "${idOf('Dairy wall-probe')}") { id } organizations { sites { nodes { units { nodes { id } } } } devices { nodes { id } } gateways { nodes { gatewayId } } }
         quarantine { reason count } }`,
    )
    expect(byName).toMatchObject({
      data: { organization: null, site: null, unit: null, device: null, quarantine: [] },
    })
    expect(byName.data.organizations).toEqual([
      { sites: { nodes: [{ units: { nodes: [] } }] }, devices: { nodes: [] }, gateways: { nodes: [] } },
    ])
    for (const path of [...exportsOf('Dairy wall'), reportOf('Dairy wall')])
      expect((await request(path, token)).status, path).toBe(404)
  })

  test('of this one sees all of it, the same way', async () => {
    const token = await keyOf('acme')
    const unit = `{ unit(id: "${idOf('Dairy wall')}") { name status { status } latest { temperature }
      readings(first: 1) { nodes { temperature } } excursions(first: 1) { nodes { id } } rule { temperatureMax }
      devices { nodes { devEui } } site { name organization { slug } } } }`
    const answer = await ask(token, unit)
    expect(answer.errors).toBeUndefined()
    expect(answer.data.unit).toMatchObject({
      name: 'Dairy wall',
      status: { status: 'ALARM_ACTIVE' },
      site: { organization: { slug: 'acme' } },
    })
    expect(answer.data.unit.readings.nodes).toHaveLength(1)
    for (const path of [...exportsOf('Dairy wall'), reportOf('Dairy wall')])
      expect((await request(path, token)).status, path).toBe(200)
  })

  test('does not see what belongs to no organization; who runs the platform does', async () => {
    const operations = '{ deadLetters { code } unassignedDevices { devEui } }'
    const refused = await ask(await keyOf('acme'), operations)
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
    expect((await ask(await tokenOf('root'), operations)).errors).toBeUndefined()
  })
})

describe('an end', () => {
  test('of a key is its day or its revocation', async () => {
    expect((await ask(await keyOf('acme', 1), '{ now }')).status).toBe(200)
    const key = await keyOf('acme')
    const made = (await listKeys(postgres)).find(({ last_characters }) => key.endsWith(last_characters))
    await revokeKey(postgres, made?.id ?? '')
    expect((await ask(key, '{ now }')).status).toBe(401)
    await expect(revokeKey(postgres, made?.id ?? '')).rejects.toThrow('that is in force')
    const late = await keyOf('acme', 1)
    await postgres.query(`update api_keys set expires_at = now() where last_characters = $1`, [
      late.slice(-4),
    ])
    expect((await ask(late, '{ now }')).status).toBe(401)
  })

  test('of a token is felt by a socket that was opened with it: it hears nothing more', async () => {
    // Clocks may differ by 30 s, so it holds for another three.
    const client = await greetedLive(url, `Bearer ${await tokenOf('anna', { expires: '27s ago' })}`)
    const other = await greetedLive(url, `Bearer ${await tokenOf('anna')}`)
    client.send({ id: '1', type: 'subscribe', payload: { query: '{ organizations { slug } }' } })
    expect((await client.next()).payload.data.organizations).toEqual([{ slug: 'acme' }])
    const { code, reason } = await client.closed
    expect([code, reason]).toEqual([4403, 'The key or token is not valid, or not any more.'])
    // A socket with a token that holds goes on.
    other.send({ id: '1', type: 'subscribe', payload: { query: '{ organizations { slug } }' } })
    expect((await other.next()).payload.data.organizations).toEqual([{ slug: 'acme' }])
    other.close()
  }, 20_000)

  test('of an issuer’s key comes with the next one: a new key is fetched when it is met', async () => {
    const before = await tokenOf('anna')
    expect((await ask(before, '{ now }')).status).toBe(200)
    pairs.push(await generateKeyPair('ES256'))
    const after = await tokenOf('anna')
    await expect.poll(async () => (await ask(after, '{ now }')).status, { timeout: 15_000 }).toBe(200)
  })
})

test('the dashboard asks for a key, says where it is wrong, and shows what it opens', async () => {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(url)
    await page.getByLabel('API key or access token').fill('cs_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'This key is not valid' }).waitFor()
    await page.getByLabel('API key or access token').fill(await keyOf('acme'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: /Dairy wall/ }).waitFor()
  } finally {
    await browser.close()
  }
}, 400_000)
