// Access by API key: `cs_` and 43 characters, of which the database knows only the digest.
import { createHash } from 'node:crypto'
import type { Query } from '../database.ts'
import type { Check, Role } from './access.ts'
import type { Permission } from './roles.ts'

export const API_KEY_PREFIX = 'cs_'

/** A key has 256 random bits: a digest without salt or stretching tells nothing of it. */
export const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest()

type KeyRow = { id: string; organizationId: string; role: Role; scopes: Permission[] }

export const keyCheck =
  (query: Query): Check =>
  async (token) => {
    const [row] = await query<KeyRow>(
      `select id, organization_id as "organizationId", role, scopes from api_keys
       where secret_sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
      [digestOf(token)],
    )
    if (row === undefined) return null
    return {
      actorId: row.id,
      roles: new Map([[row.organizationId, row.role]]),
      isPlatformAdmin: false,
      scopes: row.scopes.length === 0 ? null : new Set(row.scopes),
    }
  }
