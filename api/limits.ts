// What one query may ask for. Page sizes multiply down the path, so the limit is on their product: the rows
// that a query could bring, with guesses for lists that have no page size. Counted with the variables, before
// anything is executed.
import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql'
import { refusal } from './errors.ts'
import { PAGE_DEFAULT } from './page.ts'

export const DEPTH_MAX = 12
export const ROWS_MAX = 1_000_000
/** Tokens of a query's text; a parser is not to be kept busy by a megabyte of brackets. */
export const TOKENS_MAX = 5_000

/** How many elements a list without a page size is taken to have. */
const guesses: Readonly<Record<string, number>> = {
  organizations: 5,
  sites: 10,
  areas: 5,
  units: 25,
  devices: 3,
}
const connections = new Set([
  'readings',
  'excursions',
  'doorOpenings',
  'doorEvents',
  'silences',
  'statusHistory',
  'alerts',
  'rollups',
])

type Variables = Readonly<Record<string, unknown>>
type Walk = { document: DocumentNode; variables: Variables }
type Selections = OperationDefinitionNode['selectionSet']

export function checkLimits(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): void {
  const { depth, rows } = measure(operation.selectionSet, { document, variables })
  if (depth > DEPTH_MAX)
    throw refusal('TOO_DEEP', `The query is ${depth} levels deep; ${DEPTH_MAX} are allowed.`)
  if (rows > ROWS_MAX)
    throw refusal('TOO_COMPLEX', `The query could bring ${rows} rows; ${ROWS_MAX} are allowed.`)
}

function measure(selections: Selections, walk: Walk): { depth: number; rows: number } {
  let depth = 0
  let rows = 0
  for (const field of fieldsOf(selections, walk.document)) {
    // Introspection is deep by nature and costs no row.
    if (field.name.value.startsWith('__')) continue
    const below = field.selectionSet ? measure(field.selectionSet, walk) : { depth: 0, rows: 0 }
    const elements = elementsOf(field, walk.variables)
    depth = Math.max(depth, 1 + below.depth)
    rows += field.selectionSet ? elements * (1 + below.rows) : 0
  }
  return { depth, rows }
}

function fieldsOf(selections: Selections, document: DocumentNode): FieldNode[] {
  return selections.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, document)
    const fragment = document.definitions.find(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
    )
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(fragment.selectionSet, document) : []
  })
}

function elementsOf(field: FieldNode, variables: Variables): number {
  const name = field.name.value
  if (connections.has(name))
    return argument(field, 'first', variables) ?? argument(field, 'last', variables) ?? PAGE_DEFAULT
  if (name === 'temperatureSeries') return argument(field, 'maxPoints', variables) ?? 500
  return guesses[name] ?? 1
}

function argument(field: FieldNode, name: string, variables: Variables): number | undefined {
  const value = field.arguments?.find((candidate) => candidate.name.value === name)?.value
  return value === undefined ? undefined : numberOf(value, variables)
}

function numberOf(value: ValueNode, variables: Variables): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value)
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined
  return typeof given === 'number' ? given : undefined
}
