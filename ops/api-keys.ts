// `coldstream api-keys`: who may ask the API, for which organization and until when. A key is shown once, when it is made;
// the database keeps its digest.
import { randomBytes } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Role } from '../api/access/access.ts'
import { API_KEY_PREFIX, digestOf } from '../api/access/api-keys.ts'
import { type Permission, permissions } from '../api/access/roles.ts'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres, type Sql } from '../infra/postgres.ts'
import { PipelineError } from '../schemas/failure.ts'

const roles: readonly Role[] = ['owner', 'admin', 'manager', 'staff', 'viewer']
const DAY_MS = 86_400_000
const KEY_BYTES = 32

export type NewKey = {
  organization: string
  name: string
  role: Role
  days: number | null
  /** Not given: all that the role may do. */
  scopes?: readonly Permission[]
}
type KeyRow = {
  id: string
  name: string
  organization: string
  role: Role
  last_characters: string
  scopes: Permission[]
  expires_at: Date | null
  revoked_at: Date | null
}

/** Makes a key and returns it: nobody can read it again. */
export function createKey(db: Postgres, { organization, ...given }: NewKey): Promise<string> {
  return db.transaction(async (sql) => {
    const { rows } = await sql.query<{ id: string }>(
      'select id from organizations where slug = $1 and deleted_at is null',
      [organization],
    )
    const [found] = rows
    if (found === undefined) throw refused(`There is no organization ${organization}.`)
    return insertKey(sql, { ...given, organizationId: found.id })
  })
}

type Given = Omit<NewKey, 'organization'> & { organizationId: string }

async function insertKey(
  sql: Sql,
  { organizationId, name, role, days, scopes = [] }: Given,
): Promise<string> {
  const key = API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
  const expiresAt = days === null ? null : new Date(Date.now() + days * DAY_MS)
  const { rows: actors } = await sql.query<{ id: string }>(
    `insert into actors (kind, name) values ('api_key', $1) returning id`,
    [name],
  )
  await sql.query(
    `insert into api_keys (id, organization_id, secret_sha256, last_characters, role, scopes, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [actors[0]?.id, organizationId, digestOf(key), key.slice(-4), role, scopes, expiresAt],
  )
  return key
}

/** A new key in place of one, for the same and as long valid; the old one goes on for `overlapHours`, while it is put in place. */
export function rotateKey(db: Postgres, id: string, overlapHours: number): Promise<string> {
  return db.transaction(async (sql) => {
    const { rows } = await sql.query<Given & { lifeMs: number | null }>(
      `update api_keys k set expires_at = least(k.expires_at, now() + $2 * interval '1 hour')
       from api_keys before join actors a on a.id = before.id
       where k.id = before.id and k.id::text = $1 and k.revoked_at is null
         and (before.expires_at is null or before.expires_at > now())
       returning k.organization_id as "organizationId", a.name, k.role, k.scopes,
         extract(epoch from before.expires_at - before.created_at)::float8 * 1000 as "lifeMs"`,
      [id, overlapHours],
    )
    const [found] = rows
    if (found === undefined) throw notInForce(id)
    return insertKey(sql, { ...found, days: found.lifeMs === null ? null : found.lifeMs / DAY_MS })
  })
}

export async function revokeKey(db: Postgres, id: string): Promise<void> {
  const { rowCount } = await db.query(
    'update api_keys set revoked_at = now() where id::text = $1 and revoked_at is null',
    [id],
  )
  if (rowCount === 0) throw notInForce(id)
}

export const listKeys = async (db: Postgres): Promise<KeyRow[]> =>
  (
    await db.query<KeyRow>(
      `select k.id, a.name, o.slug as organization, k.role, k.scopes, k.last_characters, k.expires_at, k.revoked_at
       from api_keys k join actors a on a.id = k.id join organizations o on o.id = k.organization_id
       order by o.slug, a.name, k.created_at`,
    )
  ).rows

export function apiKeysCommand(program: Command): void {
  const keys = program.command('api-keys').description('who may ask the API (API_AUTH=required)')
  keys
    .command('create')
    .description('make a key and show it, this once')
    .requiredOption('--organization <slug>', 'whose rows it shows')
    .requiredOption('--name <text>', 'who or what uses it')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('viewer'))
    .addOption(
      new Option('--scopes <names...>', 'narrow it to these; not given: all that its role may do').choices(
        permissions,
      ),
    )
    .option('--days <count>', 'how long it is valid; not given: until it is revoked', wholeDays)
    .action((options: Omit<NewKey, 'days'> & { days?: number }) =>
      withDatabase(async (db) => print(await createKey(db, { ...options, days: options.days ?? null }))),
    )
  keys
    .command('rotate')
    .description('make a key in place of one, for the same and as long valid, and show it, this once')
    .argument('<id>', 'as `list` shows it')
    .option('--overlap <hours>', 'how long the old one works on', wholeHours, 24)
    .action((id: string, { overlap }: { overlap: number }) =>
      withDatabase(async (db) => print(await rotateKey(db, id, overlap))),
    )
  keys
    .command('list')
    .description('every key, by its last four characters')
    .action(() => withDatabase(async (db) => (await listKeys(db)).map(lineOf).forEach(print)))
  keys
    .command('revoke')
    .description('end a key; it works for 10 seconds more at most')
    .argument('<id>', 'as `list` shows it')
    .action((id: string) => withDatabase((db) => revokeKey(db, id)))
}

const lineOf = (key: KeyRow): string =>
  [
    ...[key.id, key.organization, key.role.padEnd(7), `…${key.last_characters}`, stateOf(key)],
    ...(key.scopes.length > 0 ? [key.scopes.join('+')] : []),
    key.name,
  ].join('  ')

function stateOf({ revoked_at, expires_at }: KeyRow): string {
  if (revoked_at !== null) return `revoked ${revoked_at.toISOString()}`
  if (expires_at === null) return 'valid'
  return `${expires_at.getTime() > Date.now() ? 'valid until' : 'expired'} ${expires_at.toISOString()}`
}

async function withDatabase<T>(use: (db: Postgres) => Promise<T>): Promise<T> {
  const db = openPostgres(readConfig(['DATABASE_URL']).DATABASE_URL, { connectionsMax: 1 })
  try {
    return await use(db)
  } finally {
    await db.end()
  }
}

function wholeDays(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Give a whole number of days, 1 to 9999.')
  return Number(text)
}

function wholeHours(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('Give a whole number of hours, 0 to 9999.')
  return Number(text)
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const notInForce = (id: string) =>
  refused(`There is no key ${id} that is in force: \`coldstream api-keys list\` shows them.`)
const refused = (problem: string) => new PipelineError('CONFIG_INVALID', { problems: [problem] })
