// What GraphQL's answers say of errors, over HTTP and over WebSocket alike: a message, a code, advice; and what happened inside
// goes to the log.
import type { FastifyBaseLogger } from 'fastify'
import { GraphQLError } from 'graphql/index.js'
import { adviceOf, codeOfFailure, messageOutside, ownCode, type RefusalCode } from './errors.ts'
import type { Metrics } from './metrics.ts'

export type ShownError = {
  message: string
  locations?: GraphQLError['locations']
  path?: GraphQLError['path']
  extensions: { code: RefusalCode; advice: string }
}

/** Counts them, too. */
export function shownErrors(
  errors: readonly Error[],
  { graphqlErrors }: Pick<Metrics, 'graphqlErrors'>,
  log: FastifyBaseLogger,
): ShownError[] {
  const described = errors.flatMap(unwrapped).map(describe)
  for (const { extensions, cause } of described) {
    graphqlErrors.inc({ code: extensions.code })
    if (extensions.code === 'INTERNAL') log.error({ err: cause }, 'a query failed')
  }
  return described.map(shown)
}

/** mercurius wraps the errors of a refused query into one, and so do we. */
function unwrapped(error: Error): Error[] {
  const outer = error instanceof GraphQLError && error.originalError ? error.originalError : error
  const { errors } = outer as { errors?: Error[] }
  return errors?.every((inner) => inner instanceof GraphQLError) ? errors : [error]
}

type Described = {
  message: string
  locations: GraphQLError['locations']
  path: GraphQLError['path']
  extensions: { code: RefusalCode; advice: string }
  cause: unknown
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
  const own = error instanceof GraphQLError ? ownCode(error) : undefined
  if (typeof own === 'string' && adviceOf(own as RefusalCode) !== undefined) return own as RefusalCode
  const cause = causeOf(error)
  if (cause !== error) return codeOfCause(cause)
  return error instanceof GraphQLError ? 'INVALID_QUERY' : codeOfCause(error)
}

/** Fastify's and mercurius' own refusals carry a status of their own below 500. */
function codeOfCause(cause: unknown): RefusalCode {
  if (cause instanceof GraphQLError) return codeOf(cause)
  const { code, statusCode } = cause as { code?: unknown; statusCode?: number }
  if (String(code).startsWith('FST_ERR_CTP') || cause instanceof SyntaxError) return 'NOT_JSON'
  return statusCode !== undefined && statusCode < 500 ? 'INVALID_QUERY' : codeOfFailure(cause)
}

const shown = ({ message, locations, path, extensions }: Described): ShownError => ({
  message,
  ...(locations ? { locations } : {}),
  ...(path ? { path } : {}),
  extensions,
})
