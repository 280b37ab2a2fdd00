// One check for both kinds of bearer, remembered for a short while: a dashboard asks every few seconds, and what was revoked
// must not work for long.
import type { Query } from '../database.ts'
import type { Check, Identity } from './access.ts'
import { API_KEY_PREFIX, digestOf, keyCheck } from './api-keys.ts'
import { type Issuer, tokenCheck } from './tokens.ts'

const REMEMBERED_MS = 5_000
const REMEMBERED_MAX = 10_000

type Known = { identity: Promise<Identity | null>; untilMs: number }

/** `issuer` null: only keys are taken. */
export function bearerCheck(query: Query, issuer: Issuer | null): Check {
  const ofKey = keyCheck(query)
  const ofToken: Check = issuer === null ? async () => null : tokenCheck(query, issuer)
  return remembering((token) => (token.startsWith(API_KEY_PREFIX) ? ofKey(token) : ofToken(token)))
}

function remembering(check: Check): Check {
  const known = new Map<string, Known>()
  return (token) => {
    const name = digestOf(token).toString('base64')
    const nowMs = performance.now()
    const before = known.get(name)
    if (before !== undefined && before.untilMs > nowMs) return before.identity
    if (known.size >= REMEMBERED_MAX) known.clear()
    const identity = check(token)
    known.set(name, { identity, untilMs: nowMs + REMEMBERED_MS })
    // What is not valid, or could not be checked, is checked anew.
    identity.then(
      (found) => found === null && known.delete(name),
      () => known.delete(name),
    )
    return identity
  }
}
