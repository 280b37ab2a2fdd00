// Access by an OIDC access token: signed by the issuer, for this audience, not expired. The issuer's keys are found by its
// discovery document and fetched anew when an unknown one appears. Who the person is, our own tables say.
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import type { Check, Role } from './access.ts'
import { discover, ISSUER_TIMEOUT_MS } from './discovery.ts'

export type Issuer = { issuer: string; audience: string }

/** Signatures by a secret, or none at all, are not taken. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** An unknown key makes us ask the issuer anew, but not for each of a flood of forged ones. */
const ASK_AGAIN_MS = 2_000
/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_SECONDS = 30

type PersonRow = { id: string; isPlatformAdmin: boolean; organizationId: string | null; role: Role | null }

export function tokenCheck(query: Query, { issuer, audience }: Issuer): Check {
  const keys = discoveredKeys(issuer)
  return async (token) => {
    const payload = await verified(token, keys, { issuer, audience })
    return payload?.sub === undefined ? null : personBehind(query, issuer, payload.sub)
  }
}

async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience }: Issuer,
): Promise<JWTPayload | null> {
  try {
    const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS }
    return (await jwtVerify(token, keys, { ...options, requiredClaims: ['exp', 'sub'] })).payload
  } catch (error) {
    if (isOfToken(error)) return null
    throw refusal('UNAVAILABLE', 'The issuer of access tokens cannot be asked for its keys.')
  }
}

/** Every other error is the issuer's, or the network's. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  error.code !== 'ERR_JOSE_GENERIC'

function discoveredKeys(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  return async (header, token) => {
    found ??= keysOf(issuer)
    const keys = await found.catch((error: unknown) => {
      found = undefined // asked again by the next request
      throw error
    })
    return keys(header, token)
  }
}

async function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
  const { jwks_uri: address } = await discover(issuer)
  if (address === undefined) throw new Error(`${issuer} names no jwks_uri`)
  return createRemoteJWKSet(new URL(address), {
    timeoutDuration: ISSUER_TIMEOUT_MS,
    cooldownDuration: ASK_AGAIN_MS,
  })
}

async function personBehind(query: Query, issuer: string, subject: string): ReturnType<Check> {
  const rows = await query<PersonRow>(
    `select p.id, p.is_platform_admin as "isPlatformAdmin", m.organization_id as "organizationId", m.role
     from people p left join memberships m on m.person_id = p.id
     where p.issuer = $1 and p.subject = $2 and p.deleted_at is null`,
    [issuer, subject],
  )
  const [first] = rows
  if (first === undefined) return null
  const roles = rows.flatMap(({ organizationId, role }): [string, Role][] =>
    organizationId === null || role === null ? [] : [[organizationId, role]],
  )
  return { actorId: first.id, roles: new Map(roles), isPlatformAdmin: first.isPlatformAdmin, scopes: null }
}
