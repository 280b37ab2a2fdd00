// Pages of the connections: one statement serves a page of any number of units, sites or organizations; it walks the
// table's own index from the cursor on.
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import type { CursorKey, Page } from '../page.ts'
import { isUuid } from '../scalars.ts'
import { asColumns, asRows, type Columns, columnsFor, hasColumns } from './columns.ts'
import { type ConnectionName, type ParentKind, type Source, sources } from './connections.ts'

export type PageRequest = {
  page: Page
  /** Fields of the schema that are asked for; not given: all. */
  fields?: ReadonlySet<string> | undefined
  from: Date | null
  to: Date | null
} & FurtherArgs

/** What a connection asks for beyond its range. */
export type FurtherArgs = {
  /** Of rollups. */
  granularity?: string
  /** Of readings. */
  includeSimulated?: boolean | null
  /** Only what goes on: of episodes. */
  open?: boolean | null
}

type Parameter = (value: unknown, type: string) => string

/** Rows of each unit in the page's direction, one more than its limit where there is more. */
export const pageOfUnits = <R>(
  query: Query,
  name: ConnectionName,
  { unitIds, ...request }: PageRequest & { unitIds: readonly string[] },
): Promise<R[]> => pageOfParents<R>(query, name, 'unit', unitIds, request)

/** The same of whoever is asked; a row says in `parentId` whose it is. */
export async function pageOfParents<R>(
  query: Query,
  name: ConnectionName,
  kind: ParentKind,
  ids: readonly string[],
  request: PageRequest,
): Promise<R[]> {
  if (hasColumns(sources[name]) && kind === 'unit')
    return asRows<R>(await columnsOfUnits(query, name, ids, request))
  const { rows, values } = selectionOf(name, kind, ids, request)
  return query<R>(
    `select asked.id as "parentId", r.* from unnest($1::uuid[]) with ordinality asked (id, place)
     cross join lateral (${rows}) r`,
    values,
  )
}

/** So many units are asked for in two statements at the same time: their rows are thousands. */
const MANY_UNITS = 50

/** Of what is asked for in thousands of rows: the columns of each unit. */
export async function columnsOfUnits(
  query: Query,
  name: ConnectionName,
  unitIds: readonly string[],
  request: PageRequest,
): Promise<Columns[]> {
  const ask = (ids: readonly string[], lane: number) => {
    const { rows, columns, values } = selectionOf(name, 'unit', ids, request)
    return query<Columns>(asColumns(columns, rows), values, { lane })
  }
  if (unitIds.length < MANY_UNITS) return ask(unitIds, 0)
  const half = Math.ceil(unitIds.length / 2)
  return (await Promise.all([ask(unitIds.slice(0, half), 0), ask(unitIds.slice(half), 1)])).flat()
}

/** Those of one parent, `asked`. */
function selectionOf(name: ConnectionName, kind: ParentKind, ids: readonly string[], request: PageRequest) {
  const source: Source = sources[name]
  const { page } = request
  const values: unknown[] = [ids, page.limit + 1]
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const conditions = [source.where, ...rangeOf(source, request, parameter), ...further(name, request)]
  if (page.key) conditions.push(beyond(source, page.key, page.backward, parameter))
  const direction = page.backward ? ' desc' : ''
  const keys = [source.at, ...source.rest.map(([column]) => column)]
  const columns = columnsFor(source, request.fields)
  const rowsWhere = (belongs: string) =>
    `select ${columns}${kind === 'site' ? keys.map((key, i) => `, ${key} as key_${i}`).join('') : ''}
     from ${source.table} where ${[belongs, ...conditions].join(' and ')}
     order by ${keys.map((key) => key + direction).join(', ')} limit $2`
  // A site's rows have no index of their own: the first of each of its units, and of those the first.
  const ofSite = () =>
    `select r.* from units u cross join lateral (${rowsWhere('unit_id = u.id')}) r where u.site_id = asked.id
     order by ${keys.map((_, i) => `key_${i}${direction}`).join(', ')} limit $2`
  const belongs = source.belongs?.[kind]
  const rows = belongs ? rowsWhere(belongs) : kind === 'site' ? ofSite() : rowsWhere(`${kind}_id = asked.id`)
  return { rows, columns, values }
}

/** Rollups of one granularity; readings without the simulated ones; what goes on. */
function further(name: ConnectionName, { granularity, includeSimulated, open }: FurtherArgs): string[] {
  const source: Source = sources[name]
  return [
    // By name: each has a plan of its own, and there are four.
    ...(name === 'rollups' ? [`granularity = '${granularityOf(granularity)}'`] : []),
    ...(name === 'readings' && !includeSimulated ? ['not simulated'] : []),
    ...(open && source.open ? [source.open] : []),
  ]
}

const granularities = ['hour', 'day', 'week', 'month']

export function granularityOf(asked: string | undefined): string {
  const name = asked?.toLowerCase() ?? ''
  if (!granularities.includes(name)) throw refusal('BAD_INPUT', `There is no granularity ${asked}.`)
  return name
}

function rangeOf({ at, end }: Source, { from, to }: PageRequest, parameter: Parameter): string[] {
  const conditions: string[] = []
  if (to) conditions.push(`${at} < ${parameter(to, 'timestamptz')}`)
  if (from) {
    const start = parameter(from, 'timestamptz')
    // An episode of zero length at `from` has its end there and still is in the range.
    conditions.push(
      end === undefined ? `${at} >= ${start}` : `(${end} is null or ${end} > ${start} or ${at} >= ${start})`,
    )
  }
  return conditions
}

function beyond(
  { at, rest }: Source,
  [ms, ...key]: CursorKey,
  backward: boolean,
  parameter: Parameter,
): string {
  const fits = rest.every(([, type], index) => isOf(type, key[index]))
  if (!fits) throw refusal('BAD_CURSOR', 'This cursor was not made by this field.')
  const columns = [at, ...rest.map(([column]) => column)]
  const values = [
    parameter(new Date(ms), 'timestamptz'),
    ...rest.map(([, type], index) => parameter(key[index], type)),
  ]
  return `(${columns.join(', ')}) ${backward ? '<' : '>'} (${values.join(', ')})`
}

// Checked here, because Postgres would answer a forged one with an error of its own.
const isOf = (type: string, part: string | boolean | undefined): boolean =>
  type === 'boolean' ? typeof part === 'boolean' : typeof part === 'string' && isUuid(part)
