// Every refusal of the API: a code for programs, a message that says what is wrong, and advice that says what
// to do. By its file: under Vite `graphql` would be a second copy, whose errors mercurius does not know as
// GraphQL's.
import { GraphQLError } from 'graphql/index.js'

const refusals = {
  BAD_PAGE: 'Give `first` (with `after`) to read forward, or `last` (with `before`) to read backward.',
  BAD_CURSOR: 'Hand back a cursor of the same field unchanged, or leave it out to begin anew.',
  BAD_RANGE: 'Give `from` before `to`; `from` is inclusive, `to` exclusive.',
  BAD_ID: 'Give an id as this API returned it: a UUID.',
  BAD_INPUT: 'Correct the argument; GET /graphiql shows what each field takes.',
  NOT_AUTHENTICATED:
    'Send `Authorization: Bearer …` with an API key (`coldstream api-keys create`) or an access token of the sign-in.',
  FORBIDDEN: 'Ask who runs the platform, or for another role or key: docs/api.md says what each may do.',
  NOT_FOUND:
    'Ask GraphQL for the ids: `{ organizations { id sites { nodes { id units { nodes { id } } } } } }`.',
  TOO_COMPLEX: 'Ask for smaller pages or fewer nested lists, and page through the rest.',
  TOO_MANY_ALIASES: 'Ask several times, or for a list in place of many single things.',
  BATCH_TOO_LARGE: 'Send fewer operations in one request.',
  RATE_LIMITED: 'Wait for as long as `retry-after` says; subscribe in place of asking again and again.',
  ONLY_PERSISTED: 'Send the id of a registered operation, or have this one registered: API_OPERATIONS_FILE.',
  PERSISTED_QUERY_NOT_FOUND: 'Send the text together with its SHA-256; from then on the SHA-256 is enough.',
  NOT_OVER_HTTP: 'Open a WebSocket of graphql-transport-ws at /graphql: docs/api.md has an example.',
  NOT_LIVE: 'Set KAFKA_BROKERS and SCHEMA_REGISTRY_URL for the API, or ask again every few seconds.',
  NEWS_UNAVAILABLE: 'Subscribe again in some seconds, with the cursor of the last event as `after`.',
  CURSOR_TOO_OLD:
    'Ask the connection of the same name from the last event on, then subscribe without `after`.',
  TOO_DEEP: 'Ask in several queries: begin at `unit(id:)` or `site(id:)`.',
  INVALID_QUERY: 'Correct the query; GET /graphiql completes and checks it as you type.',
  NOT_JSON: 'Send {"query": "…", "variables": {…}} as application/json.',
  TIMED_OUT: 'Ask for a shorter range or smaller pages.',
  CANCELLED: 'Nothing: whoever asked has gone.',
  UNAVAILABLE: 'Try again in some seconds; /health/ready says when the database is back.',
  INTERNAL: 'Try again; if it stays, report it with the time of the request.',
} as const

export type RefusalCode = keyof typeof refusals

export const refusalCodes = Object.keys(refusals) as RefusalCode[]

export const adviceOf = (code: RefusalCode): string => refusals[code]

export function refusal(code: RefusalCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, advice: refusals[code] } })
}

/** Of an error of GraphQL; those of compiled queries may have no extensions at all, whatever their type says. */
export const ownCode = ({ extensions }: GraphQLError): unknown =>
  (extensions as GraphQLError['extensions'] | undefined)?.code

const TIMED_OUT = '57014'
// Class 08, 53 and 57P0x: connection lost, out of connections, shutting down or starting.
const unavailable = /^(08...|53...|57P0.|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/

/** What a failure below a resolver is called outside; its own text may name hosts or SQL and stays in the log. */
export function codeOfFailure(error: unknown): RefusalCode {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === TIMED_OUT) return 'TIMED_OUT'
  if (unavailable.test(code) || isPoolTimeout(error)) return 'UNAVAILABLE'
  return 'INTERNAL'
}

// pg-pool gives its own errors no code.
const isPoolTimeout = (error: unknown): boolean =>
  error instanceof Error && /^(timeout exceeded|Connection terminated)/.test(error.message)

/** What a failure inside says may name hosts and statements: it goes to the log, not to the asker. */
export function messageOutside(error: Error, code: RefusalCode): string {
  // A refusal of ours, wherever it was thrown.
  if (error instanceof GraphQLError && ownCode(error) === code) return error.message
  if (code === 'TIMED_OUT') return 'The database took too long to answer.'
  if (code === 'UNAVAILABLE') return 'The database cannot be reached.'
  if (code === 'INTERNAL') return 'The request failed inside.'
  return error.message
}

/** The HTTP status of an answer that has nothing but this refusal. */
export function statusOf(code: string | undefined): number {
  if (code === 'UNAVAILABLE' || code === 'TIMED_OUT' || code === 'NEWS_UNAVAILABLE') return 503
  if (code === 'RATE_LIMITED') return 429
  if (code === 'INTERNAL') return 500
  if (code === 'NOT_AUTHENTICATED') return 401
  if (code === 'FORBIDDEN') return 403
  return code === 'NOT_FOUND' ? 404 : 400
}

export type Refusal = { status: number; code: RefusalCode; message: string; advice: string }

/** What an answer outside GraphQL says of an error: a refusal of ours, a query string that does not fit, or a failure. */
export function refusalOf(error: Error): Refusal {
  const code = codeOfRefusal(error)
  return { status: statusOf(code), code, message: messageOutside(error, code), advice: adviceOf(code) }
}

function codeOfRefusal(error: Error): RefusalCode {
  if (error instanceof GraphQLError) return (ownCode(error) ?? 'INTERNAL') as RefusalCode
  return 'validation' in error ? 'BAD_INPUT' : codeOfFailure(error)
}
