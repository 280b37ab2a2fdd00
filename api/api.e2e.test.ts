// The read API over a real, migrated Postgres: the registry, how units are now, and what stands around GraphQL.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, insert, minutesAgo, NOW } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
const silent = pino({ level: 'silent' })

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, silent)
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})
beforeEach(() => {
  api.statements()
})

const unitQuery = (fields: string, name: string) => `{ unit(id: "${idOf(name)}") { ${fields} } }`
const askUnit = async (name: string, fields: string) => {
  const { data, errors } = await api.ask(unitQuery(fields, name))
  expect(errors).toBeUndefined()
  return data.unit
}

describe('the registry', () => {
  test('leads from organizations down to devices, one statement a level however long the lists are', async () => {
    const { data, errors } = await api.ask(
      `{ organizations { name sites(first: 10) { nodes { name timeZone areas(first: 5) { nodes { name units(first: 20) { nodes { name type
         devices(first: 5) { nodes { name kind unit { name } } } } } } } } } } }`,
    )
    expect(errors).toBeUndefined()
    const [acme, zeta] = data.organizations
    expect(
      acme.sites.nodes.map((site: { name: string; timeZone: string }) => [site.name, site.timeZone]),
    ).toEqual([
      ['Berlin', 'Europe/Berlin'],
      ['Chicago', 'America/Chicago'],
    ])
    expect(zeta.sites.nodes).toMatchObject([{ name: 'Warehouse', timeZone: 'UTC', areas: { nodes: [] } }])
    const [unit] = acme.sites.nodes[0].areas.nodes[0].units.nodes
    expect(unit).toMatchObject({ name: 'Dairy wall', type: 'DISPLAY_CASE' })
    expect(unit.devices.nodes).toMatchObject([
      { name: 'Dairy wall-door', kind: 'DOOR', unit: { name: 'Dairy wall' } },
      { name: 'Dairy wall-probe', kind: 'TEMPERATURE', unit: { name: 'Dairy wall' } },
    ])
    expect(api.statements()).toHaveLength(6)
  })

  test('finds by slug, by EUI and by any id, and answers null where there is nothing', async () => {
    const { data } = await api.ask(
      `query ($unit: ID!, $excursion: ID!, $nothing: ID!) {
        organization(slug: "zeta") { name }
        device(devEui: "a840410000000000") { name calibrationOffset assignedSince unit { site { organization { slug } } } }
        unitNode: node(id: $unit) { __typename ... on Unit { name } }
        excursionNode: node(id: $excursion) { __typename ... on Excursion { direction unitId } }
        nothing: node(id: $nothing) { id }
        site(id: $nothing) { id }
      }`,
      {
        unit: idOf('Salad bar'),
        excursion: idOf('excursion', 'Walk-in 1', minutesAgo(8).toISOString()),
        nothing: idOf('nothing'),
      },
    )
    expect(data).toEqual({
      organization: { name: 'Zeta Pharma' },
      device: {
        name: 'Dairy wall-probe',
        calibrationOffset: -0.2,
        assignedSince: minutesAgo(45_000).toISOString(),
        unit: { site: { organization: { slug: 'acme' } } },
      },
      unitNode: { __typename: 'Unit', name: 'Salad bar' },
      excursionNode: { __typename: 'Excursion', direction: 'HIGH', unitId: idOf('Walk-in 1') },
      nothing: null,
      site: null,
    })
  })

  test('a retracted episode is nobody’s node', async () => {
    const id = idOf('excursion', 'Salad bar', minutesAgo(500).toISOString())
    expect((await api.ask(`{ node(id: "${id}") { id } }`)).data.node).toBeNull()
  })
})

describe('a unit now', () => {
  test('the rule in force is resolved field by field, the narrowest set value wins', async () => {
    const fields =
      '{ temperatureMin temperatureMax excursionConfirmMinutesDoorClosed holdLimitSeconds severity validFrom }'
    const rule = {
      temperatureMin: 0,
      excursionConfirmMinutesDoorClosed: 15,
      holdLimitSeconds: 1_500,
      severity: 'WARNING',
    }
    expect((await askUnit('Salad bar', `rule ${fields}`)).rule).toEqual({
      ...rule,
      temperatureMax: 8,
      validFrom: minutesAgo(44_000).toISOString(),
    })
    expect((await askUnit('Back fridge', `rule ${fields}`)).rule).toEqual({
      ...rule,
      temperatureMax: 5,
      validFrom: minutesAgo(3_000).toISOString(),
    })
    expect((await askUnit('New freezer', 'rule { temperatureMin temperatureMax(unit: F) }')).rule).toEqual({
      temperatureMin: -25,
      temperatureMax: expect.closeTo(-0.4, 9),
    })
  })

  test('the rule at an earlier instant is the version valid then, and none before the first', async () => {
    const at = (minutes: number) => `rule(at: "${minutesAgo(minutes).toISOString()}") { temperatureMax }`
    expect((await askUnit('Back fridge', at(3_001))).rule).toEqual({ temperatureMax: 8 })
    expect((await askUnit('Back fridge', at(44_001))).rule).toBeNull()
  })

  test('the status is the latest that was not retracted, and null before the first observation', async () => {
    expect((await askUnit('Dairy wall', 'status { status since }')).status).toEqual({
      status: 'ALARM_ACTIVE',
      since: minutesAgo(25).toISOString(),
    })
    expect((await askUnit('Salad bar', 'status { status }')).status).toEqual({ status: 'OK' })
    expect(await askUnit('New freezer', 'status { status } latest { recordedAt } door { open }')).toEqual({
      status: null,
      latest: null,
      door: null,
    })
  })

  test('the latest values of a whole fleet take one statement a field', async () => {
    const { data } = await api.ask(
      `{ organization(slug: "acme") { sites(first: 10) { nodes { units { nodes { name status { status } door { open since } rule { temperatureMax }
         latest { temperature(unit: F) humidity doorOpen batteryPercent rssi recordedAt }
         devices { nodes { kind latest { temperature batteryVolts recordedAt } } }
         temperatureSeries(from: "2026-02-03T00:00:00Z", to: "2026-02-03T12:00:00Z", maxPoints: 48) { at mean } } } } } } }`,
    )
    const [dairy, walkIn] = data.organization.sites.nodes[0].units.nodes
    const [, probe] = dairy.devices.nodes
    expect(dairy.latest.temperature).toBeCloseTo((probe.latest.temperature * 9) / 5 + 32, 9)
    expect(dairy.latest).toMatchObject({
      recordedAt: minutesAgo(1).toISOString(),
      doorOpen: false,
      rssi: -97,
    })
    expect(walkIn.door).toEqual({ open: true, since: minutesAgo(11).toISOString() })
    expect(dairy.temperatureSeries).toHaveLength(48)
    // organization, sites, units; status, door, rule, latest, devices, their latest, series
    expect(api.statements()).toHaveLength(10)
  })
})

