// What the API reaches beyond a unit: pages of a whole site or organization, of the registry by name, everything by its id,
// and what carries the telemetry.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { profileFor, profiles } from '../processors/profiles/catalog.ts'
import { openTo } from './access/access.ts'
import { createServer } from './server.ts'
import { type Answer, type FilledApi, filledApi } from './testing/filled-api.ts'
import { alert, idOf, insert, minutesAgo, NOW } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
const actionId = idOf('action')
const alertId = idOf('alert', 'Dairy wall', minutesAgo(20).toISOString())
const budgetId = idOf('budget')

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, pino({ level: 'silent' }))
  const of = (unit: string, id: string) => ({ id, unit_id: idOf(unit), organization_id: idOf('acme') })
  await postgres.transaction(async (sql) => {
    await insert(
      sql,
      'alerts',
      // Five each in turn, so that a page of the site mixes its units.
      Array.from({ length: 20 }, (_, i) =>
        alert(['Walk-in 1', 'Salad bar', 'Back fridge', 'Freezer 2'][i % 4] ?? '', minutesAgo(1_000 + i), {
          ...(i % 4 === 0 ? {} : { status: 'resolved', resolved_at: minutesAgo(900) }),
        }),
      ),
    )
    await insert(sql, 'actors', [{ id: idOf('kim'), kind: 'person', name: 'Kim', created_at: NOW }])
    await insert(sql, 'corrective_actions', [
      {
        ...of('Dairy wall', actionId),
        ...{ alert_id: alertId, actor_id: idOf('kim'), description: 'The door stood open' },
        ...{ action_taken: 'Closed it', resolved_alert: true, acted_at: minutesAgo(15), created_at: NOW },
      },
    ])
    await insert(sql, 'budgets', [
      {
        ...of('Dairy wall', budgetId),
        ...{
          revision: 1,
          state: 'open',
          name: 'vaccine',
          side: 'above',
          limit_c: 8,
          span: 'day',
          budget_seconds: 600,
        },
        ...{ started_at: minutesAgo(40), exceeded_at: minutesAgo(30) },
      },
    ])
    await insert(sql, 'manual_logs', [
      { ...of('Salad bar', idOf('log')), recorded_at: minutesAgo(50), temperature_c: 4, created_at: NOW },
    ])
    await insert(sql, 'uplink_loss', [
      { dev_eui: 'A840410000000000', day: '2026-02-01', gateway_id: 'roof-east', received: 90, lost: 10 },
      { dev_eui: 'A840410000000000', day: '2026-02-02', gateway_id: 'roof-east', received: 100, lost: 0 },
      { dev_eui: 'A840410000000002', day: '2026-02-01', gateway_id: 'roof-east', received: 95, lost: 5 },
      { dev_eui: 'BBBBBBBBBBBBBBBB', day: '2026-02-01', gateway_id: 'roof-east', received: 1, lost: 999 },
    ])
  })
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})
beforeEach(() => {
  api.statements()
})

const ask = async (query: string, variables?: Record<string, unknown>) => {
  const { data, errors } = await api.ask(query, variables)
  expect(errors).toBeUndefined()
  return data
}

