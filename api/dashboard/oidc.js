// Signing in at the issuer of access tokens: OpenID Connect's authorization code with PKCE (RFC 7636). The page is
// a public client: it holds no secret, and what it makes up for one sign-in is of no use for another.

/**
 * @typedef {{ issuer: string, clientId: string, scope: string, authorizationEndpoint: string,
 *   tokenEndpoint: string }} Issuer
 */

const WAY = '/api/sign-in'
const KEY = 'coldstream.sign-in'
const TIMEOUT_MS = 10_000

const redirectUri = () => `${location.origin}/sign-in`

/** Null where only keys are taken, or the server cannot be asked. @returns {Promise<Issuer | null>} */
export async function issuerOf() {
  try {
    const response = await fetch(WAY, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return response.ok ? ((await response.json()).oidc ?? null) : null
  } catch {
    return null
  }
}

/** Leaves the page. @param {Issuer} issuer */
export async function goToIssuer({ clientId, scope, authorizationEndpoint }) {
  const [verifier, state] = [randomText(), randomText()]
  sessionStorage.setItem(KEY, JSON.stringify({ verifier, state, back: location.pathname + location.search }))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const address = new URL(authorizationEndpoint)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    scope,
    redirect_uri: redirectUri(),
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  location.assign(address)
}

/** @returns {Promise<{ token: string, back: string }>} */
export async function finishWithIssuer() {
  const answer = new URLSearchParams(location.search)
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
  sessionStorage.removeItem(KEY)
  const refusal = answer.get('error_description') ?? answer.get('error')
  if (refusal) throw new Error(`The issuer refused: ${refusal}`)
  // A code that we did not ask for may be an attacker's.
  if (begun === null || answer.get('state') !== begun.state)
    throw new Error('This sign-in was not begun in this tab. Please sign in again.')
  const issuer = await issuerOf()
  if (issuer === null) throw new Error('The server does not say any more where to sign in.')
  const response = await fetch(issuer.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      redirect_uri: redirectUri(),
      client_id: issuer.clientId,
      code_verifier: begun.verifier,
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const { access_token: token, error_description: why } = await response.json()
  if (!response.ok || typeof token !== 'string')
    throw new Error(`The issuer gave no token: ${why ?? `it answered ${response.status}`}.`)
  return { token, back: begun.back }
}

const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

const base64url = (/** @type {Uint8Array} */ bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
