// What each role may do, and what an API key is narrowed to. Everybody of an organization may look; the rest is here.
import { refusal } from '../errors.ts'
import type { Access, Role } from './access.ts'

/** read: queries and subscriptions. export: exports and reports. enter: what people enter. sign-off: that an alert is dealt with. */
export const permissions = ['read', 'export', 'enter', 'sign-off'] as const
export type Permission = (typeof permissions)[number]

const looking = ['read', 'export'] as const
const working = [...looking, 'enter'] as const

export const roles: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: looking,
  staff: working,
  manager: [...working, 'sign-off'],
  admin: [...working, 'sign-off'],
  owner: [...working, 'sign-off'],
}

const words: Readonly<Record<Permission, string>> = {
  read: 'ask and subscribe',
  export: 'take exports and reports',
  enter: 'enter anything',
  'sign-off': 'say that an alert is dealt with',
}

/** Throws FORBIDDEN. Without an organization: where each row is judged by itself, by what its organization's wall lets through. */
export function checkMay({ identity }: Access, permission: Permission, organizationId?: string): void {
  if (identity === null) return
  if (identity.scopes !== null && !identity.scopes.has(permission))
    throw refusal('FORBIDDEN', `This key is not for this: it may not ${words[permission]}.`)
  if (organizationId === undefined || identity.isPlatformAdmin) return
  const role = identity.roles.get(organizationId)
  if (role === undefined || !roles[role].includes(permission))
    throw refusal('FORBIDDEN', `The role ${role ?? 'none'} may not ${words[permission]}.`)
}
