// Who may post on which connection. An unknown connection and a wrong key are the same answer after the same work, so
// that nobody learns which connections exist. Keys are kept as hashes only.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** While one key replaces another, both are valid. */
export const keysMax = 2

/** A connection's keys, each as it is or as `sha256:<hex>`. */
export type Connections = ReadonlyMap<string, readonly string[]>

export type ApiKeys = {
  isValid(connectionId: string, presented: string): boolean
  /** From now on these count, and no others. */
  replace(connections: Connections): void
}

const hashed = /^sha256:([0-9a-f]{64})$/

export function apiKeys(connections: Connections): ApiKeys {
  // Hashing once more under a secret of this process makes what is compared worthless elsewhere.
  const secret = randomBytes(32).toString('hex')
  const seal = (keyHash: string) => hash('sha256', secret + keyHash, 'buffer')
  const sealKey = (key: string) => seal(hashed.exec(key)?.[1] ?? hash('sha256', key))
  const nobodys = Array.from({ length: keysMax }, () => randomBytes(32))
  const sealed = (from: Connections) =>
    new Map(
      [...from].map(([id, keys]) => [id, nobodys.map((none, i) => (keys[i] ? sealKey(keys[i]) : none))]),
    )
  let valid = sealed(connections)
  return {
    isValid(connectionId, presented) {
      // Never `sealKey`: a stored hash that somebody has read is no key.
      const presentedSeal = seal(hash('sha256', presented))
      // Every key is compared, also after one has matched: the time must not tell which.
      const matches = (valid.get(connectionId) ?? nobodys).map((key) => timingSafeEqual(key, presentedSeal))
      return matches.includes(true)
    },
    replace(next) {
      valid = sealed(next)
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
