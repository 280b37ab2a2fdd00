// Pages of the registry: by name over everything that may be seen, and of what stands below an organization, a site, an area
// or a unit. A cursor holds the id of its row; the rest of its sort key is looked up, so a unit that is renamed meanwhile
// neither hides nor repeats others.
import type { Query } from '../database.ts'
import type { CursorKey, Page } from '../page.ts'
import { parseId } from '../scalars.ts'
import { areaRows, deviceRows, siteRows, unitRows } from './registry.ts'

export type RegistryFilter = {
  organization?: string | null
  site?: string | null
  types?: string[] | null
  statuses?: string[] | null
  nameHas?: string | null
}

/** `of`: where the row of a cursor is looked up, by its id, the last of the keys. */
type Order = { keys: readonly string[]; of: string }

const byName = (alias: string, table: string): Order => ({
  keys: [`${alias}.name`, `${alias}.id`],
  of: `${table} ${alias}`,
})
/** A unit goes by its area's place first, so that a site's list reads like a walk through it. */
const byPlace: Order = {
  keys: ['a.sort_order', 'a.name', 'u.sort_order', 'u.name', 'u.id'],
  of: 'units u join areas a on a.id = u.area_id',
}

function beyond({ keys, of }: Order, { backward }: Page, id: string): string {
  const key = keys.join(', ')
  return `(${key}) ${backward ? '<' : '>'} (select ${key} from ${of} where ${keys.at(-1)} = ${id})`
}

const ordered = ({ keys }: Order, { backward }: Page): string =>
  `order by ${keys.map((key) => (backward ? `${key} desc` : key)).join(', ')}`

/** What a cursor holds: its row is looked up by the id alone, so its instant says nothing. */
export const placeOf = ({ id }: { id: string }): CursorKey => [0, id]

type Listing = { rows: string; parent: string; order: Order }

const units = { rows: unitRows, order: byPlace }
const devices = { rows: deviceRows, order: byName('d', 'devices') }

const listings = {
  'Organization.sites': {
    ...{ rows: siteRows, order: byName('s', 'sites') },
    parent: 's.organization_id = asked.parent',
  },
  'Organization.devices': { ...devices, parent: 'd.organization_id = asked.parent' },
  'Site.areas': {
    ...{ rows: areaRows, order: { keys: ['a.sort_order', 'a.name', 'a.id'], of: 'areas a' } },
    parent: 'a.site_id = asked.parent',
  },
  'Site.units': { ...units, parent: 'u.site_id = asked.parent' },
  'Area.units': { ...units, parent: 'u.area_id = asked.parent' },
  'Unit.devices': {
    ...devices,
    // The first condition finds candidates by index; the second asks where each of them is now.
    parent: `d.id in (select device_id from device_assignments where unit_id = asked.parent)
      and a.unit_id = asked.parent`,
  },
} as const satisfies Record<string, Listing>

export type ListingName = keyof typeof listings

/** Of each parent one more than the page's limit, in its direction. */
export function listingPage<R>(
  query: Query,
  name: ListingName,
  parentIds: readonly string[],
  page: Page,
  now: Date,
): Promise<(R & { parentId: string })[]> {
  const { rows, parent, order }: Listing = listings[name]
  const id = page.key?.[1]
  // $2 is the instant that deviceRows asks for; it must have a type also where no row does.
  return query(
    `select asked.parent as "parentId", r.* from unnest($1::uuid[]) asked (parent) cross join lateral (
       ${rows} and ${parent} and $2::timestamptz is not null ${id === undefined ? '' : `and ${beyond(order, page, '$4::uuid')}`}
       ${ordered(order, page)} limit $3
     ) r`,
    [parentIds, now, page.limit + 1, ...(id === undefined ? [] : [id])],
  )
}

type Kind = { rows: string; order: Order; of: string; name: string; site: string | null }

const kinds = {
  units: {
    ...{ rows: unitRows, order: byName('u', 'units') },
    ...{ of: 'u.organization_id', name: 'u.name', site: 'u.site_id' },
  },
  sites: {
    ...{ rows: siteRows, order: byName('s', 'sites') },
    ...{ of: 's.organization_id', name: 's.name', site: null },
  },
  devices: {
    ...devices,
    ...{ of: 'd.organization_id', name: 'd.name', site: '(select site_id from units where id = a.unit_id)' },
  },
} as const satisfies Record<string, Kind>

export type RegistryPage = keyof typeof kinds

const latestStatus = `(select status from unit_status_changes where unit_id = u.id and not retracted
  order by changed_at desc, id desc limit 1)`

/** One more than the page's limit, in its direction. */
export function registryPage<R>(
  query: Query,
  name: RegistryPage,
  { organization, site, types, statuses, nameHas }: RegistryFilter,
  page: Page,
  now: Date,
): Promise<R[]> {
  const { rows, order, of, name: named, site: siteOf }: Kind = kinds[name]
  const values: unknown[] = [page.limit + 1, now]
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const lower = (words: readonly string[]) => words.map((word) => word.toLowerCase())
  const conditions = ['$2::timestamptz is not null']
  if (organization != null) conditions.push(`${of} = ${parameter(parseId(organization), 'uuid')}`)
  if (site != null && siteOf !== null) conditions.push(`${siteOf} = ${parameter(parseId(site), 'uuid')}`)
  if (types != null) conditions.push(`u.unit_type = any(${parameter(lower(types), 'unit_type[]')})`)
  if (statuses != null)
    conditions.push(`${latestStatus} = any(${parameter(lower(statuses), 'unit_status[]')})`)
  if (nameHas != null && nameHas !== '')
    conditions.push(`strpos(lower(${named}), lower(${parameter(nameHas, 'text')})) > 0`)
  const id = page.key?.[1]
  if (id !== undefined) conditions.push(beyond(order, page, parameter(id, 'uuid')))
  return query<R>(`${rows} and ${conditions.join(' and ')} ${ordered(order, page)} limit $1`, values)
}
