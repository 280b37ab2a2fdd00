// What is written past GraphQL is what GraphQL would have written: the same questions are asked once more with a directive, of
// which nothing is written ahead, over a database that answers whatever it likes.
import fc from 'fast-check'
import type { GraphQLObjectType } from 'graphql'
import { isLeafType } from 'graphql/index.js'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTo } from './access/access.ts'
import type { Query } from './database.ts'
import { JsonText } from './json-text.ts'
import { createServer } from './server.ts'
import { pack } from './testing/pack.ts'

type App = Awaited<ReturnType<typeof createServer>>
/** Of a property that is asked for, what each row has. */
type Values = (property: string) => unknown[]

const unitIds = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
let values: Values = () => []

/** Of units there are two, and of what comes in columns whatever `values` has. */
const query: Query = async (text) => {
  if (text.includes('string_agg')) {
    const selected = text.slice(0, text.indexOf(' from ('))
    const properties = [...selected.matchAll(/ as "(\w+)"[, ]/g)].map(([, name = '']) => name)
    const columns = Object.fromEntries(properties.map((name) => [name, columnOf(name)]))
    return unitIds.map((parentId) => ({ parentId, ...columns })) as never
  }
  if (text.includes('from units u')) return unitIds.map((id) => ({ id, name: 'A "unit"' })) as never
  return unitIds.map((id) => ({ id, type: 'Unit' })) as never
}

let app: App
let texts = 0
beforeAll(async () => {
  const logger = pino({ level: 'silent' })
  app = await createServer({ access: openTo(query), now: () => new Date('2026-02-03T12:00:00Z'), logger })
  await app.ready()
  app.graphql.addHook('onResolution', async ({ data }) => {
    texts += textsIn(data)
  })
})
afterAll(() => app.close())

const textsIn = (value: unknown): number =>
  value instanceof JsonText
    ? 1
    : typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum: number, inner) => sum + textsIn(inner), 0)
      : 0

const ask = async (text: string, variables: object) => {
  const { statusCode, payload, headers } = await app.inject({
    ...{ method: 'POST', url: '/graphql', payload: { query: text, variables } },
  })
  return { statusCode, payload, type: headers['content-type'] }
}

/** A line each, so that a directive at its end moves nothing that an error could point at. */
const written = (lines: readonly string[]) => lines.join('\n')
const unwritten = (lines: readonly string[], at: number) =>
  written(lines.map((line, i) => (i === at ? `${line} @include(if: true)` : line)))

const connections = {
  rollups: { type: 'Rollup', args: 'granularity: DAY, first: 3' },
  readings: { type: 'Reading', args: 'first: 3' },
} as const

const fieldsOf = (type: string) =>
  Object.values((app.graphql.schema.getType(type) as GraphQLObjectType).getFields()).map((field) => ({
    name: field.name,
    isPlain: isLeafType(field.type) || ('ofType' in field.type && isLeafType(field.type.ofType)),
    args: field.args.map(({ name }) => name),
  }))

const argument: Record<string, fc.Arbitrary<string>> = {
  unit: fc.constantFrom('', '(unit: C)', '(unit: F)', '(unit: $unit)', '(unit: $none)', '(unit: null)'),
  timeZone: fc.constantFrom('(timeZone: "Europe/Berlin")', '(timeZone: "Mars")', '(timeZone: $zone)'),
}

const number = fc.oneof(
  fc.integer({ min: -50, max: 5_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0.1 + 0.2, 1e21, 1e-7, 5e-324),
)
/** Now and then what GraphQL has something to say of. */
const wrong = fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY)

type Kind = 'instant' | 'boolean' | 'id' | 'text' | 'integer' | 'number'

function kindOf(property: string): Kind {
  if (/^(start|end|asOf|recordedAt|receivedAt)$/.test(property)) return 'instant'
  if (/^(isFinal|history|simulated|fault|doorOpen)$/.test(property)) return 'boolean'
  if (/^(unitId|deviceId)$/.test(property)) return 'id'
  if (/^(granularity|gatewayId)$/.test(property)) return 'text'
  return /^(count|revision|doorOpenings|readingsOutOfRange|humidityCount)$/.test(property)
    ? 'integer'
    : 'number'
}

function columnOf(property: string): unknown {
  const kind = kindOf(property)
  if (kind === 'integer' || kind === 'number') return pack('number', values(property))
  return kind === 'instant' ? pack('instant', values(property)) : values(property)
}

