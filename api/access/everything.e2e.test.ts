// Every query, mutation, subscription and node(id), asked as a member of another organization and as nobody. What there is to ask
// is read from the schema, so a new field is asked, too; where it takes arguments, they must be named here.
import {
  astFromValue,
  buildClientSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  isAbstractType,
  isObjectType,
  isRequiredArgument,
  print,
} from 'graphql/index.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { createKey } from '../../ops/api-keys.ts'
import { runApi } from '../main.ts'
import { fillRegistry, fillTelemetry } from '../testing/fleet.ts'
import { connectLive, greetedLive } from '../testing/live-client.ts'
import { idOf, minutesAgo, NOW } from '../testing/rows.ts'
import type { Role } from './access.ts'

let postgres: Postgres
let api: Awaited<ReturnType<typeof runApi>>
let url: string
let schema: GraphQLSchema
let keys: Record<'acme' | 'zeta', string>
/** All ids and names of the one organization: nobody else may ever see one of them. */
let marks: string[]
let alertId: string

beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  postgres = openPostgres(databaseUrl, { connectionsMax: 3 })
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  api = await runApi({
    ...{ DATABASE_URL: databaseUrl, API_HOST: '127.0.0.1', API_PORT: 0, API_AUTH: 'required' },
    ...{
      OIDC_ISSUER: '',
      OIDC_AUDIENCE: 'coldstream',
      ADMIN_KEY: '',
      REPORT_KEY_FILE: '',
      LOG_LEVEL: 'error',
    },
  })
  url = `http://127.0.0.1:${api.port}`
  keys = { acme: await keyOf('acme', 'owner'), zeta: await keyOf('zeta', 'owner') }
  schema = buildClientSchema(
    (await ask(keys.acme, getIntrospectionQuery({ descriptions: false }))).data as never,
  )
  alertId = (await idsIn(`select id from alerts where status <> 'retracted' limit 1`))[0] ?? ''
  marks = await marksOf('acme')
})
afterAll(async () => {
  await api?.close()
  await postgres?.end()
})

const keyOf = (organization: string, role: Role) =>
  createKey(postgres, { organization, name: `of ${organization}`, role, days: null })

const idsIn = async (query: string): Promise<string[]> =>
  (await postgres.query<{ id: string }>(query)).rows.map(({ id }) => id)

/** By all tables that carry an organization, whichever there will be. */
async function marksOf(slug: string): Promise<string[]> {
  const { rows: tables } = await postgres.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
     where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace`,
  )
  const found = new Set<string>([idOf(slug), 'Acme Foods', 'Dairy wall'])
  for (const { name } of tables) {
    const { rows } = await postgres.query<{ row: string }>(
      `select to_jsonb(t)::text as row from ${name} t where organization_id = $1 limit 200`,
      [idOf(slug)],
    )
    for (const { row } of rows) for (const id of row.match(uuid) ?? []) found.add(id)
  }
  return [...found]
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

type Asked = {
  data: Record<string, unknown> | null
  errors?: { extensions: { code: string } }[]
  text: string
}

async function ask(key: string | null, query: string): Promise<Asked> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query }),
  })
  const text = await response.text()
  return { ...JSON.parse(text), text }
}

type Args = Record<string, unknown>

/** How each field of the root is asked about what is acme's. A field without required arguments may be left out. */
const rootArguments = (): Record<string, readonly Args[]> => ({
  'Query.organization': [{ slug: 'acme' }, { id: idOf('acme') }],
  'Query.site': [{ id: idOf('Berlin') }],
  'Query.unit': [{ id: idOf('Dairy wall') }],
  'Query.device': [{ id: idOf('Dairy wall-probe') }, { devEui: 'A840410000000000' }],
  'Query.node': ['acme', 'Berlin', 'Berlin floor', 'Dairy wall', 'Dairy wall-probe'].map((name) => ({
    id: idOf(name),
  })),
  'Query.nodes': [{ ids: [idOf('acme'), idOf('Dairy wall')] }],
  'Query.sites': [{}, { organization: idOf('acme') }],
  'Query.units': [{}, { organization: idOf('acme') }, { site: idOf('Berlin') }],
  'Query.devices': [{}, { organization: idOf('acme') }, { site: idOf('Berlin') }],
  'Mutation.acknowledgeAlert': [{ alertId }],
  'Mutation.addManualLog': [{ unitId: idOf('Dairy wall'), temperature: 4 }],
  'Mutation.addCorrectiveAction': [{ alertId, description: 'Door closed' }],
  ...Object.fromEntries(
    ['readings', 'unitStatus', 'alerts'].map((field) => [
      `Subscription.${field}`,
      [{ unit: idOf('Dairy wall') }, { site: idOf('Berlin') }, { organization: idOf('acme') }],
    ]),
  ),
})

/** What fields below the root are asked with, wherever they require it. */
const innerArguments: Args = {
  from: minutesAgo(10_000).toISOString(),
  to: NOW.toISOString(),
  granularity: 'DAY',
  by: 'TIME_OUT_OF_RANGE',
  timeZone: 'Europe/Berlin',
  at: NOW.toISOString(),
}

const written = (args: readonly GraphQLArgument[], given: Args, where: string): string => {
  const parts = args.flatMap((arg) => {
    const value = given[arg.name]
    if (value === undefined && isRequiredArgument(arg))
      throw new Error(`${where} takes \`${arg.name}\`: say in this test how it is asked.`)
    const node = value === undefined ? undefined : astFromValue(value, arg.type)
    return node ? [`${arg.name}: ${print(node)}`] : []
  })
  return parts.length === 0 ? '' : `(${parts.join(', ')})`
}

