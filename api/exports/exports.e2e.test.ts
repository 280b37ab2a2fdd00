// Exports over a real, migrated Postgres: what a line says, and that a long one is read as slowly as its reader reads.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { type FilledApi, filledApi } from '../testing/filled-api.ts'
import { idOf, insert, minutesAgo, NOW, reading, rollup } from '../testing/rows.ts'

let postgres: Postgres
let api: FilledApi

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, pino({ level: 'silent' }))
  await postgres.transaction(async (sql) => {
    await sql.query(`update units set name = '=1+1' where id = $1`, [idOf('Salad bar')])
    const at = new Date('2025-12-24T10:00:00Z')
    await insert(sql, 'sensor_readings', [
      reading({ unit: 'Salad bar', device: 'Salad bar-probe', at, temperatureC: -1.5 }),
      reading({ unit: 'Salad bar', device: 'x', at, temperatureC: 40, simulated: true }),
    ])
    const end = new Date('2025-12-24T23:00:00Z')
    const figures = { reading_count: 2, sum_c: 8, known_seconds: 3_600, weighted_sum_c_seconds: 14_400 }
    await insert(sql, 'rollups', [
      rollup('Salad bar', 'day', new Date('2025-12-23T23:00:00Z'), end, { ...figures, min_c: 3, max_c: 5 }),
    ])
  })
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})

const ask = (name: string, query: Record<string, string>) =>
  api.app.inject({ url: `/api/exports/${name}?${new URLSearchParams(query)}` })
const christmas = { from: '2025-12-24T00:00:00+01:00', to: '2025-12-25T00:00:00+01:00' }

test('readings come as CSV with the names of their places, and a name never as a formula', async () => {
  const answer = await ask('readings', { unit: idOf('Salad bar'), ...christmas })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toContain('text/csv')
  expect(answer.headers['content-disposition']).toBe(
    'attachment; filename="salad-bar_readings_2025-12-23_2025-12-24.csv"',
  )
  const [header, line, ...rest] = answer.body.split('\r\n')
  expect(header).toBe(
    'site,unit,unit_id,recorded_at,received_at,device_id,temperature_c,humidity_percent,door_open,battery_percent,' +
      'battery_volts,rssi_dbm,snr_db,gateway_id,fault,history,simulated',
  )
  const place = `Berlin,'=1+1,${idOf('Salad bar')},2025-12-24T10:00:00.000Z`
  expect(line).toMatch(new RegExp(`^${place.replaceAll('+', '\\+')},[^,]+,${idOf('Salad bar-probe')},-1.5,`))
  expect(rest).toEqual([''])
})

test('simulated readings come where they are asked for, and °F are the reader’s choice', async () => {
  const unit = idOf('Salad bar')
  const asked = { unit, ...christmas, includeSimulated: 'true', format: 'ndjson', temperatureUnit: 'F' }
  const answer = await ask('readings', asked)
  const lines = answer.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ temperature_f, simulated }) => [temperature_f, simulated]).toSorted()).toEqual([
    [104, true],
    [expect.closeTo(29.3, 9), false],
  ])
})

test('rollups of a site carry their means, and a site without any is a header alone', async () => {
  const berlin = await ask('rollups', { site: idOf('Berlin'), ...christmas, format: 'ndjson' })
  expect(
    berlin.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    expect.objectContaining({
      granularity: 'DAY',
      mean_c: 4,
      time_weighted_mean_c: 4,
      min_c: 3,
      mkt_c: null,
    }),
  ])
  const chicago = await ask('rollups', { site: idOf('Chicago'), ...christmas })
  expect(chicago.body.split('\r\n')).toEqual([expect.stringMatching(/^site,unit,unit_id,granularity/), ''])
})

test('episodes come with their instants, and without names where none are wanted', async () => {
  const range = { from: minutesAgo(10_000).toISOString(), to: NOW.toISOString() }
  for (const [name, first] of [
    ['excursions', 'HIGH'],
    ['door-openings', 'OPEN'],
    ['silences', 'OPEN'],
    ['alerts', 'CRITICAL'],
  ] as const) {
    const asked = { organization: idOf('acme'), ...range, format: 'ndjson', places: 'false' }
    const { body } = await ask(name, asked)
    expect(body, name).toContain(`"${first}"`)
    expect(Object.keys(JSON.parse(body.split('\n')[0] ?? '')), name).not.toContain('site')
  }
})

test('an organization’s readings are what GraphQL counts', async () => {
  const range = { from: minutesAgo(10_000).toISOString(), to: NOW.toISOString() }
  const answer = await ask('readings', { organization: idOf('acme'), format: 'ndjson', ...range })
  const { rows } = await postgres.query(
    'select count(*) as count from sensor_readings where not simulated and recorded_at >= $1 and recorded_at < $2',
    [range.from, range.to],
  )
  expect(rows[0]?.count).toBeGreaterThan(100)
  expect(answer.body.trimEnd().split('\n')).toHaveLength(rows[0]?.count as number)
})

test.each([
  [{ ...christmas }, 400, 'Give one of `unit`, `site` and `organization`'],
  [{ unit: 'x', ...christmas }, 400, 'is not an id'],
  [{ unit: idOf('nowhere'), ...christmas }, 404, 'There is no unit'],
  [{ unit: idOf('Salad bar'), from: christmas.to, to: christmas.from }, 400, 'an empty range'],
  [{ unit: idOf('Salad bar'), from: '2025-12-24', to: christmas.to }, 400, 'is not an instant'],
  [{ unit: idOf('Salad bar'), from: christmas.from }, 400, "must have required property 'to'"],
  [
    { unit: idOf('Salad bar'), ...christmas, format: 'xlsx' },
    400,
    'must be equal to one of the allowed values',
  ],
])('%j is refused with %i and what to do', async (query, status, message) => {
  const answer = await ask('readings', query as Record<string, string>)
  expect(answer.statusCode).toBe(status)
  expect(answer.json()).toMatchObject({ code: expect.any(String), advice: expect.any(String) })
  expect(answer.json().message).toContain(message)
})

test('a year is not read ahead of its reader', async () => {
  await postgres.query(
    `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c, fault,
       history, simulated, decoder, decoder_version)
     select $1, at, $2, $3, at, 4, false, false, false, 'none', 1
     from generate_series('2024-01-01'::timestamptz, '2024-03-31', '1 minute') at`,
    [idOf('Back fridge'), idOf('Back fridge-probe'), idOf('acme')],
  )
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  api.statements()
  const range = 'from=2024-01-01T00:00:00Z&to=2025-01-01T00:00:00Z'
  const request = get({ port, path: `/api/exports/readings?unit=${idOf('Back fridge')}&${range}` })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await once(response, 'readable')
  const readAhead = api.statements().length
  let lines = 0
  for await (const chunk of response.setEncoding('utf8')) lines += chunk.split('\r\n').length - 1
  expect(lines).toBe(1 + 90 * 1_440 + 1)
  expect(readAhead).toBeLessThan(8)
  expect(api.statements().length).toBeGreaterThan(18)
})

test('the routes describe themselves', async () => {
  const { paths } = (await api.app.inject('/api/docs/json')).json()
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/api/exports/readings', '/api/exports/rollups', '/health/ready', '/metrics']),
  )
  const page = await api.app.inject('/api/docs/')
  expect(page.statusCode).toBe(200)
  expect(page.headers['content-security-policy']).toContain("script-src 'self'")
})