const nullable =
  /^(minC|maxC|humidity|humidityMin|humidityMax|temperatureC|battery\w+|rssi|snr|gatewayId|doorOpen)$/

function valuesFor(property: string, isWrong: boolean): fc.Arbitrary<unknown> {
  const value: Record<Kind, fc.Arbitrary<unknown>> = {
    instant: fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2099, 0, 1) }),
    boolean: fc.boolean(),
    id: fc.constantFrom(...unitIds),
    text: property === 'granularity' ? fc.constant('DAY') : fc.string({ unit: 'binary' }),
    integer: isWrong ? fc.option(fc.nat(1e6)) : fc.nat(1e6),
    number: isWrong ? fc.oneof(number, wrong) : number,
  }
  return nullable.test(property) ? fc.option(value[kindOf(property)]) : value[kindOf(property)]
}

const asked = (connection: keyof typeof connections) => {
  const { type, args } = connections[connection]
  const plain = fieldsOf(type).filter(({ isPlain }) => isPlain)
  const field = fc
    .tuple(fc.constantFrom(...plain, { name: '__typename', args: [], isPlain: true }), fc.nat(3))
    .chain(
      ([
        {
          name,
          args: [arg],
        },
        alias,
      ]) =>
        (arg === undefined ? fc.constant('') : (argument[arg] ?? fc.constant(''))).map((given) => ({
          text: `${alias === 0 ? '' : `a${alias}_${name}_${given.replace(/\W/g, '')}: `}${name}${given}`,
          key: alias === 0 ? name : `${alias}${name}${given}`,
        })),
    )
  const fields = fc.uniqueArray(field, { minLength: 1, maxLength: 8, selector: ({ key }) => key })
  const shape = fc.constantFrom('plain', 'fragment', 'inline', 'twice', 'info')
  return fc.tuple(fields, shape).map(([chosen, how]) => {
    const texts = chosen.map(({ text }) => text)
    const list = {
      plain: ['nodes {', ...texts, '}'],
      fragment: ['nodes {', '...More', '}'],
      inline: ['... {', 'nodes {', `... on ${type} {`, ...texts, '}', '}', '}'],
      twice: ['first: nodes {', ...texts, '}', 'nodes {', ...texts, '}', 'nodes {', ...texts, '}'],
      info: ['pageInfo { hasNextPage endCursor }', '__typename', 'nodes {', ...texts, '}'],
    }[how]
    const used = (name: string) => texts.some((text) => text.includes(name))
    const lines = [
      'query ($ids: [ID!]!',
      ...(used('$unit') ? ['$unit: TemperatureUnit'] : []),
      ...(used('$none') ? ['$none: TemperatureUnit'] : []),
      ...(used('$zone') ? ['$zone: String = "UTC"'] : []),
      ...[') {', 'now', 'nodes(ids: $ids) { ... on Unit { name', `list: ${connection}(${args}) {`],
      ...[...list, '}', '} }', '}'],
      ...(how === 'fragment' ? [`fragment More on ${type} {`, ...texts, '}'] : []),
    ]
    return { lines, at: lines.lastIndexOf(texts.at(-1) ?? '') }
  })
}

test.each(['rollups', 'readings'] as const)('%s are written as GraphQL writes them', async (connection) => {
  const before = texts
  await fc.assert(
    fc.asyncProperty(
      asked(connection),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
      fc.constantFrom('C', 'F', null),
      async ({ lines, at }, isWrong, seeds, unit) => {
        const table = new Map<string, unknown[]>()
        values = (property) => {
          const known = table.get(property)
          if (known !== undefined) return known
          const { value: seed } = seeds.next()
          const column = fc.sample(fc.array(valuesFor(property, isWrong), { minLength: 4, maxLength: 4 }), {
            ...{ seed, numRuns: 1 },
          })[0]
          table.set(property, column ?? [])
          return column ?? []
        }
        const variables = { ids: unitIds, unit }
        // From the second time on it is compiled.
        for (let round = 0; round < 2; round += 1)
          expect(await ask(written(lines), variables)).toEqual(await ask(unwritten(lines, at), variables))
      },
    ),
    { numRuns: 60 },
  )
  expect(texts - before).toBeGreaterThan(100)
})
