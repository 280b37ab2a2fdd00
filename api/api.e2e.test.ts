// The read API over a real, migrated Postgres: what it answers, what it refuses, and how many statements it takes.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { createServer } from './server.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, insert, minutesAgo, NOW, reading } from './testing/rows.ts'

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
      '{ organizations { name sites { name timeZone areas { name units { name type devices { name kind unit { name } } } } } } }',
    )
    expect(errors).toBeUndefined()
    const [acme, zeta] = data.organizations
    expect(acme.sites.map((site: { name: string; timeZone: string }) => [site.name, site.timeZone])).toEqual([
      ['Berlin', 'Europe/Berlin'],
      ['Chicago', 'America/Chicago'],
    ])
    expect(zeta.sites).toMatchObject([{ name: 'Warehouse', timeZone: 'UTC', areas: [] }])
    expect(acme.sites[0].areas[0].units[0]).toMatchObject({
      name: 'Dairy wall',
      type: 'DISPLAY_CASE',
      devices: [
        { kind: 'TEMPERATURE', unit: { name: 'Dairy wall' } },
        { kind: 'DOOR', unit: { name: 'Dairy wall' } },
      ],
    })
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
      `{ organization(slug: "acme") { sites { units { name status { status } door { open since } rule { temperatureMax }
         latest { temperature(unit: F) humidity doorOpen batteryPercent rssi recordedAt }
         devices { latest { temperature batteryVolts recordedAt } }
         temperatureSeries(from: "2026-02-03T00:00:00Z", to: "2026-02-03T12:00:00Z", maxPoints: 48) { at mean } } } } }`,
    )
    const [dairy, walkIn] = data.organization.sites[0].units
    expect(dairy.latest.temperature).toBeCloseTo((dairy.devices[0].latest.temperature * 9) / 5 + 32, 9)
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

