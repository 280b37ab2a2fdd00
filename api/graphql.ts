// GraphQL on Fastify: the schema files, the resolvers and loaders, limits, and errors that carry a code and
// advice.
import type { FastifyInstance } from 'fastify'
import { type DocumentNode, GraphQLError, Kind, type OperationDefinitionNode } from 'graphql/index.js'
import mercurius, { type IResolvers, type MercuriusLoaders } from 'mercurius'
import { accessOf } from './access/hook.ts'
import { adviceOf, codeOfFailure, messageOutside, type RefusalCode, statusOf } from './errors.ts'
import { checkLimits, TOKENS_MAX } from './limits.ts'
import { loaders, type RequestContext } from './loaders.ts'
import type { Metrics } from './metrics.ts'
import type { DeviceProfiles } from './profiles.ts'
import { resolversWith } from './resolvers.ts'
import { describeStandards, schemaText } from './schema-text.ts'

type Options = { now: () => Date; metrics: Metrics; profiles: DeviceProfiles }

export async function addGraphql(app: FastifyInstance, { now, metrics, profiles }: Options): Promise<void> {
  await app.register(mercurius, {
    schema: schemaText(),
    resolvers: resolversWith(profiles) as unknown as IResolvers,
    loaders: loaders as unknown as MercuriusLoaders,
    context: (request): RequestContext => ({
      access: accessOf(request),
      query: accessOf(request).query,
      now: now(),
    }),
    jit: 1,
    graphql: { parseOptions: { maxTokens: TOKENS_MAX } },
    errorFormatter: (execution, context) => {
      const errors = (execution.errors ?? []).flatMap(unwrapped).map(describe)
      for (const { extensions } of errors) metrics.graphqlErrors.inc({ code: extensions.code })
      const log = context.reply?.log ?? app.log
      for (const { cause, extensions } of errors)
        if (extensions.code === 'INTERNAL') log.error({ err: cause }, 'a query failed')
      const wasExecuted = execution.data !== undefined && execution.data !== null
      const statusCode = wasExecuted ? 200 : statusOf(errors[0]?.extensions.code)
      return { statusCode, response: { data: execution.data ?? null, errors: errors.map(shown) } }
    },
  })
  describeStandards(app.graphql.schema)
  app.graphql.addHook('preExecution', async (_schema, document, context) => {
    const { operationName, variables } = requestOf(context)
    const operation = operationOf(document, operationName)
    if (operation === undefined) return undefined
    checkLimits(document, operation, variables)
    // A compiled query is kept by its text alone, so of a text with several operations only the asked one may
    // count.
    return operationsIn(document).length > 1 ? { document: withOnly(document, operation) } : undefined
  })
}

type Asked = { operationName?: string | null; variables?: Record<string, unknown> | string | null }

function requestOf(context: object): {
  operationName: string | undefined
  variables: Record<string, unknown>
} {
  const { request } = (context as { reply: { request: { body?: unknown; query?: unknown } } }).reply
  const { operationName, variables } = (request.body ?? request.query ?? {}) as Asked
  const given: unknown = typeof variables === 'string' ? JSON.parse(variables) : variables
  return { operationName: operationName ?? undefined, variables: (given ?? {}) as Record<string, unknown> }
}

const operationsIn = (document: DocumentNode): OperationDefinitionNode[] =>
  document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)

function operationOf(document: DocumentNode, name: string | undefined): OperationDefinitionNode | undefined {
  const operations = operationsIn(document)
  return name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name)
}

const withOnly = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => ({
  ...document,
  definitions: document.definitions.filter(
    (definition) => definition === operation || definition.kind !== Kind.OPERATION_DEFINITION,
  ),
})

type Described = {
  message: string
  locations: GraphQLError['locations']
  path: GraphQLError['path']
  extensions: { code: string; advice: string }
  cause: unknown
}

/** mercurius wraps the errors of a refused query into one. */
function unwrapped(error: GraphQLError): Error[] {
  const inner = error.originalError as (Error & { errors?: Error[] }) | undefined
  return Array.isArray(inner?.errors) ? inner.errors : [error]
}

function describe(error: Error): Described {
  const { locations, path } =
    error instanceof GraphQLError ? error : { locations: undefined, path: undefined }
  const code = codeOf(error)
  const advice = adviceOf(code)
  return {
    message: messageOutside(error, code),
    locations,
    path,
    extensions: { code, advice },
    cause: causeOf(error),
  }
}

const causeOf = (error: Error): unknown =>
  error instanceof GraphQLError ? (error.originalError ?? error) : error

function codeOf(error: Error): RefusalCode {
  const own = error instanceof GraphQLError ? error.extensions.code : undefined
  if (typeof own === 'string' && adviceOf(own as RefusalCode) !== undefined) return own as RefusalCode
  const cause = causeOf(error)
  if (cause !== error) return codeOfCause(cause)
  return error instanceof GraphQLError ? 'INVALID_QUERY' : codeOfCause(error)
}

/** Fastify's and mercurius' own refusals carry a status of their own below 500. */
function codeOfCause(cause: unknown): RefusalCode {
  if (cause instanceof GraphQLError) return codeOf(cause)
  const { code, statusCode } = cause as { code?: string; statusCode?: number }
  if (code?.startsWith('FST_ERR_CTP') || cause instanceof SyntaxError) return 'NOT_JSON'
  return statusCode !== undefined && statusCode < 500 ? 'INVALID_QUERY' : codeOfFailure(cause)
}

const shown = ({ message, locations, path, extensions }: Described) => ({
  message,
  ...(locations ? { locations } : {}),
  ...(path ? { path } : {}),
  extensions,
})
