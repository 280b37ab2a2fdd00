// What one operation may ask for. Page sizes multiply down the path, so the limit is on their product: cost = first × children,
// the rows that it could bring, with guesses for lists that have no page size. Counted with the variables, before anything is
// executed; over HTTP and over WebSocket alike; and announced in the answer's `extensions`.
import type {
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import { getNamedType, getNullableType, isListType, Kind } from 'graphql/index.js'
import { refusal } from './errors.ts'
import { PAGE_DEFAULT } from './page.ts'

export const DEPTH_MAX = 12
export const COST_MAX = 1_000_000
export const ALIASES_MAX = 100
/** Operations of one request. Their costs are counted together. */
export const BATCH_MAX = 10
/** Tokens of a query's text; a parser is not to be kept busy by a megabyte of brackets. */
export const TOKENS_MAX = 5_000

/** How many elements a list without a page size is taken to have. */
const guesses: Readonly<Record<string, number>> = {
  organizations: 5,
  units: 25,
  // The connection around them has been counted.
  nodes: 1,
  edges: 1,
}
const LIST_GUESS = 10

type Variables = Readonly<Record<string, unknown>>
export type Cost = { depth: number; cost: number; aliases: number }
export type Measured = {
  schema: GraphQLSchema
  document: DocumentNode
  operation: OperationDefinitionNode
  variables: Variables
}

/** Throws a refusal; else what is announced. `before`: what other operations of the same request cost. */
export function checkLimits(measured: Measured, before = 0): Cost {
  const { depth, cost, aliases } = costOf(measured)
  if (depth > DEPTH_MAX)
    throw refusal('TOO_DEEP', `The query is ${depth} levels deep; ${DEPTH_MAX} are allowed.`)
  if (aliases > ALIASES_MAX)
    throw refusal('TOO_MANY_ALIASES', `The query has ${aliases} aliases; ${ALIASES_MAX} are allowed.`)
  if (cost + before > COST_MAX)
    throw refusal('TOO_COMPLEX', `The query could bring ${cost + before} rows; ${COST_MAX} are allowed.`)
  return { depth, cost, aliases }
}

/** For the answer: what was counted, and of how much. */
export const announced = ({ depth, cost, aliases }: Cost) => ({
  cost: { cost, costMax: COST_MAX, depth, depthMax: DEPTH_MAX, aliases, aliasesMax: ALIASES_MAX },
})

function costOf({ schema, document, operation, variables }: Measured): Cost {
  const walk = new Walk(schema, document, variables)
  return walk.ofSet(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined)
}

const nothing: Cost = { depth: 0, cost: 0, aliases: 0 }

class Walk {
  readonly #schema: GraphQLSchema
  readonly #variables: Variables
  readonly #fragments: ReadonlyMap<string, { set: SelectionSetNode; on: string }>
  /** Fragments within fragments would be walked a million times. */
  readonly #known = new Map<SelectionSetNode, Cost>()

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema
    this.#variables = variables
    this.#fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION
          ? [
              [
                definition.name.value,
                { set: definition.selectionSet, on: definition.typeCondition.name.value },
              ] as const,
            ]
          : [],
      ),
    )
  }

  /** A selection set stands at one place, or in a fragment of one type: so its type is always the same. */
  ofSet(set: SelectionSetNode, type: GraphQLNamedType | undefined): Cost {
    const known = this.#known.get(set)
    if (known !== undefined) return known
    const sum = set.selections
      .map((selection) => this.#ofSelection(selection, type))
      .reduce(together, nothing)
    this.#known.set(set, sum)
    return sum
  }

  #ofSelection(selection: SelectionNode, type: GraphQLNamedType | undefined): Cost {
    if (selection.kind === Kind.FIELD) return this.#ofField(selection, type)
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const on = selection.typeCondition?.name.value
      return this.ofSet(selection.selectionSet, on === undefined ? type : this.#schema.getType(on))
    }
    const fragment = this.#fragments.get(selection.name.value)
    return fragment === undefined ? nothing : this.ofSet(fragment.set, this.#schema.getType(fragment.on))
  }

  #ofField(field: FieldNode, type: GraphQLNamedType | undefined): Cost {
    const aliases = field.alias === undefined ? 0 : 1
    // Introspection is deep by nature and costs no row.
    if (field.name.value.startsWith('__')) return { ...nothing, aliases }
    const definition =
      type !== undefined && 'getFields' in type ? type.getFields()[field.name.value] : undefined
    if (field.selectionSet === undefined) return { depth: 1, cost: 0, aliases }
    const output = definition as GraphQLField<unknown, unknown> | undefined
    const below = this.ofSet(field.selectionSet, output && getNamedType(output.type))
    return {
      depth: 1 + below.depth,
      cost: this.#elementsOf(field, output) * (1 + below.cost),
      aliases: aliases + below.aliases,
    }
  }

  #elementsOf(field: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number {
    const sizes = (definition?.args ?? []).filter(({ name }) => sizeArguments.includes(name))
    if (sizes.length > 0) {
      const given = sizes.map(({ name }) => this.#argument(field, name)).filter((size) => size !== undefined)
      const standard = sizes.find(({ defaultValue }) => typeof defaultValue === 'number')?.defaultValue
      return Math.max(0, ...(given.length > 0 ? given : [Number(standard ?? PAGE_DEFAULT)]))
    }
    if (definition === undefined || !isListType(getNullableType(definition.type))) return 1
    return guesses[field.name.value] ?? LIST_GUESS
  }

  #argument(field: FieldNode, name: string): number | undefined {
    const value = field.arguments?.find((candidate) => candidate.name.value === name)?.value
    return value === undefined ? undefined : numberOf(value, this.#variables)
  }
}

/** What says how many elements a field brings. */
const sizeArguments: readonly string[] = ['first', 'last', 'maxPoints', 'downsample']

const together = (a: Cost, b: Cost): Cost => ({
  depth: Math.max(a.depth, b.depth),
  cost: a.cost + b.cost,
  aliases: a.aliases + b.aliases,
})

function numberOf(value: ValueNode, variables: Variables): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value)
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined
  return typeof given === 'number' ? given : undefined
}