/** A field with everything below it, as deep as `depth`; a type is not asked for within itself. */
function selected(
  field: GraphQLField<unknown, unknown>,
  given: Args,
  depth: number,
  path: readonly string[],
): string {
  const type = getNamedType(field.type)
  const head = `${field.name}${written(field.args, given, [...path, field.name].join('.'))}`
  if (isAbstractType(type))
    return `${head} { __typename ${schema
      .getPossibleTypes(type)
      .map((of) => `... on ${of.name} { id }`)
      .join(' ')} }`
  if (!isObjectType(type)) return head
  if (depth === 0 || path.includes(type.name)) return ''
  const isConnection = type.name.endsWith('Connection')
  const inner = Object.values(type.getFields())
    // The edges of a connection bring its nodes once more.
    .filter(({ name }) => !isConnection || name === 'nodes')
    .map((child) => selected(child, innerOf(child), isConnection ? depth : depth - 1, [...path, type.name]))
    .filter(Boolean)
  return inner.length === 0 ? '' : `${head} { __typename ${inner.join(' ')} }`
}

/** Only what is required, and short pages. */
const innerOf = (field: GraphQLField<unknown, unknown>): Args => {
  const required = field.args.filter(isRequiredArgument).map(({ name }) => [name, innerArguments[name]])
  return {
    ...Object.fromEntries(required),
    ...(field.args.some(({ name }) => name === 'first') ? { first: 2 } : {}),
  }
}

/** One question for each field below the root's type, so that none is too large. */
function questionsOf(field: GraphQLField<unknown, unknown>, given: Args, where: string): string[] {
  const type = getNamedType(field.type)
  const head = `${field.name}${written(field.args, given, where)}`
  if (!isObjectType(type)) return [selected(field, given, 1, [])]
  return Object.values(type.getFields())
    .map((child) => selected(child, innerOf(child), 2, [type.name]))
    .filter(Boolean)
    .map((child) => `${head} { ${child} }`)
}

function rootQuestions(root: GraphQLObjectType): { where: string; questions: string[] }[] {
  const known = rootArguments()
  return Object.values(root.getFields()).map((field) => {
    const where = `${root.name}.${field.name}`
    const ways = known[where] ?? [{}]
    return { where, questions: ways.flatMap((given) => questionsOf(field, given, where)) }
  })
}

const inPieces = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  )

const marksIn = (text: string): string[] => marks.filter((mark) => text.includes(mark))

/** What shows nothing of any organization, or belongs to who runs the platform. */
const ofNobody = [
  'now',
  'deviceProfiles',
  'unassignedDevices',
  'deadLetters',
  'quarantine',
  'partitionHealth',
]

