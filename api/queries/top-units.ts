// The units that were out of range, open or silent for longest in a range. Exact for any range: seconds come from the
// months, days and hours that fill it, and a silence counts as far as it lies inside.
import type { Query } from '../database.ts'
import type { ParentKind } from './connections.ts'
import { instantOf } from './rollup-windows.ts'

export type TopBy = 'TIME_OUT_OF_RANGE' | 'DOOR_OPEN_TIME' | 'SILENCE'
export type TopArgs = { by: TopBy; from: Date; to: Date; first: number }
export type TopUnit = { parentId: string; unitId: string; seconds: number }

type Scope = Exclude<ParentKind, 'unit'>

const seconds = {
  TIME_OUT_OF_RANGE: 'seconds_above + seconds_below',
  DOOR_OPEN_TIME: 'door_open_seconds',
} as const

const border = (granularity: string, at: string, step: 0 | 1) =>
  instantOf(
    `date_trunc('${granularity}', ${at}::timestamptz at time zone zone) + interval '${step} ${granularity}'`,
    'zone',
  )
/** The first border at or after an instant, and the last one at or before. */
const borderFrom = (granularity: string, at: string) =>
  `case when ${border(granularity, at, 0)} >= ${at} then ${border(granularity, at, 0)} else ${border(granularity, at, 1)} end`

/**
 * Whole months inside the range, whole days beside them, hours beside those: each second is in one of them. Where no whole
 * month or day fits, the inner span is empty and the outer one goes over it.
 */
const inWindows = (column: string) =>
  `select sum(part.seconds) from (${[
    ['month', 'month_from', 'month_to'],
    ['day', 'day_from', 'least(month_from, day_to)'],
    ['day', 'greatest(month_to, day_from)', 'day_to'],
    ['hour', '$3', 'least(day_from, $4)'],
    ['hour', 'greatest(day_to, $3)', '$4'],
  ]
    .map(
      ([granularity, start, end]) => `select ${column} as seconds from rollups r
        where r.unit_id = member.unit_id and not r.retracted and r.granularity = '${granularity}'
          and r.window_start >= ${start} and r.window_start < ${end}`,
    )
    .join(' union all ')}) part`

const inSilences = `
  select sum(extract(epoch from least(s.ended_at, $4, $5) - greatest(s.started_at, $3)))
  from silences s where s.unit_id = member.unit_id and s.state <> 'retracted' and s.started_at < least($4, $5)
    and (s.ended_at is null or s.ended_at > $3)`

/** `ids` of sites or organizations; units without such a second are not there. */
export const topUnits = (
  query: Query,
  scope: Scope,
  ids: readonly string[],
  { by, from, to, first }: TopArgs,
  now: Date,
) =>
  query<TopUnit>(
    // Computed once a site: beside the walls of row-level security an index takes plain values alone.
    `with borders as materialized (${zones})
     select asked.id as "parentId", t.unit_id as "unitId", t.seconds from unnest($1::uuid[]) asked (id)
     cross join lateral (
       select member.unit_id, (${by === 'SILENCE' ? inSilences : inWindows(seconds[by])})::float8 as seconds
       from (
         select u.id as unit_id, borders.* from units u join borders on borders.site_id = u.site_id
         where u.${scope}_id = asked.id and u.deleted_at is null
       ) member
       order by 2 desc nulls last, 1 limit $2
     ) t where t.seconds > 0`,
    [ids, first, from, to, ...(by === 'SILENCE' ? [now] : [])],
  )

// Of each site: where its months and days begin and end inside the range.
const zones = `
  select site_id, month_from, greatest(month_from, month_to) as month_to, day_from,
    greatest(day_from, day_to) as day_to
  from (
    select site_id, ${borderFrom('month', '$3')} as month_from, ${border('month', '$4', 0)} as month_to,
      ${borderFrom('day', '$3')} as day_from, ${border('day', '$4', 0)} as day_to
    from (
      select s.id as site_id, coalesce(s.time_zone, o.time_zone) as zone
      from sites s join organizations o on o.id = s.organization_id
    ) zoned
  ) cut`
