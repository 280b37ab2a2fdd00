// Rollups of several units together, or of one by another clock. Sums, seconds, degree-minutes and the numerators and
// denominators of means add up over units as they do over hours; a mean or an MKT is made of the added parts, so a
// unit weighs as much as its known time.
import type { Fields } from '../asked-fields.ts'
import type { Query } from '../database.ts'
import type { Page } from '../page.ts'
import { propertiesFor } from './columns.ts'
import { instantOf } from './rollup-windows.ts'

/** Whose rollups: `type` narrows a site's or an organization's units to one type. */
export type TotalOf = { kind: 'unit' | 'site' | 'organization'; type?: boolean }
export type Parent = { id: string; type: string | null }

export type TotalRequest = {
  granularity: string
  from: Date
  to: Date
  page: Page
  /** Null: each unit by the clock of its site, whose windows are stored; else cut anew out of hours. */
  timeZone: string | null
  /** That are asked for; not given: all. */
  fields?: Fields
}

export type Total = { parentId: string; parentType: string | null; start: Date; localMs: number }

/** By the names of their columns. `unitCount` of windows that are stored is their number: a unit has one of each. */
const figures: Readonly<Record<string, string>> = {
  isFinal: 'bool_and(r.is_final)',
  revision: 'max(r.revision)',
  asOf: 'max(r.as_of)',
  count: 'sum(r.reading_count)',
  minC: 'min(r.min_c)',
  maxC: 'max(r.max_c)',
  sum: 'sum(r.sum_c)',
  sumSquares: 'sum(r.sum_squares_c2)',
  knownSeconds: 'sum(r.known_seconds)',
  weightedSum: 'sum(r.weighted_sum_c_seconds)',
  mktNumerator: 'sum(r.mkt_numerator)',
  mktDenominator: 'sum(r.mkt_denominator)',
  secondsAbove: 'sum(r.seconds_above)',
  secondsBelow: 'sum(r.seconds_below)',
  degreeMinutesAboveC: 'sum(r.degree_minutes_above)',
  degreeMinutesBelowC: 'sum(r.degree_minutes_below)',
  readingsOutOfRange: 'sum(r.readings_out_of_range)',
  doorOpenings: 'sum(r.door_openings)',
  doorOpenSeconds: 'sum(r.door_open_seconds)',
  humidityCount: 'sum(r.humidity_count)',
  humiditySum: 'sum(r.humidity_sum)',
  humidityMin: 'min(r.humidity_min)',
  humidityMax: 'max(r.humidity_max)',
  unitCount: 'count(distinct r.unit_id)',
  elapsedSeconds:
    'sum(greatest(0, extract(epoch from least(r.as_of, r.window_end) - r.window_start)))::float8',
}

function figuresFor(fields: Fields, isCut: boolean): string {
  const wanted = propertiesFor('rollups', fields)
  return Object.entries(isCut ? figures : { ...figures, unitCount: 'count(*)' })
    .filter(
      ([name]) => wanted === undefined || wanted.has(name) || (name === 'unitCount' && fields?.has(name)),
    )
    .map(([name, sum]) => `, ${sum} as "${name}"`)
    .join('')
}

/** One more than the page's limit for each parent, in the page's direction; windows without any figure are not there. */
export function totalsOf(
  query: Query,
  { kind, type = false }: TotalOf,
  parents: readonly Parent[],
  { granularity, from, to, page, timeZone, fields }: TotalRequest,
): Promise<Total[]> {
  const values: unknown[] = [
    parents.map(({ id }) => id),
    parents.map((parent) => parent.type?.toLowerCase() ?? null),
    from,
    to,
    page.limit + 1,
  ]
  const parameter = (value: unknown, as: string) => `$${values.push(value)}::${as}`
  const zone = timeZone === null ? null : parameter(timeZone, 'text')
  const isCut = zone !== null && granularity !== 'hour'
  const local =
    granularity === 'hour'
      ? `r.window_start at time zone 'UTC'`
      : `date_trunc('${granularity}', r.window_start at time zone ${zone ?? 'coalesce(s.time_zone, o.time_zone)'})`
  const windowFrom = isCut ? firstStart(granularity, '$3::timestamptz', zone) : '$3::timestamptz'
  const windowTo = isCut ? firstStart(granularity, '$4::timestamptz', zone) : '$4::timestamptz'
  const beyond = page.key
    ? beyondKey(local, page.backward, parameter(new Date(page.key[0]), 'timestamptz'))
    : ''
  const bounds = isCut
    ? `${instantOf('local', zone)} as "start", ${instantOf(`local + interval '1 ${granularity}'`, zone)} as "end"`
    : 'first as "start", last as "end"'
  return query<Total>(
    `select asked.id as "parentId", upper(asked.type) as "parentType", '${granularity.toUpperCase()}' as granularity,
       extract(epoch from t.local)::float8 * 1000 as "localMs", ${bounds}, t.*
     from unnest($1::uuid[], $2::text[]) asked (id, type) cross join lateral (
       select ${local} as local, min(r.window_start) as first, max(r.window_end) as last${figuresFor(fields, isCut)}
       from units u join sites s on s.id = u.site_id join organizations o on o.id = u.organization_id
       join rollups r on r.unit_id = u.id
       where u.${kind === 'unit' ? 'id' : `${kind}_id`} = asked.id and u.deleted_at is null
         ${type ? 'and u.unit_type::text = asked.type' : ''}
         and r.granularity = '${isCut ? 'hour' : granularity}' and not r.retracted
         and r.window_start >= ${windowFrom} and r.window_start < ${windowTo} ${beyond}
       group by 1 order by 1 ${page.backward ? 'desc' : ''} limit $5
     ) t`,
    values,
  )
}

/** The first start of a window at or after an instant: windows that start in the range are taken whole. */
const firstStart = (granularity: string, at: string, zone: string): string => {
  const before = `date_trunc('${granularity}', ${at} at time zone ${zone})`
  const start = instantOf(before, zone)
  const next = instantOf(`${before} + interval '1 ${granularity}'`, zone)
  return `(case when ${start} >= ${at} then ${start} else ${next} end)`
}

// The second condition is one that an index can use; no clock is more than 15 hours off UTC.
const beyondKey = (local: string, backward: boolean, key: string): string =>
  backward
    ? `and ${local} < ${key} at time zone 'UTC' and r.window_start < ${key} + interval '15 hours'`
    : `and ${local} > ${key} at time zone 'UTC' and r.window_start > ${key} - interval '15 hours'`
