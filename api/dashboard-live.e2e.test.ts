// The dashboard of people who have signed in, over the API's own process with a real Kafka behind: what happens is on the
// screen within two seconds, and of other organizations nothing ever is.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { openPublisher, type Publisher } from '../infra/publisher.ts'
import { registryAt } from '../infra/registry.ts'
import { launchChromium } from '../infra/testing/chromium.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { createTopics } from '../infra/topics.ts'
import { createKey } from '../ops/api-keys.ts'
import { type Codecs, openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import type { LiveTopic } from './live/events.ts'
import { runApi } from './main.ts'
import { fillRegistry, fillTelemetry } from './testing/fleet.ts'
import { readingNews, statusNews } from './testing/news.ts'
import { openPage, textsOf, violationsOn } from './testing/pages.ts'
import { idOf, minutesAgo } from './testing/rows.ts'

const prefix = freshPrefix()
let postgres: Postgres
let publisher: Publisher
let codecs: Codecs
let api: Awaited<ReturnType<typeof runApi>>
let issuer: Issuer
let browser: Browser
let origin: string
let page: Page
let complaints: string[]
let keys: { acme: string; zeta: string }

beforeAll(async () => {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const databaseUrl = await freshDatabase()
  postgres = openPostgres(databaseUrl, { connectionsMax: 2 })
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  await createTopics(kafkaBrokers, prefix, { partitions: 1, replication: 1 })
  codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
  publisher = await openPublisher(kafkaBrokers)
  issuer = await startIssuer()
  api = await runApi({
    ...{ DATABASE_URL: databaseUrl, API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'required' },
    ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: 'coldstream', OIDC_CLIENT_ID: 'dashboard' },
    ...{ ADMIN_KEY: '', REPORT_KEY_FILE: '', LOG_LEVEL: 'error' },
    // Whatever the pages ask must be known to the server beforehand.
    API_ONLY_PERSISTED: 'true',
    ...{ KAFKA_BROKERS: kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl, TOPIC_PREFIX: prefix },
  })
  origin = `http://127.0.0.1:${api.port}`
  keys = { acme: await keyOf('acme'), zeta: await keyOf('zeta') }
  await addPerson('nora', 'acme')
  browser = await launchChromium()
}, 400_000)
afterAll(async () => {
  await browser?.close()
  await api?.close()
  await publisher?.close()
  await postgres?.end()
  issuer?.server.close()
})
beforeEach(async () => {
  ;({ page, complaints } = await openPage(browser, origin))
})
afterEach(async () => {
  await page.context().close()
  // A refusal is an answer of the API's, and a line of the browser's; the way to the issuer leads off our origin.
  const refusals = /40[013] \((Unauthorized|Bad Request|Forbidden)\)/
  expect(complaints.filter((text) => !refusals.test(text) && !text.startsWith(issuer.url))).toEqual([])
})

const keyOf = (organization: string) =>
  createKey(postgres, { organization, name: 'a test', role: 'staff', days: null, scopes: [] })

const publish = (topic: LiveTopic, value: { unitId: string }) =>
  publisher.publish([
    {
      topic: topicName(prefix, topic),
      key: value.unitId,
      value: Buffer.from(codecs.of(topic).encode(value as never)),
    },
  ])

/** By key, and until news come. */
async function signIn(key: string, path = '/'): Promise<void> {
  await page.goto(origin + path)
  await page.fill('#key', key)
  await page.keyboard.press('Enter')
}
const untilLive = () => page.waitForSelector('#freshness.live', { timeout: 40_000 })
const text = async (selector: string) => (await textsOf(page, selector))[0] ?? ''

/** How long it takes until it is on the screen, ms. */
async function shownAfter(act: Promise<unknown>, selector: string): Promise<number> {
  const startMs = performance.now()
  await Promise.all([act, page.waitForSelector(selector, { timeout: 10_000 })])
  return performance.now() - startMs
}