describe('connections', () => {
  const page = async (args: string) =>
    (
      await askUnit(
        'Dairy wall',
        `readings(from: "2026-02-01T00:00:00Z", to: "2026-02-03T12:00:00Z", ${args}) {
           nodes { recordedAt deviceId } edges { cursor node { recordedAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
      )
    ).readings

  type Page = Awaited<ReturnType<typeof page>>
  const keys = ({ nodes }: Page): string[] =>
    nodes.map((node: { recordedAt: string; deviceId: string }) => `${node.recordedAt} ${node.deviceId}`)

  beforeAll(async () => {
    // Three devices, and a simulated twin, at one instant.
    const at = minutesAgo(500)
    const same = (device: string, simulated = false) =>
      reading({ unit: 'Dairy wall', device, at, temperatureC: 4, simulated })
    await postgres.transaction((sql) =>
      insert(sql, 'sensor_readings', [same('a'), same('b'), same('c'), same('c', true)]),
    )
  })

  test('forward and backward pages show every reading once, in one order, over equal instants', async () => {
    const whole = await page('first: 1000')
    expect(keys(whole)).toEqual([...keys(whole)].sort())
    const forward: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const part: Page = await page(`first: 7, after: ${JSON.stringify(after)}`)
      expect(part.pageInfo.hasPreviousPage).toBe(after !== null)
      forward.push(...keys(part))
      after = part.pageInfo.endCursor
      more = part.pageInfo.hasNextPage
    }
    expect(forward).toEqual(keys(whole))
    const backward: string[] = []
    for (let before: string | null = null, more = true; more; ) {
      const part: Page = await page(`last: 7, before: ${JSON.stringify(before)}`)
      backward.unshift(...keys(part))
      before = part.pageInfo.startCursor
      more = part.pageInfo.hasPreviousPage
    }
    expect(backward).toEqual(keys(whole))
  })

  test('a cursor between rows of one instant goes on with the next device, and simulated rows come on request', async () => {
    const range = `from: "${minutesAgo(500).toISOString()}", to: "${minutesAgo(499.99).toISOString()}"`
    const read = async (args: string) =>
      (
        await askUnit(
          'Dairy wall',
          `readings(${range}, ${args}) { nodes { deviceId simulated } edges { cursor } }`,
        )
      ).readings
    const all = await read('includeSimulated: true')
    expect(all.nodes).toHaveLength(4)
    const rest = await read(`includeSimulated: true, after: "${all.edges[1].cursor}"`)
    expect(rest.nodes).toEqual(all.nodes.slice(2))
    expect((await read('first: 10')).nodes).toHaveLength(3)
  })

  test('a range is half open', async () => {
    const between = async (from: number, to: number) =>
      (
        await askUnit(
          'Salad bar',
          `readings(from: "${minutesAgo(from).toISOString()}", to: "${minutesAgo(to).toISOString()}") { nodes { recordedAt } }`,
        )
      ).readings.nodes.map((node: { recordedAt: string }) => node.recordedAt)
    expect(await between(21, 1)).toEqual([21, 11].map((minutes) => minutesAgo(minutes).toISOString()))
    expect(await between(20.999, 0.999)).toEqual([11, 1].map((minutes) => minutesAgo(minutes).toISOString()))
  })

  test('an episode is in every range that it touches; an open one lasts until now', async () => {
    const fields =
      'state startedAt confirmedAt endedAt durationSeconds peak(unit: F) degreeMinutes(unit: F) asOf'
    const { excursions } = await askUnit(
      'Dairy wall',
      `excursions(from: "${minutesAgo(30).toISOString()}") { nodes { ${fields} } }`,
    )
    expect(excursions.nodes).toEqual([
      {
        state: 'OPEN',
        startedAt: minutesAgo(40).toISOString(),
        confirmedAt: minutesAgo(25).toISOString(),
        endedAt: null,
        durationSeconds: 40 * 60,
        peak: 50,
        degreeMinutes: 36,
        asOf: minutesAgo(1).toISOString(),
      },
    ])
    const touching = async (from: number, to: number) =>
      (
        await askUnit(
          'Dairy wall',
          `excursions(from: "${minutesAgo(from).toISOString()}", to: "${minutesAgo(to).toISOString()}") { nodes { durationSeconds } }`,
        )
      ).excursions.nodes
    expect(await touching(1_970, 1_965)).toEqual([{ durationSeconds: 2_400 }])
    expect(await touching(1_960, 1_900)).toEqual([]) // it ended at 1,960: half open
    expect(await touching(2_100, 2_000)).toEqual([]) // it started at 2,000
  })

  test('every list of a unit, retracted rows left out, in one statement each', async () => {
    const unit = await askUnit(
      'Dairy wall',
      `excursions { nodes { id } } doorOpenings { nodes { durationSeconds closedAt } } doorEvents { nodes { doorOpen } }
       silences { nodes { missedCheckins durationSeconds } } statusHistory { nodes { status } } alerts { nodes { type severity durationSeconds } }`,
    )
    expect(unit).toMatchObject({
      excursions: { nodes: [{}, {}] },
      doorOpenings: { nodes: [{ durationSeconds: 480 }] },
      doorEvents: { nodes: [{ doorOpen: true }, { doorOpen: false }] },
      silences: { nodes: [{ missedCheckins: 6, durationSeconds: 3_600 }] },
      statusHistory: { nodes: [{ status: 'OK' }, { status: 'ALARM_ACTIVE' }] },
      alerts: { nodes: [{ type: 'ALARM_ACTIVE', severity: 'CRITICAL', durationSeconds: 1_200 }] },
    })
    expect(api.statements()).toHaveLength(7)
    const salad = await askUnit(
      'Salad bar',
      'excursions { nodes { id } } alerts { nodes { id } } statusHistory { nodes { status } }',
    )
    expect(salad).toEqual({
      excursions: { nodes: [] },
      alerts: { nodes: [] },
      statusHistory: { nodes: [{ status: 'OK' }] },
    })
  })
})

describe('rollups and series', () => {
  test('means are made from the sums when asked for', async () => {
    const { rollups } = await askUnit(
      'Dairy wall',
      `rollups(granularity: DAY) { nodes { granularity start end count sum mean mean_F: mean(unit: F) timeWeightedMean mkt coverage humidityMean isFinal revision } }`,
    )
    expect(rollups.nodes).toEqual([
      {
        granularity: 'DAY',
        start: '2026-02-01T23:00:00.000Z',
        end: '2026-02-02T23:00:00.000Z',
        count: 6,
        sum: 24,
        mean: 4,
        mean_F: expect.closeTo(39.2, 9),
        timeWeightedMean: (4 * 3_600) / 43_200,
        mkt: expect.closeTo(4, 6),
        coverage: 0.5,
        humidityMean: 55,
        isFinal: true,
        revision: 1,
      },
    ])
  })

  test('retracted windows are left out and a range is asked by the window’s start', async () => {
    const { rollups } = await askUnit(
      'Dairy wall',
      'rollups(granularity: HOUR, last: 1000) { nodes { start coverage } }',
    )
    expect(rollups.nodes).toHaveLength(48)
    const ranged = await askUnit(
      'Dairy wall',
      'rollups(granularity: HOUR, from: "2026-02-03T00:00:00Z", to: "2026-02-03T03:00:00Z") { nodes { start } }',
    )
    expect(ranged.rollups.nodes.map((node: { start: string }) => node.start.slice(11, 16))).toEqual([
      '00:00',
      '01:00',
      '02:00',
    ])
  })

  test('a series keeps the extremes of the readings in each span', async () => {
    const all = await askUnit(
      'Dairy wall',
      'readings(from: "2026-02-02T12:00:00Z", last: 1000) { nodes { temperature } }',
    )
    const temperatures = all.readings.nodes.map((node: { temperature: number }) => node.temperature)
    const { temperatureSeries: spans } = await askUnit(
      'Dairy wall',
      'temperatureSeries(from: "2026-02-02T12:00:00Z", to: "2026-02-03T12:00:00Z", maxPoints: 10) { min max mean count at }',
    )
    expect(spans).toHaveLength(10)
    expect(Math.min(...spans.map((span: { min: number }) => span.min))).toBe(Math.min(...temperatures))
    expect(Math.max(...spans.map((span: { max: number }) => span.max))).toBe(Math.max(...temperatures))
    expect(spans.reduce((sum: number, span: { count: number }) => sum + span.count, 0)).toBe(
      temperatures.length,
    )
  })
})

describe('refusals', () => {
  const refusalOf = async (query: string, variables = {}) => {
    const { errors } = await api.ask(query, variables)
    expect(errors?.[0]?.extensions.advice).toMatch(/\w+/)
    return `${errors?.[0]?.extensions.code}: ${errors?.[0]?.message}`
  }
  const readings = (args: string) => unitQuery(`readings(${args}) { nodes { recordedAt } }`, 'Salad bar')

  test('say what is wrong, with a code and advice', async () => {
    const doorCursor = (await askUnit('Dairy wall', 'doorOpenings { pageInfo { endCursor } }')).doorOpenings
      .pageInfo.endCursor
    expect(await refusalOf('{ unit(id: "fridge-1") { name } }')).toBe('BAD_ID: "fridge-1" is not an id.')
    expect(await refusalOf(readings('first: 1001'))).toBe(
      'BAD_PAGE: `readings` was asked for 1001 nodes; a page has 1 to 1000.',
    )
    expect(await refusalOf(readings('first: 1, last: 1'))).toBe(
      'BAD_PAGE: `readings` was given both `first` and `last`.',
    )
    expect(await refusalOf(readings('after: "nonsense"'))).toBe(
      'BAD_CURSOR: "nonsense" is not a cursor of this API.',
    )
    expect(await refusalOf(readings(`after: "${doorCursor}"`))).toBe(
      'BAD_CURSOR: This cursor belongs to `doorOpenings`, it cannot page `readings`.',
    )
    expect(await refusalOf(readings('from: "2026-02-03T00:00:00Z", to: "2026-02-02T00:00:00Z"'))).toMatch(
      /^BAD_RANGE: /,
    )
    expect(await refusalOf(readings('from: "2026-02-03 00:00"'))).toBe(
      'BAD_INPUT: "2026-02-03 00:00" is not an instant: give ISO 8601 with an offset, such as 2026-02-01T08:30:00.000Z.',
    )
    expect(
      await refusalOf(
        'query ($f: DateTime) { now organizations { sites { units { alerts(from: $f) { nodes { id } } } } } }',
        { f: '2026-02-30T00:00:00Z' },
      ),
    ).toContain('"2026-02-30T00:00:00Z" is not an instant')
    expect(await refusalOf('{ organisations { name } }')).toMatch(
      /^INVALID_QUERY: .*Did you mean "organizations"/,
    )
  })

  test('stop a query that goes too deep or could bring too much, before any statement', async () => {
    expect(
      await refusalOf(`{ organizations { ${'sites { organization { '.repeat(6)} name ${'} }'.repeat(6)} } }`),
    ).toMatch(/^TOO_DEEP: The query is 14 levels deep; 12 are allowed/)
    expect(
      await refusalOf(
        'query ($n: Int) { organizations { sites { units { readings(first: $n) { nodes { recordedAt } } } } } }',
        { n: 1000 },
      ),
    ).toMatch(/^TOO_COMPLEX: The query could bring \d+ rows; 1000000 are allowed/)
    expect(api.statements()).toEqual([])
  })

  test('hide what failed inside', async () => {
    const app = await createServer({
      query: () =>
        Promise.reject(
          Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' }),
        ),
      now: () => NOW,
      logger: silent,
    })
    const answer = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: '{ organizations { name } }' },
    })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().errors[0]).toMatchObject({
      message: 'The database cannot be reached.',
      extensions: { code: 'UNAVAILABLE', advice: expect.stringContaining('/health/ready') },
    })
    expect(answer.body).not.toContain('10.1.2.3')
    const ready = await app.inject('/health/ready')
    expect([ready.statusCode, ready.json().problem]).toEqual([503, expect.stringContaining('DATABASE_URL')])
    expect((await app.inject('/health')).statusCode).toBe(200)
    await app.close()
  })
})

describe('around GraphQL', () => {
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

  test('every type, field and argument that carries a quantity is described', async () => {
    const { data } = await api.ask('{ __type(name: "Rollup") { description fields { name description } } }')
    const undocumented = data.__type.fields.filter(
      (field: { description: string | null }) => !field.description,
    )
    expect(undocumented.map((field: { name: string }) => field.name)).toEqual(['granularity'])
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