describe('around GraphQL', () => {
  test.each([
    // units; their site, its organization; area, status, latest, door, rule
    { question: 'FLEET_QUERY', file: 'fleet-query.js', more: {}, statements: 8 },
    // the unit, its organization, site and area; status, latest, door, rule, devices, their latest
    {
      question: 'UNIT_QUERY',
      file: 'unit-query.js',
      more: { id: idOf('Dairy wall'), points: 500 },
      statements: 10,
    },
  ])('the dashboard’s $question fits the schema and takes $statements statements', async (page) => {
    const { [page.question]: query } = await import(new URL(`./dashboard/${page.file}`, import.meta.url).href)
    const range = { from: '2026-02-03T00:00:00Z', to: NOW.toISOString() }
    const { errors } = await api.ask(query, { unit: 'F', ...range, ...page.more })
    expect(errors).toBeUndefined()
    expect(api.statements()).toHaveLength(page.statements)
  })

  test('of a text with several operations each is executed as asked, also once it is compiled', async () => {
    const query = 'query Who { organizations { slug } } query When { now }'
    const run = async (operationName: string) =>
      (await api.app.inject({ method: 'POST', url: '/graphql', payload: { query, operationName } })).json()
        .data
    for (let round = 0; round < 3; round++) {
      expect(await run('When')).toEqual({ now: NOW.toISOString() })
      expect(await run('Who')).toEqual({ organizations: [{ slug: 'acme' }, { slug: 'zeta' }] })
    }
  })

  test('operators see unassigned devices, quarantine and dead letters counted', async () => {
    await postgres.transaction(async (sql) => {
      const sample = (minutes: number) => ({
        id: idOf('q', String(minutes)),
        dev_eui: '70B3D57ED0000001',
        recorded_at: minutesAgo(minutes),
        received_at: minutesAgo(minutes),
        reason: 'unassigned',
        explanation: 'Assign it.',
        brand_id: 'dragino',
      })
      await insert(sql, 'quarantine', [sample(3), sample(2)])
      await sql.query(
        `insert into dead_letters (topic, topic_partition, topic_offset, source, code, explanation, failed_at, headers)
         values ('dead-letters', 0, 7, 'uplinks', 'PROCESSOR_THREW', 'Report it.', $1, '{}')`,
        [minutesAgo(5)],
      )
    })
    const { data } = await api.ask(
      `{ unassignedDevices { devEui sampleCount lastSeenAt brandId isAssignedNow } quarantine { reason count }
         deadLetters { code source count explanation } }`,
    )
    expect(data).toEqual({
      unassignedDevices: [
        {
          devEui: '70B3D57ED0000001',
          sampleCount: 2,
          lastSeenAt: minutesAgo(2).toISOString(),
          brandId: 'dragino',
          isAssignedNow: false,
        },
      ],
      quarantine: [{ reason: 'UNASSIGNED', count: 2 }],
      deadLetters: [{ code: 'PROCESSOR_THREW', source: 'uplinks', count: 1, explanation: 'Report it.' }],
    })
  })

  test('health, readiness and metrics answer', async () => {
    expect((await api.app.inject('/health/ready')).json()).toEqual({ status: 'ready' })
    const metrics = await api.app.inject('/metrics')
    expect(metrics.headers['content-type']).toContain('text/plain')
    expect(metrics.body).toMatch(/coldstream_api_statement_seconds_count\{outcome="ok"\} [1-9]/)
  })

  test('pages of ours allow nothing inline and nothing from elsewhere', async () => {
    for (const url of ['/', `/units/${idOf('Dairy wall')}`]) {
      const policy = String((await api.app.inject(url)).headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toMatch(/unsafe|http/)
    }
  })
})