describe('what happens', () => {
  test('is on the wall within two seconds: a status, and a reading', async () => {
    await signIn(keys.acme)
    await untilLive()
    // Every few seconds the wall is read anew, from tables that know nothing of what is told here: right behind, there is time.
    await page.waitForResponse((response) => response.request().postData()?.includes('query Fleet') ?? false)
    const card = `#unit-${idOf('Back fridge')}`
    expect(await page.getAttribute(card, 'data-status')).toBe('OK')
    const status = publish('unit-status', statusNews({ unit: 'Back fridge' }, Date.now(), 'alarm_active'))
    expect(await shownAfter(status, `${card}[data-status=ALARM_ACTIVE]`)).toBeLessThan(2_000)
    expect(await text('.card h3')).not.toBe('Salad bar')
    const reading = publish('readings', readingNews({ unit: 'Back fridge' }, Date.now(), 9.44))
    expect(await shownAfter(reading, `${card} .reading.out:has-text("9.4")`)).toBeLessThan(2_000)
  })

  test('is on a unit’s page, in the unit that its reader has chosen', async () => {
    await signIn(keys.acme, `/units/${idOf('Salad bar')}?unit=F`)
    await untilLive()
    const reading = publish('readings', readingNews({ unit: 'Salad bar' }, Date.now(), 5))
    expect(await shownAfter(reading, '.tile dd:has-text("41.0 °F")')).toBeLessThan(2_000)
    const status = publish('unit-status', statusNews({ unit: 'Salad bar' }, Date.now(), 'excursion'))
    expect(await shownAfter(status, '.unit-head .status:has-text("Out of range")')).toBeLessThan(2_000)
  })

  test('of another organization never is', async () => {
    await signIn(keys.zeta)
    await page.waitForSelector('.empty h2')
    expect(await text('.empty h2')).toBe('No units yet')
    await page.goto(`${origin}/units/${idOf('Dairy wall')}`)
    await page.waitForSelector('.empty h1')
    expect(await text('.empty h1')).toBe('Not found')
    await page.goto(`${origin}/sites/${idOf('Berlin')}`)
    await page.waitForSelector('.empty h1')
    expect(await text('.empty')).toContain('There is no such site, or you may not see it.')
  })

  test('an alert that somebody acknowledges says so at once, and is an entry', async () => {
    await signIn(keys.acme, '/alerts')
    await page.click('.alert button')
    await page.waitForSelector('.alert[data-status=ACKNOWLEDGED]')
    expect(await text('.alert')).toMatch(/Dairy wall.*Acknowledged.*acknowledged \d\d:\d\d/s)
    const { rows } = await postgres.query('select alert_id from alert_acknowledgements', [])
    expect(rows).toEqual([{ alert_id: idOf('alert', 'Dairy wall', minutesAgo(20).toISOString()) }])
    await page.click('#state-new')
    expect(await text('.empty h2')).toBe('No alert fits')
  })
})

describe('signing in', () => {
  test('is asked for, refuses a wrong key, and has nothing that axe complains of', async () => {
    await page.goto(origin)
    await page.waitForSelector('#key')
    expect(await violationsOn(page)).toEqual([])
    await page.fill('#key', 'cs_nonsense')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.sign-in [role=alert]')
    expect(await text('.sign-in [role=alert]')).toBe('This key is not valid, or not any more.')
    await page.fill('#key', keys.acme)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.card')
    await page.click('#display')
    await page.click('#sign-out')
    await page.waitForSelector('#key')
  })

  test('at the issuer leads there and back to the same page, with a code that only this tab can use', async () => {
    const path = `/units/${idOf('Dairy wall')}?range=7d`
    await page.goto(origin + path)
    await page.click('#by-issuer')
    await page.waitForSelector('.chart[data-grain]')
    expect(page.url()).toBe(origin + path)
    expect(issuer.exchanges).toEqual([{ client: 'dashboard', isProven: true }])
    await page.goto(`${origin}/sign-in?code=stolen&state=other`)
    await page.waitForSelector('.card, .sign-in')
    expect(issuer.exchanges).toHaveLength(1)
  })
})

async function addPerson(subject: string, organization: string): Promise<void> {
  await postgres.transaction(async (sql) => {
    await sql.query(`insert into actors (id, kind, name) values ($1, 'person', $2)`, [idOf(subject), subject])
    await sql.query('insert into people (id, issuer, subject, email) values ($1, $2, $3, $4)', [
      idOf(subject),
      issuer.url,
      subject,
      `${subject}@example.org`,
    ])
    await sql.query(`insert into memberships (organization_id, person_id, role) values ($1, $2, 'viewer')`, [
      idOf(organization),
      idOf(subject),
    ])
  })
}

type Issuer = { url: string; server: Server; exchanges: { client: string | null; isProven: boolean }[] }

/** An OpenID provider whose only person is Nora, who always says yes; it insists on PKCE. */
async function startIssuer(): Promise<Issuer> {
  const pair = await generateKeyPair('ES256')
  const exchanges: Issuer['exchanges'] = []
  let challenge = ''
  const answers: Record<string, (asked: URL, body: URLSearchParams) => Promise<object> | object> = {
    '/.well-known/openid-configuration': () => ({
      issuer: url,
      jwks_uri: `${url}/keys`,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
    }),
    '/keys': async () => ({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'a', alg: 'ES256' }] }),
    '/token': async (_, body) => {
      const isProven = (await sha256(body.get('code_verifier') ?? '')) === challenge
      exchanges.push({ client: body.get('client_id'), isProven })
      const token = new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'a' }).setSubject('nora')
      const signed = token.setIssuer(url).setAudience('coldstream').setExpirationTime('5m')
      return isProven ? { access_token: await signed.sign(pair.privateKey) } : { error: 'invalid_grant' }
    },
  }
  const server = createServer(async (request, response) => {
    const asked = new URL(request.url ?? '/', url)
    if (asked.pathname === '/authorize') {
      challenge = asked.searchParams.get('code_challenge') ?? ''
      const back = new URL(asked.searchParams.get('redirect_uri') ?? '')
      back.searchParams.set('code', 'once')
      back.searchParams.set('state', asked.searchParams.get('state') ?? '')
      return response.writeHead(302, { location: back.href }).end()
    }
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const answer = await answers[asked.pathname]?.(
      asked,
      new URLSearchParams(Buffer.concat(parts).toString()),
    )
    const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' }
    return response.writeHead(answer ? 200 : 404, headers).end(JSON.stringify(answer ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, server, exchanges }
}

const sha256 = async (value: string) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value))).toString('base64url')