describe('every query', () => {
  test('shows a member everything of the own organization, and a member of another nothing of it', async () => {
    const ids = new Set<string>()
    let count = 0
    for (const { where, questions } of rootQuestions(schema.getQueryType() as GraphQLObjectType)) {
      const seen = new Set<string>()
      for (const question of questions) {
        const mine = await ask(keys.acme, `{ ${question} }`)
        const code = mine.errors?.[0]?.extensions.code
        expect([undefined, 'FORBIDDEN'], `${mine.text.slice(0, 300)} to ${question}`).toContain(code)
        for (const mark of marksIn(mine.text)) seen.add(mark)
        for (const [, id] of mine.text.matchAll(/"id":"([^"]+)"/g)) if (id !== undefined) ids.add(id)
        // Another text, because the second time a text is compiled, which takes longer than to answer it.
        const others = await ask(keys.zeta, `{ ${question} } #`)
        const asked = marksIn(question)
        expect(
          marksIn(others.text).filter((mark) => !asked.includes(mark)),
          question,
        ).toEqual([])
        expect(JSON.stringify(others.data), question).not.toMatch(new RegExp(asked.join('|') || '^$'))
        count++
      }
      if (!ofNobody.includes(where.replace('Query.', '')))
        expect(seen.size, `${where} showed nothing`).toBeGreaterThan(0)
    }
    expect(count).toBeGreaterThan(50)

    // Whatever has been given an id anywhere is no node for a member of another organization.
    expect(ids.size).toBeGreaterThan(40)
    const types = new Set<string>()
    for (const some of inPieces([...ids], 50)) {
      const single = some.map((id, index) => `n${index}: node(id: ${JSON.stringify(id)}) { __typename id }`)
      const query = `{ nodes(ids: ${JSON.stringify(some)}) { __typename id } ${single.join(' ')} }`
      const mine = (await ask(keys.acme, query)).data?.nodes as ({ __typename: string; id: string } | null)[]
      for (const node of mine) if (node !== null) types.add(node.__typename)
      const others = Object.values((await ask(keys.zeta, `${query} #`)).data ?? {}).flat() as typeof mine
      expect(others).toHaveLength(2 * some.length)
      // A model of device is nobody's.
      expect(others.filter((node) => node !== null && node.__typename !== 'DeviceProfile')).toEqual([])
    }
    expect([...types].sort()).toEqual(
      expect.arrayContaining(['Alert', 'Device', 'Excursion', 'Organization', 'Unit']),
    )
  }, 120_000)

  test('shows nobody anything', async () => {
    for (const { questions } of rootQuestions(schema.getQueryType() as GraphQLObjectType))
      for (const question of questions.slice(0, 1)) await expectRefused(`{ ${question} }`)
    for (const meta of [
      '{ __typename }',
      '{ __schema { types { name } } }',
      '{ __type(name: "Unit") { name } }',
    ])
      await expectRefused(meta)
  })
})

async function expectRefused(query: string): Promise<void> {
  const { data, errors } = await ask(null, query)
  expect([data, errors?.map(({ extensions }) => extensions.code)], query).toEqual([
    null,
    ['NOT_AUTHENTICATED'],
  ])
}

describe('every mutation', () => {
  const tables = ['manual_logs', 'alert_acknowledgements', 'corrective_actions', 'audit_log', 'outbox']
  const counts = async () =>
    (
      await postgres.query(
        `select ${tables.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ')}`,
      )
    ).rows[0]

  test('finds nothing of another organization, is nothing for nobody, and changes nothing then', async () => {
    const before = await counts()
    for (const { questions } of rootQuestions(schema.getMutationType() as GraphQLObjectType))
      for (const question of questions) {
        const others = await ask(keys.zeta, `mutation { ${question} }`)
        expect(others.errors?.[0]?.extensions.code, others.text).toBe('NOT_FOUND')
        await expectRefused(`mutation { ${question} }`)
      }
    expect(await counts()).toEqual(before)
  })
})

describe('every subscription', () => {
  test('to what is of another organization is to what is not there; nobody is let in', async () => {
    const client = await greetedLive(url, `Bearer ${keys.zeta}`)
    for (const { questions } of rootQuestions(schema.getSubscriptionType() as GraphQLObjectType))
      for (const question of questions) {
        client.send({ id: 's', type: 'subscribe', payload: { query: `subscription { ${question} }` } })
        const { type, payload } = await client.next()
        expect([type, payload[0].extensions.code], question).toEqual(['error', 'NOT_FOUND'])
      }
    client.close()
    expect((await (await connectLive(url)).closed).code).toBe(4403)
  })
})
