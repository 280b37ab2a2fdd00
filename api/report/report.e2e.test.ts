// A report over a real Postgres: what it says, and that its proof holds until a row changes.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { launchChromium } from '../../infra/testing/chromium.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { verifyReport } from '../../ops/report.ts'
import { openTo } from '../access/access.ts'
import { createServer } from '../server.ts'
import { fillRegistry, fillTelemetry } from '../testing/fleet.ts'
import {
  alert,
  doorOpening,
  excursion,
  idOf,
  insert,
  NOW,
  rollup,
  type Sql,
  silence,
} from '../testing/rows.ts'
import { signerFrom } from './signing.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldstream-report-'))
let postgres: Postgres
let app: Awaited<ReturnType<typeof createServer>>
let url: string

// The clocks of Berlin go forward on this day: it has 23 hours.
const day = { start: new Date('2025-03-29T23:00:00Z'), end: new Date('2025-03-30T22:00:00Z') }
const at = (time: string) => new Date(`2025-03-30T${time}:00Z`)

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  await postgres.transaction(async (sql) => {
    await sql.query(`update units set name = 'Salad <bar>' where id = $1`, [idOf('Salad bar')])
    await insert(sql, 'rollups', [
      rollup('Salad bar', 'day', day.start, day.end, {
        reading_count: 138,
        sum_c: 600,
        min_c: 2.25,
        max_c: 11.5,
        known_seconds: 23 * 3_600,
        weighted_sum_c_seconds: 23 * 3_600 * 4.5,
        seconds_above: 5_400,
        degree_minutes_above: 225,
      }),
    ])
    await insert(sql, 'excursions', [
      excursion('Salad bar', at('08:00'), {
        confirmed_at: at('08:15'),
        ended_at: at('09:30'),
        duration_seconds: 5_400,
        peak_c: 11.5,
        degree_minutes: 225,
      }),
    ])
    await insert(sql, 'door_openings', [
      doorOpening('Salad bar', at('07:50'), {
        closed_at: at('08:10'),
        duration_seconds: 1_200,
        warning_at: at('08:00'),
      }),
    ])
    await insert(sql, 'silences', [
      silence('Salad bar', at('09:00'), { state: 'closed', ended_at: at('09:20'), duration_seconds: 1_200 }),
    ])
  })
  await postgres.transaction(fillWhatPeopleDid)
  const keyFile = join(folder, 'key.pem')
  writeFileSync(keyFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  app = await createServer({
    access: openTo(
      async (text, values) => (await postgres.query(text, values, { readOnly: true })).rows as never,
    ),
    now: () => NOW,
    logger: pino({ level: 'silent' }),
    signer: signerFrom(keyFile),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
async function fillWhatPeopleDid(sql: Sql): Promise<void> {
  const of = { unit_id: idOf('Salad bar'), organization_id: idOf('acme') }
  const cause = idOf('excursion', 'Salad bar', at('08:00').toISOString())
  await insert(sql, 'alerts', [
    alert('Salad bar', at('08:15'), {
      cause_id: cause,
      cause_started_at: at('08:00'),
      status: 'resolved',
      resolved_at: at('09:30'),
    }),
  ])
  await insert(sql, 'actors', [{ id: idOf('kim'), kind: 'person', name: 'Kim', created_at: NOW }])
  await insert(sql, 'corrective_actions', [
    {
      ...of,
      ...{
        id: idOf('action'),
        alert_id: idOf('alert', 'Salad bar', at('08:15').toISOString()),
        actor_id: idOf('kim'),
      },
      ...{ description: 'The door did not close', action_taken: 'Seal <new>', resolved_alert: false },
      ...{ acted_at: at('09:00'), created_at: NOW },
    },
  ])
  await insert(sql, 'manual_logs', [
    {
      ...of,
      ...{ id: idOf('log'), recorded_at: at('09:10'), temperature_c: 6.5, note: 'with the old thermometer' },
      ...{ recorded_by: 'Kim', created_at: NOW },
    },
  ])
}
afterAll(async () => {
  await app?.close()
  await postgres?.end()
  rmSync(folder, { recursive: true })
})

const report = (query: string, unit = 'Salad bar') =>
  app.inject({ url: `/api/reports/units/${idOf(unit)}?${query}` })
const thatDay = 'firstDay=2025-03-30&lastDay=2025-03-30'

/** As a reader sees it: without the elements. */
const textOf = (page: string) =>
  page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

test('a report says in local time what happened, and how much of it the door or a silence covers', async () => {
  const answer = await report(thatDay)
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-security-policy']).toMatch(/style-src 'sha256-/)
  const text = textOf(answer.body)
  expect(text).toContain('Salad &lt;bar&gt;')
  expect(text).toContain('1 confirmed temperature excursion in this period.')
  expect(text).toContain(
    '2025-03-30 10:00 CEST 2025-03-30 11:30 CEST too warm 2025-03-30 10:15 CEST – 11.5 °C 225 °C·min 10 min 20 min door open; The door did not close',
  )
  expect(text).toContain(
    'Corrective actions When Alert Found Done By Evidence 2025-03-30 11:00 CEST alarm active The door did not close Seal &lt;new&gt; Kim –',
  )
  expect(text).toContain(
    'Read by hand When Temperature Note By 2025-03-30 11:10 CEST 6.5 °C with the old thermometer Kim',
  )
  expect(text).toContain('Known temperature 100.0 %')
  expect(text).toContain('Time-weighted mean 4.5 °C')
  expect(text).toContain('2025-03-30 138 2.3 °C 11.5 °C 4.5 °C – 100.0 % 1 h 30 min')
})

test('the reader may ask for °F', async () => {
  const text = textOf((await report(`${thatDay}&temperatureUnit=F`)).body)
  expect(text).toContain('52.7 °F 405 °F·min')
})

test('a period without anything says so, and nothing looks like a pass that was not measured', async () => {
  const text = textOf((await report('firstDay=2024-01-01&lastDay=2024-01-31')).body)
  expect(text).toContain('No reading in this period.')
  expect(text).toContain('Nothing was measured in this period.')
  expect(text).not.toContain('No confirmed temperature excursion')
})

test.each([
  ['firstDay=2025-03-31&lastDay=2025-03-30', 'Salad bar', 400, 'an empty period'],
  ['firstDay=2025-02-30&lastDay=2025-03-30', 'Salad bar', 400, 'must match format "date"'],
  [thatDay, 'nowhere', 404, 'There is no unit'],
])('%s of %s is refused with %i', async (query, unit, status, message) => {
  const answer = await report(query, unit)
  expect(answer.statusCode).toBe(status)
  expect(answer.json().message).toContain(message)
})

test('its proof holds until it, or a row under it, is changed', async () => {
  const { body } = await report(thatDay)
  const findings = await verifyReport(body, { url })
  expect(findings.map(({ isRight }) => isRight)).toEqual(Array(9).fill(true))

  const forged = await verifyReport(body.replace('lines\\":1', 'lines\\":2'), { url })
  expect(forged[0]).toEqual({ isRight: false, text: 'The signature is not of this key and these digests.' })

  await postgres.query(`update excursions set peak_c = 9 where unit_id = $1`, [idOf('Salad bar')])
  const after = await verifyReport(body, { url })
  expect(after.filter(({ isRight }) => !isRight).map(({ text }) => text)).toEqual([
    expect.stringMatching(/^\/api\/exports\/excursions\?.*: the rows have changed since$/),
  ])
})

test('printed it is a PDF on A4 of which no column is cut off', async () => {
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  // As wide as the paper between its margins, at 96 dots an inch.
  const page = await browser.newPage({ viewport: { width: 703, height: 1_000 } })
  await page.goto(`${url}/api/reports/units/${idOf('Salad bar')}?${thatDay}`)
  await page.emulateMedia({ media: 'print' })
  const tooWide = await page.evaluate(
    "[...document.querySelectorAll('table, dl, h1, p')].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.textContent)",
  )
  expect(tooWide).toEqual([])
  const pdf = await page.pdf({ preferCSSPageSize: true })
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
  expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 (594|595)/)
}, 400_000)

test('a file that is no key is named, with how to make one', () => {
  const path = join(folder, 'no-key.pem')
  writeFileSync(path, 'nothing')
  expect(() => signerFrom(path)).toThrow(/no-key\.pem is no Ed25519 private key in PEM .*openssl genpkey/)
})
