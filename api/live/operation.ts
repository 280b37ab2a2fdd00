// A subscription's text → what it asks for, and how an event is answered. Equal texts with equal variables answer with the same
// bytes, so that an event that a thousand dashboards are told of is rendered once.
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql/index.js'
import { refusal } from '../errors.ts'
import { checkLimits, TOKENS_MAX } from '../limits.ts'
import type { LiveField } from './events.ts'

export type Asked = {
  query: string
  variables?: Record<string, unknown> | null
  operationName?: string | null
}

export type LiveArgs = {
  unit?: string | null
  site?: string | null
  organization?: string | null
  after?: string | null
  includeSimulated?: boolean | null
}

export type Operation = { kind: 'question' } | ({ kind: 'subscription' } & LiveOperation)

export type LiveOperation = {
  field: LiveField
  args: LiveArgs
  /** The payload of a `next` message. */
  render: (row: object) => string
}

const TEXTS_MAX = 1_000
const RENDERERS_MAX = 1_000

type Format = (errors: readonly GraphQLError[]) => object[]

export class Operations {
  readonly #schema: () => GraphQLSchema
  readonly #format: Format
  readonly #documents = new Map<string, DocumentNode>()
  readonly #renderers = new Map<string, LiveOperation['render']>()

  constructor(schema: () => GraphQLSchema, format: Format) {
    this.#schema = schema
    this.#format = format
  }

  /** Throws a refusal, GraphQL's own errors, or several of them as `errors` of one. */
  prepare(asked: Asked): Operation {
    const document = this.#documentOf(asked.query)
    const operation = getOperationAST(document, asked.operationName)
    if (operation == null)
      throw refusal('INVALID_QUERY', 'Name the operation that is to be executed: `operationName`.')
    if (operation.operation !== 'subscription') return { kind: 'question' }
    checkLimits({ schema: this.#schema(), document, operation, variables: asked.variables ?? {} })
    return { kind: 'subscription', ...this.#subscription(document, operation, asked) }
  }

  #documentOf(text: string): DocumentNode {
    const known = this.#documents.get(text)
    if (known !== undefined) return known
    const document = parse(text, { maxTokens: TOKENS_MAX })
    const errors = validate(this.#schema(), document, specifiedRules, { maxErrors: 10 })
    if (errors.length > 0) throw Object.assign(new GraphQLError('The subscription is not valid.'), { errors })
    if (this.#documents.size >= TEXTS_MAX) this.#documents.clear()
    this.#documents.set(text, document)
    return document
  }

  #subscription(document: DocumentNode, operation: OperationDefinitionNode, asked: Asked): LiveOperation {
    const schema = this.#schema()
    const given = getVariableValues(schema, operation.variableDefinitions ?? [], asked.variables ?? {})
    if (given.errors !== undefined)
      throw Object.assign(new GraphQLError('Variables'), { errors: given.errors })
    const node = operation.selectionSet.selections[0]
    const definition =
      node?.kind === Kind.FIELD ? schema.getSubscriptionType()?.getFields()[node.name.value] : undefined
    if (node?.kind !== Kind.FIELD || definition === undefined)
      throw refusal('INVALID_QUERY', 'A subscription names its one field itself, not by a fragment.')
    const args = getArgumentValues(definition, node, given.coerced) as LiveArgs
    const { query, operationName, variables } = asked
    const key = JSON.stringify([query, operationName ?? null, variables ?? {}])
    const render = this.#renderers.get(key) ?? this.#rendererOf(document, asked, node.name.value)
    if (this.#renderers.size >= RENDERERS_MAX) this.#renderers.clear()
    this.#renderers.set(key, render)
    return { field: node.name.value as LiveField, args, render }
  }

  #rendererOf(document: DocumentNode, asked: Asked, field: string): LiveOperation['render'] {
    const { variables, operationName } = asked
    let last: { row: object; text: string } | undefined
    return (row) => {
      if (last?.row === row) return last.text
      // No field of an event waits for anything, so the result is there at once.
      const { data, errors } = execute({
        schema: this.#schema(),
        document,
        rootValue: { [field]: row },
        contextValue: {},
        variableValues: variables ?? {},
        operationName: operationName ?? null,
      }) as ExecutionResult
      const text = JSON.stringify(
        errors === undefined ? { data } : { data: data ?? null, errors: this.#format(errors) },
      )
      last = { row, text }
      return text
    }
  }
}
