// The schema as one text: the files, the connections that they name, and a description for whatever means the same wherever
// it stands.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GraphQLSchema } from 'graphql'

const files = [
  ...['schema.graphql', 'telemetry.graphql', 'rollups.graphql'],
  ...['places.graphql', 'operations.graphql', 'live/live.graphql', 'entries/entries.graphql'],
]

const texts = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))

const nodeTypes = [
  ...new Set(
    texts.flatMap((text) => [...text.matchAll(/: (\w+)Connection!/g)].map(([, name]) => name ?? '')),
  ),
]

export const connectionTypes = (): string[] => nodeTypes.map((name) => `${name}Connection`)

export const schemaText = (): string[] => [...texts, ...nodeTypes.map(connectionOf)]

function connectionOf(node: string): string {
  return `
"A page."
type ${node}Connection {
  "What is on the page, in order."
  nodes: [${node}!]!
  "The same with a cursor each."
  edges: [${node}Edge!]!
  "Where the page lies in the whole."
  pageInfo: PageInfo!
}

"One place of a page."
type ${node}Edge {
  "Opaque: hand it back as \`after\` or \`before\`."
  cursor: String!
  "What stands there."
  node: ${node}!
}
`
}

const ofArguments: Readonly<Record<string, string>> = {
  first: 'How many at most from the beginning, or from `after`: 1 to 1000.',
  after: 'Only what follows this cursor.',
  last: 'How many at most before the end, or before `before`: 1 to 1000.',
  before: 'Only what lies before this cursor.',
  from: 'Only from this instant on; inclusive.',
  to: 'Only before this instant; exclusive.',
  open: 'Only what goes on.',
  unit: 'In °C or °F.',
  granularity: 'The length of the windows.',
  gaps: 'What stands for a window in which nothing was known.',
  timeZone:
    "IANA name of the zone by whose clock windows are cut, not given: each unit's site's own. Made of hours, which are never cut: one " +
    'counts where it starts.',
}

const ofFields: Readonly<Record<string, string>> = {
  id: 'Unique over all types; opaque.',
  name: 'As people call it.',
  organizationId: 'Whose it is.',
  unitId: 'The unit that it belongs to.',
  deviceId: 'The device that said so.',
  state: 'Whether it goes on.',
  revision: 'Grows with each correction.',
}

/** What has a description of its own keeps it. */
export function describeStandards(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || !('getFields' in type)) continue
    for (const field of Object.values(type.getFields())) {
      field.description ??= ofFields[field.name]
      if (!('args' in field)) continue
      for (const argument of field.args) argument.description ??= ofArguments[argument.name]
    }
  }
}