describe('pages of a site and of an organization', () => {
  test.each([
    ['site', idOf('Berlin'), 16],
    ['organization', idOf('acme'), 21],
  ])('of a %s show every alert of its units once, by time, forward and backward', async (kind, id, count) => {
    const page = async (args: string) =>
      (
        await ask(
          `{ ${kind}(id: "${id}") { alerts(${args}) { nodes { id triggeredAt unit { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
        )
      )[kind].alerts
    const whole = (await page('first: 1000')).nodes
    expect(whole).toHaveLength(count)
    expect(whole).toEqual(
      whole.toSorted((a: { triggeredAt: string }, b: { triggeredAt: string }) =>
        a.triggeredAt < b.triggeredAt ? -1 : 1,
      ),
    )
    const forward: unknown[] = []
    for (let after = 'null', more = true; more; ) {
      const part = await page(`first: 7, after: ${after}`)
      forward.push(...part.nodes)
      after = JSON.stringify(part.pageInfo.endCursor)
      more = part.pageInfo.hasNextPage
    }
    expect(forward).toEqual(whole)
    const backward: unknown[] = []
    for (let before = 'null', more = true; more; ) {
      const part = await page(`last: 6, before: ${before}`)
      backward.unshift(...part.nodes)
      before = JSON.stringify(part.pageInfo.startCursor)
      more = part.pageInfo.hasPreviousPage
    }
    expect(backward).toEqual(whole)
  })

  test('only what goes on, where that is asked', async () => {
    const open = `alerts(open: true) { nodes { status } } excursions(open: true) { nodes { state } }
      silences(open: true) { nodes { state } } doorOpenings(open: true) { nodes { state } } budgets(open: true) { nodes { name } }`
    const { organization, site } = await ask(
      `{ organization(slug: "acme") { ${open} } site(id: "${idOf('Berlin')}") { ${open} } }`,
    )
    expect(organization.alerts.nodes).toHaveLength(6)
    expect(site).toMatchObject({
      excursions: { nodes: [{ state: 'OPEN' }, { state: 'OPEN' }] },
      silences: { nodes: [{ state: 'OPEN' }] },
      doorOpenings: { nodes: [{ state: 'OPEN' }] },
      budgets: { nodes: [{ name: 'vaccine' }] },
    })
    // organization, site; five lists of each
    expect(api.statements()).toHaveLength(12)
  })

  test('what people did stands with its alert, and an alert with what was done', async () => {
    const { organization } = await ask(
      `{ organization(slug: "acme") { correctiveActions { nodes { description actionTaken actedBy resolvedAlert
           alert { unit { name } correctiveActions { id } } } } manualLogs { nodes { temperature } }
         statusHistory(last: 1) { nodes { status } } } }`,
    )
    expect(organization).toEqual({
      correctiveActions: {
        nodes: [
          {
            ...{
              description: 'The door stood open',
              actionTaken: 'Closed it',
              actedBy: 'Kim',
              resolvedAlert: true,
            },
            alert: { unit: { name: 'Dairy wall' }, correctiveActions: [{ id: actionId }] },
          },
        ],
      },
      manualLogs: { nodes: [{ temperature: 4 }] },
      statusHistory: { nodes: [{ status: 'RESTORING' }] },
    })
  })
})

describe('the registry by name', () => {
  const names = async (args: string, field = 'units') =>
    (await ask(`{ ${field}(${args}) { nodes { name } } }`))[field].nodes.map(
      ({ name }: { name: string }) => name,
    )

  test('units, by site, type, status and words of their names', async () => {
    expect(await names('first: 3')).toEqual(['Back fridge', 'Blast chiller', 'Dairy wall'])
    expect(await names(`site: "${idOf('Chicago')}", types: [FRIDGE, DISPLAY_CASE]`)).toEqual([
      'Back fridge',
      'Fish counter',
    ])
    expect(await names('statuses: [ALARM_ACTIVE, OFFLINE]')).toEqual(['Dairy wall', 'Freezer 2'])
    expect(await names('nameHas: "FREEZ"')).toEqual(['Freezer 2', 'New freezer'])
    expect(await names(`organization: "${idOf('zeta')}"`)).toEqual([])
    expect(await names('first: 10', 'sites')).toEqual(['Berlin', 'Chicago', 'Warehouse'])
    expect(await names(`site: "${idOf('Chicago')}", last: 2`, 'devices')).toEqual([
      'New freezer-door',
      'New freezer-probe',
    ])
  })

  test('a cursor goes on behind its row, also where that has another name by now', async () => {
    const page = async (args: string) =>
      (await ask(`{ units(${args}) { nodes { name } pageInfo { endCursor startCursor } } }`)).units
    const first = await page('first: 4')
    const rest = await page(`first: 4, after: "${first.pageInfo.endCursor}"`)
    const all = await names('first: 10')
    expect([...first.nodes, ...rest.nodes].map(({ name }) => name)).toEqual(all)
    const back = await page(`last: 2, before: "${rest.pageInfo.startCursor}"`)
    expect(back.nodes).toEqual(first.nodes.slice(2))
  })
})

describe('below one that was asked', () => {
  const walks: [parent: string, field: string, name: string][] = [
    ['organization(slug: "acme")', 'sites', 'name'],
    ['organization(slug: "acme")', 'devices', 'name'],
    ['organization(slug: "acme")', 'gateways', 'gatewayId'],
    [`site(id: "${idOf('Berlin')}")`, 'areas', 'name'],
    [`site(id: "${idOf('Berlin')}")`, 'units', 'name'],
    [`node(id: "${idOf('Berlin floor')}")`, 'units', 'name'],
    [`unit(id: "${idOf('Dairy wall')}")`, 'devices', 'name'],
  ]

  test.each(walks)('%s, %s: page by page, both ways, is the whole', async (parent, field, name) => {
    const page = async (args: string) => {
      const inner = `${field}(${args}) { nodes { ${name} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`
      const { of } = await ask(
        `{ of: ${parent} { ${parent.startsWith('node') ? `... on Area { ${inner} }` : inner} } }`,
      )
      return of[field]
    }
    const namesOf = ({ nodes }: { nodes: Record<string, string>[] }) => nodes.map((node) => node[name])
    const all = namesOf(await page('first: 1000'))
    expect(all.length).toBeGreaterThan(0)
    const forward: unknown[] = []
    for (let at = await page('first: 1'); ; at = await page(`first: 1, after: "${at.pageInfo.endCursor}"`)) {
      forward.push(...namesOf(at))
      if (!at.pageInfo.hasNextPage) break
    }
    const backward: unknown[] = []
    for (let at = await page('last: 2'); ; at = await page(`last: 2, before: "${at.pageInfo.startCursor}"`)) {
      backward.unshift(...namesOf(at))
      if (!at.pageInfo.hasPreviousPage) break
    }
    expect([forward, backward]).toEqual([all, all])
  })

  test('is of each parent its own page, in one statement', async () => {
    api.statements()
    const { organization } = await ask(
      '{ organization(slug: "acme") { sites { nodes { name units(first: 2) { nodes { name } pageInfo { hasNextPage } } } } } }',
    )
    expect(organization.sites.nodes).toEqual([
      {
        name: 'Berlin',
        units: { nodes: [{ name: 'Dairy wall' }, { name: 'Walk-in 1' }], pageInfo: { hasNextPage: true } },
      },
      {
        name: 'Chicago',
        units: { nodes: [expect.anything(), expect.anything()], pageInfo: expect.anything() },
      },
    ])
    expect(api.statements()).toHaveLength(3)
  })

  test('takes no cursor that it did not make', async () => {
    const forged = (key: unknown) => Buffer.from(JSON.stringify(['sites', 0, key])).toString('base64url')
    for (const after of [
      forged('x'),
      forged(1),
      forged("'; drop"),
      Buffer.from('["units",0]').toString('base64url'),
    ]) {
      const { errors } = await api.ask(
        `{ organization(slug: "acme") { sites(after: "${after}") { nodes { id } } } }`,
      )
      expect(errors?.[0]?.extensions.code).toBe('BAD_CURSOR')
    }
  })
})

describe('by its id', () => {
  test('everything that has one, in one question, in its order', async () => {
    const unit = idOf('Dairy wall')
    const { unit: seen, organization } = await ask(
      `{ unit(id: "${unit}") { readings(last: 1) { nodes { id } } doorEvents(last: 1) { nodes { id } } }
         organization(slug: "acme") { gateways { nodes { id gatewayId } } } }`,
    )
    const ids = [
      ...[
        seen.readings.nodes[0].id,
        organization.gateways.nodes[0].id,
        unit,
        idOf('nothing'),
        actionId,
        budgetId,
      ],
      ...[idOf('log'), seen.doorEvents.nodes[0].id, alertId],
    ]
    api.statements()
    const { nodes } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids })
    expect(nodes.map((node: { __typename: string } | null) => node?.__typename ?? null)).toEqual([
      ...[
        'Reading',
        'Gateway',
        'Unit',
        null,
        'CorrectiveAction',
        'Budget',
        'ManualLog',
        'DoorEvent',
        'Alert',
      ],
    ])
    expect(nodes.filter(Boolean).map(({ id }: { id: string }) => id)).toEqual(
      ids.filter((id) => id !== idOf('nothing')),
    )
    // Which types, of the registry and of episodes; one of each, a reading and a gateway.
    expect(api.statements()).toHaveLength(10)
  })

  test.each([
    '["Reading"]',
    '["Gateway","x","y"]',
    '["Unit","x"]',
    '{}',
    'null',
    '["Reading","a",1e30,"b",true]',
  ])('%s, forged, is no id', async (forged) => {
    const id = Buffer.from(forged).toString('base64url')
    expect((await api.ask(`{ node(id: "${id}") { id } }`)).errors?.[0]?.extensions.code).toBe('BAD_ID')
  })
})

describe('what carries the telemetry', () => {
  test('gateways are known by what they heard; losses are those of the organization’s own devices', async () => {
    const { organization, device } = await ask(
      `{ organization(slug: "acme") { gateways { nodes { gatewayId status deviceCount heardAt organization { slug } site { name }
           uplinkLoss(from: "2026-02-01T00:00:00Z", to: "2026-02-02T00:00:00Z") { day received lost lossPercent } } } }
         device(devEui: "A840410000000000") { uplinkLoss(from: "2026-02-01T00:00:00Z", to: "2026-03-01T00:00:00Z") { day lossPercent } } }`,
    )
    expect(organization.gateways.nodes).toEqual([
      {
        ...{
          gatewayId: 'roof-east',
          status: 'UNKNOWN',
          deviceCount: 7,
          heardAt: minutesAgo(1).toISOString(),
        },
        ...{ organization: { slug: 'acme' }, site: null },
        uplinkLoss: [{ day: '2026-02-01', received: 185, lost: 15, lossPercent: 7.5 }],
      },
    ])
    expect(device.uplinkLoss).toEqual([
      { day: '2026-02-01', lossPercent: 10 },
      { day: '2026-02-02', lossPercent: 0 },
    ])
  })

  test('partitions say whether they are there for what is measured now', async () => {
    const { partitionHealth } = await ask('{ partitionHealth { table hasCurrent defaultRowsEstimate } }')
    expect(partitionHealth.map(({ table }: { table: string }) => table)).toEqual([
      'events',
      'sensor_readings',
    ])
  })

  test('models of devices that this version knows stand with the devices that have them', async () => {
    const app = await createServer({
      access: openTo(
        async (text, values) => (await postgres.query(text, values, { readOnly: true })).rows as never,
      ),
      now: () => NOW,
      logger: pino({ level: 'silent' }),
      profiles: { all: profiles, of: profileFor },
    })
    const query = `{ deviceProfiles { id brand name } device(devEui: "A840410000000000") { profile { id models gives } } }`
    const { data } = (
      await app.inject({ method: 'POST', url: '/graphql', payload: { query } })
    ).json() as Answer
    expect(data.deviceProfiles).toHaveLength(profiles.length)
    expect(new Set(data.deviceProfiles.map(({ id }: { id: string }) => id)).size).toBe(profiles.length)
    expect(data.device.profile.gives).toContain('temperature')
    const again = `{ node(id: "${data.device.profile.id}") { ... on DeviceProfile { models } } }`
    const answer = (
      await app.inject({ method: 'POST', url: '/graphql', payload: { query: again } })
    ).json() as Answer
    expect(answer.data.node.models).toEqual(data.device.profile.models)
    await app.close()
  })
})

describe('downsampled readings', () => {
  const range = 'from: "2026-01-30T00:00:00Z", to: "2026-02-03T12:00:00Z"'
  const readings = async (args: string) =>
    (
      await ask(
        `{ unit(id: "${idOf('Dairy wall')}") { readings(${range}, ${args}) { nodes { recordedAt temperature humidity } pageInfo { hasNextPage } } } }`,
      )
    ).unit.readings

  test('are readings as they were measured, with both ends and the alarm at the end, in two statements beside the unit', async () => {
    const all = (await readings('first: 1000')).nodes
    api.statements()
    const { nodes, pageInfo } = await readings('downsample: 50')
    expect(api.statements()).toHaveLength(3)
    expect(nodes).toHaveLength(50)
    expect(pageInfo).toEqual({ hasNextPage: false })
    expect(all).toEqual(expect.arrayContaining(nodes))
    expect([nodes[0], nodes.at(-1)]).toEqual([all[0], all.at(-1)])
    // The alarm of the last minutes is eight readings of the six hundred.
    expect(Math.max(...nodes.map(({ temperature }: { temperature: number }) => temperature))).toBeGreaterThan(
      9,
    )
  })

  test.each([
    ['downsample: 1', 'BAD_INPUT'],
    ['downsample: 2001', 'BAD_INPUT'],
    ['downsample: 10, first: 5', 'BAD_PAGE'],
  ])('%s is refused', async (args, code) => {
    const { errors } = await api.ask(
      `{ unit(id: "${idOf('Dairy wall')}") { readings(${range}, ${args}) { nodes { id } } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe(code)
  })

  test('without a range it is refused', async () => {
    const { errors } = await api.ask(
      `{ unit(id: "${idOf('Dairy wall')}") { readings(downsample: 10) { nodes { id } } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe('BAD_RANGE')
  })
})
