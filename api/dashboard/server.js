// Asks GraphQL, keeps the server's clock, and asks again every few seconds while somebody looks.

export class NotFound extends Error {}
/** The API answers only those whom it knows. */
export class SignInNeeded extends Error {}

const TIMEOUT_MS = 10_000
const KEY = 'coldstream.key'

/** Kept as long as the tab: whoever sits here next signs in anew. */
const authorization = () => {
  const key = sessionStorage.getItem(KEY)
  return key === null ? {} : { authorization: `Bearer ${key}` }
}

export const hasSignedIn = () => sessionStorage.getItem(KEY) !== null

/** @param {string} key */
export const signIn = (key) => sessionStorage.setItem(KEY, key)

/** Server's instant minus our own monotonic clock; ours may be wrong by years. */
let offsetMs = Date.now() - performance.now()

export const nowMs = () => performance.now() + offsetMs

/** @param {string} query @param {Record<string, unknown>} variables @param {AbortSignal} signal */
export async function ask(query, variables, signal) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization() },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  })
  const { data, errors } = await response.json()
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
export const learnClock = (signal) => ask('{ now }', {}, signal)

/**
 * Runs `load` now and again after each pause; not while the page is hidden. `wake` asks at once.
 * @param {(signal: AbortSignal) => Promise<void>} load @param {() => number} pauseMs
 * @param {{ onSuccess: () => void, onFailure: (error: Error) => void }} listener
 */
export function poll(load, pauseMs, { onSuccess, onFailure }) {
  let timer = 0
  let current = new AbortController()
  let isStopped = false

  async function run() {
    clearTimeout(timer)
    current.abort()
    const mine = new AbortController()
    current = mine
    try {
      await load(mine.signal)
      if (!mine.signal.aborted) onSuccess()
    } catch (error) {
      if (!mine.signal.aborted) onFailure(/** @type {Error} */ (error))
    }
    if (!isStopped && !mine.signal.aborted && !document.hidden) timer = setTimeout(run, pauseMs())
  }
  const onVisible = () => {
    if (!document.hidden) void run()
  }
  document.addEventListener('visibilitychange', onVisible)
  void run()
  return {
    wake: () => void run(),
    stop() {
      isStopped = true
      clearTimeout(timer)
      current.abort()
      document.removeEventListener('visibilitychange', onVisible)
    },
  }
}
