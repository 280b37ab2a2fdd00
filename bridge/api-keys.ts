// Who may post on which connection. An unknown connection and a wrong key are the same answer after the same work, so
// that nobody learns which connections exist. Keys are kept as hashes only.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** While one key replaces another, both are valid. */
export const keysMax = 2

export type ApiKeys = { isValid(connectionId: string, presented: string): boolean }

export function apiKeys(connections: ReadonlyMap<string, readonly string[]>): ApiKeys {
  // Hashing under a secret of this process makes all lengths equal, and the hashes worthless elsewhere.
  const secret = randomBytes(32).toString('hex')
  const hashOf = (key: string) => hash('sha256', secret + key, 'buffer')
  const nobodys = Array.from({ length: keysMax }, () => randomBytes(32))
  const valid = new Map(
    [...connections].map(([id, keys]) => [id, nobodys.map((none, i) => (keys[i] ? hashOf(keys[i]) : none))]),
  )
  return {
    isValid(connectionId, presented) {
      const hashed = hashOf(presented)
      // Every key is compared, also after one has matched: the time must not tell which.
      const matches = (valid.get(connectionId) ?? nobodys).map((key) => timingSafeEqual(key, hashed))
      return matches.includes(true)
    },
  }
}

type Headers = { readonly [name: string]: string | string[] | undefined }

/** `X-Api-Key: …`, else `Authorization: Bearer …`; empty where neither is given. */
export function presentedKey(headers: Headers): string {
  const own = headers['x-api-key']
  if (typeof own === 'string') return own
  return /^Bearer +(\S+)$/i.exec(headers.authorization?.toString() ?? '')?.[1] ?? ''
}
