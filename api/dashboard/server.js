// Asks GraphQL, and keeps the server's clock.
import { CLOCK_QUERY } from './clock-query.js'

export class NotFound extends Error {}
/** The API answers only those whom it knows. */
export class SignInNeeded extends Error {}

const TIMEOUT_MS = 10_000
const KEY = 'coldstream.key'

/** Kept as long as the tab: whoever sits here next signs in anew. */
const bearer = () => sessionStorage.getItem(KEY)

export const hasSignedIn = () => bearer() !== null

/** @param {string} key */
export const signIn = (key) => sessionStorage.setItem(KEY, key)

export const signOut = () => sessionStorage.removeItem(KEY)

/** @returns {Record<string, string>} */
export const authorization = () => (hasSignedIn() ? { authorization: `Bearer ${bearer()}` } : {})

/** Server's instant minus our own monotonic clock; ours may be wrong by years. */
let offsetMs = Date.now() - performance.now()

export const nowMs = () => performance.now() + offsetMs

/** @param {string} query @param {Record<string, unknown>} variables @param {AbortSignal} signal */
export async function ask(query, variables, signal) {
  const response = await post({ query, variables }, signal)
  const { data, errors } = await response.json().catch(() => {
    // A proxy in between answers by a page of its own.
    throw new Error(`The server answered with status ${response.status}.`)
  })
  if (errors?.length > 0) {
    const [{ message, extensions }] = errors
    if (extensions?.code === 'BAD_ID') throw new NotFound(message)
    if (extensions?.code === 'NOT_AUTHENTICATED') throw new SignInNeeded(message)
    throw new Error(`${message} ${extensions?.advice ?? ''}`.trim())
  }
  if (data.now) offsetMs = Date.parse(data.now) - performance.now()
  return data
}

/** The server's clock, before the first question that names instants. @param {AbortSignal} signal */
export const learnClock = (signal) => ask(CLOCK_QUERY, {}, signal)

/** @param {object} body @param {AbortSignal} signal */
async function post(body, signal) {
  try {
    return await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization() },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
  } catch (error) {
    signal.throwIfAborted()
    // What browsers say of it themselves ("Failed to fetch") helps nobody.
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    throw new Error(isLate ? 'The server takes too long to answer.' : 'The server does not answer.')
  }
}
