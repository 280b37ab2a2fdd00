// Who asks, and what they may see. Where the API is open, everybody sees everything: on a machine of one's own, or behind a
// proxy that has asked already.
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import type { Permission } from './roles.ts'

export type Role = 'owner' | 'admin' | 'manager' | 'staff' | 'viewer'

/** Whom an access token or a key stands for. */
export type Identity = {
  actorId: string
  /** A role in each organization that may be seen. */
  roles: ReadonlyMap<string, Role>
  /** Sees what belongs to no organization, such as dead letters, and every organization. */
  isPlatformAdmin: boolean
  /** What an API key is narrowed to; null: to nothing below its role. */
  scopes: ReadonlySet<Permission> | null
}

/** `identity` null: the API is open. `query` sees what the asker may see, and nothing else. */
export type Access = { identity: Identity | null; query: Query }

/** Answers null where there is no such key, or it has ended. Throws where it could not be checked. */
export type Check = (token: string) => Promise<Identity | null>

export type AccessOptions = {
  /** Sees everything. */
  query: Query
  /** Sees the rows of these organizations. */
  queryOf: (organizationIds: readonly string[]) => Query
  /** Null: the API is open. */
  check: Check | null
}

/** Everybody sees everything. */
export const openTo = (query: Query): AccessOptions => ({ query, queryOf: () => query, check: null })

export type Authenticate = (authorization: string | undefined) => Promise<Access>

export function authentication({ query, queryOf, check }: AccessOptions): Authenticate {
  if (check === null) return () => Promise.resolve({ identity: null, query })
  return async (authorization) => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw refusal('NOT_AUTHENTICATED', 'This API answers only those whom it knows.')
    const identity = await check(token)
    if (identity === null)
      throw refusal('NOT_AUTHENTICATED', 'The key or token is not valid, or not any more.')
    return { identity, query: identity.isPlatformAdmin ? query : queryOf([...identity.roles.keys()]) }
  }
}

/** For what belongs to no organization. */
export function checkPlatformAdmin({ identity }: Access, what: string): void {
  if (identity !== null && !identity.isPlatformAdmin)
    throw refusal('FORBIDDEN', `${what} belong to no organization: they are for who runs the platform.`)
}
