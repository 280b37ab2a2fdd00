// The Things Stack's HTTP API, as far as it is used: one application of one server, spoken to with an API key of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../schemas/failure.ts'
import { isObject, type JsonObject, objectAt, text } from './json-fields.ts'

export type ThingsStackServer = { origin: string; application: string; apiKey: string }

export type Call = {
  /** For the error: "The Things Stack did not …". */
  what: string
  method?: 'GET' | 'POST' | 'PUT'
  /** Behind /api/v3. */
  path: string
  query?: Record<string, string>
  body?: JsonObject
  accept?: string
}

const triesMax = 4
const firstPauseMs = 500
const timeoutMs = 30_000

/** Of `https://<application>:<API key>@host`. */
export const serverOf = (url: URL): ThingsStackServer => ({
  origin: url.origin,
  application: decodeURIComponent(url.username),
  apiKey: decodeURIComponent(url.password),
})

/** Answers of 2xx, and 404. Passing failures are tried again; others throw THINGS_STACK_REFUSED. */
export async function callThingsStack(server: ThingsStackServer, call: Call): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send(server, call).catch((error: Error) => error)
    const isPassing = answer instanceof Error || answer.status === 429 || answer.status >= 500
    if (!isPassing && (answer.ok || answer.status === 404)) return answer
    if (!isPassing || tries >= triesMax) throw await refusal(server, call, answer)
    await sleep(firstPauseMs * 2 ** (tries - 1))
  }
}

function send({ origin, apiKey }: ThingsStackServer, { method = 'GET', path, query, body, accept }: Call) {
  const url = new URL(`${origin}/api/v3${path}`)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
  return fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      accept: accept ?? 'application/json',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
}

async function refusal(
  { origin }: ThingsStackServer,
  { what }: Call,
  answer: Response | Error,
): Promise<PipelineError> {
  if (answer instanceof Error) {
    const cause = answer.cause instanceof Error ? answer.cause.message : answer.message
    const advice = `Check the server's address, ${origin}.`
    return new PipelineError('THINGS_STACK_REFUSED', { what, reason: cause, advice }, answer)
  }
  const said = text(objectAt(await answer.json().catch(() => null)).message) ?? 'it does not say why'
  return new PipelineError('THINGS_STACK_REFUSED', {
    what,
    reason: `${answer.status}, ${said}`,
    advice: adviceFor(answer.status),
  })
}

const adviceFor = (status: number): string => {
  if (status === 401) return 'Check the API key.'
  if (status === 403) return 'Give the API key the rights that `coldstream things-stack connect` lists.'
  return 'See the message, and try again.'
}

/** The answer's object, null at 404. */
export async function askThingsStack(server: ThingsStackServer, call: Call): Promise<JsonObject | null> {
  const answer = await callThingsStack(server, call)
  if (answer.status === 404) return null
  const value: unknown = await answer.json().catch(() => null)
  return isObject(value) ? value : {}
}
