// GraphQL on Fastify: the schema files, the resolvers and loaders, limits, and errors that carry a code and
// advice.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import mercurius, { type IResolvers } from 'mercurius'
import { accessOf } from './access/hook.ts'
import { resolversOf } from './batching.ts'
import { type EntryStore, entryResolversOf } from './entries/resolvers.ts'
import { refusal, statusOf } from './errors.ts'
import { shownErrors } from './graphql-errors.ts'
import { type AskedOperation, askedIn, operationOf, operationsIn, withOnly } from './graphql-operation.ts'
import { jsonWithTexts } from './json-text.ts'
import { announced, BATCH_MAX, type Cost, checkLimits, TOKENS_MAX } from './limits.ts'
import { liveResolvers } from './live/resolvers.ts'
import { loaders, type RequestContext } from './loaders.ts'
import type { Metrics } from './metrics.ts'
import type { PersistedOperations } from './persisted.ts'
import type { DeviceProfiles } from './profiles.ts'
import { resolversWith } from './resolvers.ts'
import { describeStandards, schemaText } from './schema-text.ts'
import { putWritten } from './written-nodes.ts'

type Options = {
  now: () => Date
  metrics: Metrics
  profiles: DeviceProfiles
  persisted: PersistedOperations
  entries: EntryStore
}

export async function addGraphql(
  app: FastifyInstance,
  { now, metrics, profiles, persisted, entries }: Options,
): Promise<void> {
  await app.register(mercurius, {
    schema: schemaText(),
    resolvers: everyField(
      { ...resolversWith(profiles), ...liveResolvers, ...entryResolversOf(entries) },
      resolversOf(loaders),
    ),
    context: (request): RequestContext => ({
      access: accessOf(request),
      query: accessOf(request).query,
      now: now(),
    }),
    jit: 1,
    allowBatchedQueries: true,
    graphql: { parseOptions: { maxTokens: TOKENS_MAX } },
    errorFormatter: (execution, context) => {
      const errors = shownErrors(execution.errors ?? [], metrics, context.reply?.log ?? app.log)
      const wasExecuted = execution.data !== undefined && execution.data !== null
      const statusCode = wasExecuted ? 200 : statusOf(errors[0]?.extensions.code)
      return { statusCode, response: { data: execution.data ?? null, errors: errors as never } }
    },
  })
  describeStandards(app.graphql.schema)
  addLimits(app)
  addWritten(app)
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.url === '/graphql' && !request.ws) putTexts(request, persisted)
  })
}

type Fields = Record<string, unknown>

/** What is computed and what is batched, type by type. */
const everyField = (computed: Record<string, unknown>, batched: Record<string, Fields>): IResolvers =>
  ({
    ...computed,
    ...Object.fromEntries(
      Object.entries(batched).map(([type, fields]) => [
        type,
        { ...(computed[type] as Fields | undefined), ...fields },
      ]),
    ),
  }) as IResolvers

type CountedRequest = FastifyRequest & { cost?: number }
type CountedContext = { reply: { request: CountedRequest }; cost?: Cost }

function addLimits(app: FastifyInstance): void {
  app.graphql.addHook('preExecution', async (schema: GraphQLSchema, document, context) => {
    const { operationName, variables } = askedIn(context)
    const operation = operationOf(document, operationName)
    if (operation === undefined) return undefined
    if (operation.operation === 'subscription')
      throw refusal('NOT_OVER_HTTP', 'Subscriptions are answered over WebSocket only.')
    const counted = context as unknown as CountedContext
    const { request } = counted.reply
    counted.cost = checkLimits({ schema, document, operation, variables }, request.cost)
    request.cost = (request.cost ?? 0) + counted.cost.cost
    // A compiled query is kept by its text alone, so of a text with several operations only the asked one may
    // count.
    return operationsIn(document).length > 1 ? { document: withOnly(document, operation) } : undefined
  })
  app.graphql.addHook('onResolution', async (execution, context) => {
    const { cost } = context as unknown as CountedContext
    if (cost !== undefined) execution.extensions = { ...execution.extensions, ...announced(cost) }
  })
}

/** What the loaders have written already stands in the data as it is. */
function addWritten(app: FastifyInstance): void {
  app.graphql.addHook('onResolution', async ({ data }, context) => {
    // Its type says string; it sends bytes as well.
    const serialize = jsonWithTexts as unknown as (payload: unknown) => string
    if (putWritten(context, data)) context.reply.type('application/json; charset=utf-8').serializer(serialize)
  })
}

/** Persisted operations get their texts; a batch, its limit. */
function putTexts({ body, query, method }: FastifyRequest, persisted: PersistedOperations): void {
  const asked = (method === 'GET' ? query : body) as AskedOperation | AskedOperation[] | null | undefined
  if (Array.isArray(asked) && asked.length > BATCH_MAX)
    throw refusal('BATCH_TOO_LARGE', `The batch has ${asked.length} operations; ${BATCH_MAX} are allowed.`)
  for (const one of Array.isArray(asked) ? asked : [asked])
    if (typeof one === 'object' && one !== null && isReadable(one)) {
      const { query: text, extensions } = one
      const parsed: unknown = typeof extensions === 'string' ? JSON.parse(extensions) : extensions
      one.query = persisted.textOf({ query: text ?? null, extensions: parsed })
    }
}

/** What is not of the form is refused by its schema. */
const isReadable = ({ query }: AskedOperation): boolean => query == null || typeof query === 'string'
