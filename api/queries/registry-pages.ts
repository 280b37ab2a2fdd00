// Pages of the registry by name, over everything that may be seen: for fleets too large for one answer. A cursor holds the
// id of its row; its name is looked up, so a unit that is renamed meanwhile neither hides nor repeats others.
import type { Query } from '../database.ts'
import type { Page } from '../page.ts'
import { parseId } from '../scalars.ts'
import { deviceRows, siteRows, unitRows } from './registry.ts'

export type RegistryFilter = {
  organization?: string | null
  site?: string | null
  types?: string[] | null
  statuses?: string[] | null
  nameHas?: string | null
}

type Kind = { rows: string; alias: string; table: string; site: string | null }

// $2 is the instant that deviceRows asks for.
const kinds = {
  units: { rows: unitRows, alias: 'u', table: 'units', site: 'u.site_id' },
  sites: { rows: siteRows, alias: 's', table: 'sites', site: null },
  devices: {
    rows: deviceRows,
    alias: 'd',
    table: 'devices',
    site: '(select site_id from units where id = a.unit_id)',
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
  const { rows, alias, table, site: siteOf }: Kind = kinds[name]
  const values: unknown[] = [page.limit + 1, now]
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const lower = (words: readonly string[]) => words.map((word) => word.toLowerCase())
  // $2 must have a type also where no row asks for it.
  const conditions = ['$2::timestamptz is not null']
  if (organization != null)
    conditions.push(`${alias}.organization_id = ${parameter(parseId(organization), 'uuid')}`)
  if (site != null && siteOf !== null) conditions.push(`${siteOf} = ${parameter(parseId(site), 'uuid')}`)
  if (types != null) conditions.push(`u.unit_type = any(${parameter(lower(types), 'unit_type[]')})`)
  if (statuses != null)
    conditions.push(`${latestStatus} = any(${parameter(lower(statuses), 'unit_status[]')})`)
  if (nameHas != null && nameHas !== '')
    conditions.push(`strpos(lower(${alias}.name), lower(${parameter(nameHas, 'text')})) > 0`)
  const id = page.key?.[1]
  if (id !== undefined)
    conditions.push(
      `(${alias}.name, ${alias}.id) ${page.backward ? '<' : '>'}
       (select name, id from ${table} where id = ${parameter(id, 'uuid')})`,
    )
  const direction = page.backward ? 'desc' : ''
  return query<R>(
    `${rows} and ${conditions.join(' and ')} order by ${alias}.name ${direction}, ${alias}.id ${direction} limit $1`,
    values,
  )
}
