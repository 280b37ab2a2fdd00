// The windows that a range holds by a zone's clock, also those in which nothing was measured: hours follow the local wall
// clock (a repeated hour gives two, a half-hour change cuts one), a day starts at the first instant of its date.
import type { Query } from '../database.ts'
import type { Page } from '../page.ts'

/** `localMs`: the start as the clock of the zone shows it, read as if it were UTC; of hours the instant itself. */
export type Window = { zone: string; start: Date; end: Date; localMs: number }

export type WindowRange = { granularity: string; from: Date; to: Date }

/** `key`: which of the two a cursor holds. */
export type WindowKey = 'start' | 'localMs'

/** First instant of a local date. Postgres takes the later of two equal wall-clock times, so an hour before it is asked, too. */
export const instantOf = (local: string, zone: string) =>
  `least((${local}) at time zone ${zone}, (${local} - interval '1 hour') at time zone ${zone} + interval '1 hour')`

const dates = (granularity: string) => `
  select ${instantOf('x', 'zone')} as "start", ${instantOf(`x + interval '1 ${granularity}'`, 'zone')} as "end",
    x as local
  from generate_series(date_trunc('${granularity}', $2::timestamptz at time zone zone),
    $3::timestamptz at time zone zone + interval '1 day', interval '1 ${granularity}') x`

// Every zone's changes and offsets lie on quarters of an hour.
const hours = `
  select t as "start", lead(t) over (order by t) as "end", t at time zone 'UTC' as local
  from generate_series(date_trunc('hour', $2::timestamptz), $3::timestamptz + interval '2 hours',
    interval '15 minutes') t
  where extract(minute from t at time zone zone) = 0
    or (t at time zone zone) - ((t - interval '15 minutes') at time zone zone) <> interval '15 minutes'`

/** One more than the page's limit for each zone, in the page's direction. */
export function windowsOf(
  query: Query,
  zones: readonly string[],
  { granularity, from, to }: WindowRange,
  page: Page,
  key: WindowKey,
): Promise<Window[]> {
  const values: unknown[] = [zones, from, to, page.limit + 1]
  const keyed = key === 'start' ? `"start"` : `local at time zone 'UTC'`
  const sign = page.backward ? '<' : '>'
  const beyond = page.key ? `and ${keyed} ${sign} $${values.push(new Date(page.key[0]))}::timestamptz` : ''
  return query<Window>(
    `select asked.zone, w."start", w."end", extract(epoch from w.local)::float8 * 1000 as "localMs"
     from unnest($1::text[]) asked (zone) cross join lateral (
       select * from (${granularity === 'hour' ? hours : dates(granularity)}) all_windows
       where "start" >= $2 and "start" < $3 ${beyond}
       order by "start" ${page.backward ? 'desc' : ''} limit $4
     ) w`,
    values,
  )
}
