// The schema as its readers see it: nothing without a meaning, no number without a unit, no list that goes on without a cursor.
import {
  buildSchema,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isObjectType,
} from 'graphql/index.js'
import { expect, test } from 'vitest'
import { connectionTypes, describeStandards, schemaText } from './schema-text.ts'

const schema = buildSchema(schemaText().join('\n'))
describeStandards(schema)
const types: GraphQLNamedType[] = Object.values(schema.getTypeMap()).filter(
  ({ name }) => !name.startsWith('__') && !['ID', 'Int', 'Float', 'String', 'Boolean'].includes(name),
)
const fieldsOf = (type: GraphQLNamedType) =>
  isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []

test('every type, field, argument and value of an enum says what it means', () => {
  const silent = types.flatMap((type) => [
    ...(type.description ? [] : [type.name]),
    ...fieldsOf(type).flatMap((field) => [
      ...(field.description ? [] : [`${type.name}.${field.name}`]),
      ...field.args
        .filter(({ description }) => !description)
        .map(({ name }) => `${type.name}.${field.name}(${name})`),
    ]),
    ...(isEnumType(type)
      ? type
          .getValues()
          .filter(({ description }) => !description)
          .map(({ name }) => `${type.name}.${name}`)
      : []),
  ])
  expect(silent).toEqual([])
  expect(types.length).toBeGreaterThan(60)
})

const unit =
  /°C|%|\bV\b|dBm|dB\b|[Ss]econds|[Mm]inutes|[Dd]ays|[Dd]egrees north|[Dd]egrees east|[Mm]etres|0 to 1|[Bb]ytes|[Rr]ows|[Cc]heck-ins|in a row/

test('every number says its unit, or takes °C or °F by argument', () => {
  const unitless = types.flatMap((type) =>
    fieldsOf(type)
      .filter(({ type: of }) => String(of).replace(/[[\]!]/g, '') === 'Float')
      .filter(({ args }) => !args.some(({ name }) => name === 'unit'))
      .filter(({ description }) => !unit.test(description ?? ''))
      .map(({ name, description }) => `${type.name}.${name}: ${description}`),
  )
  expect(unitless).toEqual([])
})

test('what is paged is paged by cursors, over nodes and edges alike, and nothing by offsets', () => {
  expect(connectionTypes().length).toBeGreaterThan(14)
  for (const type of types)
    for (const field of fieldsOf(type)) {
      const names = field.args.map(({ name }) => name)
      expect(
        names.filter((name) => /offset|skip|page$/i.test(name)),
        `${type.name}.${field.name}`,
      ).toEqual([])
      if (!String(field.type).endsWith('Connection!')) continue
      expect(names, `${type.name}.${field.name}`).toEqual(
        expect.arrayContaining(['first', 'after', 'last', 'before']),
      )
    }
  for (const name of connectionTypes())
    expect(fieldsOf(schema.getType(name) as GraphQLNamedType).map((field) => field.name)).toEqual([
      'nodes',
      'edges',
      'pageInfo',
    ])
})

/** Lists that cannot grow: one's organizations, what was asked for by id, and what stands under one event. */
const short = [
  ...['Query.organizations', 'Query.nodes', 'Query.deviceProfiles', 'GatewayIncident.units'],
  'Alert.correctiveActions',
]

test('every list of nodes that can grow is a connection', () => {
  const lists = types
    .filter(({ name }) => !/Connection$/.test(name))
    .flatMap((type) =>
      fieldsOf(type)
        .filter(({ type: of }) => String(of).startsWith('[') && isNode(getNamedType(of)))
        .map(({ name }) => `${type.name}.${name}`),
    )
  expect(lists.sort()).toEqual(short.sort())
})

const isNode = (type: GraphQLNamedType) =>
  type.name === 'Node' || (isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'))

/** News of a node, under its id; and what has just been entered. */
const ofNodes = ['UnitStatusEvent', 'AlertEvent', 'Entry']

test('what has an id is a node', () => {
  const ided = types.filter(
    (type) =>
      isObjectType(type) && !ofNodes.includes(type.name) && fieldsOf(type).some(({ name }) => name === 'id'),
  )
  const nodes = ided.filter((type) =>
    isObjectType(type) ? type.getInterfaces().some(({ name }) => name === 'Node') : false,
  )
  expect(ided.filter((type) => !nodes.includes(type)).map(({ name }) => name)).toEqual([])
  expect(nodes.length).toBeGreaterThan(16)
})
