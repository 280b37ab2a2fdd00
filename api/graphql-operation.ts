// Which operation of a text is asked, with which variables: of a request over HTTP, alone or in a batch.
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql/index.js'

export type AskedOperation = {
  query?: string | null
  operationName?: string | null
  variables?: Record<string, unknown> | string | null
  extensions?: Record<string, unknown> | string | null
}

/** mercurius' context of an operation. */
type Context = { operationId?: number; reply: { request: { body?: unknown; query?: unknown } } }

export function askedIn(context: object): {
  operationName: string | undefined
  variables: Record<string, unknown>
} {
  const { operationId, reply } = context as Context
  const { body, query } = reply.request
  const asked = (Array.isArray(body) ? body[operationId ?? 0] : (body ?? query)) ?? {}
  const { operationName, variables } = asked as AskedOperation
  const given: unknown = typeof variables === 'string' ? JSON.parse(variables) : variables
  return { operationName: operationName ?? undefined, variables: (given ?? {}) as Record<string, unknown> }
}

export const operationsIn = (document: DocumentNode): OperationDefinitionNode[] =>
  document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)

export function operationOf(
  document: DocumentNode,
  name: string | undefined,
): OperationDefinitionNode | undefined {
  const operations = operationsIn(document)
  return name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name)
}

export const withOnly = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => ({
  ...document,
  definitions: document.definitions.filter(
    (definition) => definition === operation || definition.kind !== Kind.OPERATION_DEFINITION,
  ),
})
