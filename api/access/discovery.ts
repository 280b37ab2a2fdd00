// An issuer's own words about itself: OpenID Connect Discovery.
export type Discovered = { jwks_uri?: string; authorization_endpoint?: string; token_endpoint?: string }

export const ISSUER_TIMEOUT_MS = 5_000

export async function discover(issuer: string): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return (await response.json()) as Discovered
}
