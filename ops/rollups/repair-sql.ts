// One statement that makes dirty windows anew from what is stored: hours from the readings, days from the hours, weeks and
// months from the days. The figures are those of processors/sums.ts, summed in the same order.
//
//   $1  jsonb  spans of limits: unit_id, valid_from, valid_until, temp_min, temp_max, hold_seconds; gapless a unit
//   $2  jsonb  dirty windows: unit_id, organization_id, granularity, window_start, window_end, newest, is_settled

/** The figures that add up. */
const added = [
  ...['reading_count', 'sum_c', 'sum_squares_c2', 'known_seconds', 'weighted_sum_c_seconds', 'mkt_numerator'],
  ...['mkt_denominator', 'seconds_above', 'seconds_below', 'degree_minutes_above', 'degree_minutes_below'],
  ...['readings_out_of_range', 'door_openings', 'door_open_seconds', 'humidity_count', 'humidity_sum'],
]
const least = ['min_c', 'humidity_min']
const greatest = ['max_c', 'humidity_max']
const figures = [...added, ...least, ...greatest]

const list = (columns: readonly string[], prefix = ''): string =>
  columns.map((column) => prefix + column).join(', ')

/** A longer window from its parts, in their order, as the unit stage adds them. */
const summed = [
  ...added.map((column) => `sum(p.${column} order by p.window_start) as ${column}`),
  ...least.map((column) => `min(p.${column}) as ${column}`),
  ...greatest.map((column) => `max(p.${column}) as ${column}`),
].join(', ')

/** What there is of a granularity within a longer window: made anew, or as it is stored. */
const partsOf = (granularity: 'hour' | 'day', within: string): string => `
    select n.window_start, n.as_of, ${list(figures, 'n.')} from ${granularity}_anew n
      where n.unit_id = ${within}.unit_id and n.window_start >= ${within}.window_start
        and n.window_start < ${within}.window_end
    union all
    select r.window_start, r.as_of, ${list(figures, 'r.')} from rollups r
      where r.unit_id = ${within}.unit_id and r.granularity = '${granularity}' and not r.retracted
        and r.window_start >= ${within}.window_start and r.window_start < ${within}.window_end
        and not exists (select from dirty d where d.unit_id = r.unit_id and d.granularity = r.granularity
          and d.window_start = r.window_start)`

const longer = (name: string, granularities: string, part: 'hour' | 'day'): string => `
${name} as materialized (
  select w.*, parts.* from dirty w cross join lateral (
    select max(p.as_of) as as_of, ${summed} from (${partsOf(part, 'w')}) p
  ) parts
  where w.granularity in (${granularities})
)`

/** As processors/sums.ts has it. */
const exists = `(a.reading_count > 0 or a.known_seconds > 0 or a.humidity_count > 0 or a.door_openings > 0
    or a.door_open_seconds > 0)`

const anew = `
with limits as materialized (
  select * from jsonb_to_recordset($1::jsonb) as v(unit_id uuid, valid_from timestamptz, valid_until timestamptz,
    temp_min float8, temp_max float8, hold_seconds float8)
),
dirty as materialized (
  select * from jsonb_to_recordset($2::jsonb) as w(unit_id uuid, organization_id uuid,
    granularity rollup_granularity, window_start timestamptz, window_end timestamptz, newest timestamptz,
    is_settled boolean)
),
-- Up to where an hour's integrals run: its end, or as far as the unit has come.
dirty_hour as materialized (
  select d.*, case when d.is_settled or r.is_final then d.window_end
    else least(d.window_end, greatest(d.newest, r.as_of)) end as clock
  from dirty d left join rollups r using (unit_id, granularity, window_start)
  where d.granularity = 'hour'
),
reading as materialized (
  select h.unit_id, h.window_start, s.recorded_at, s.device_id, s.temperature_c, s.humidity_percent
  from dirty_hour h join sensor_readings s on s.unit_id = h.unit_id
    and s.recorded_at >= h.window_start and s.recorded_at < h.window_end and not s.simulated
),
read as (
  select r.unit_id, r.window_start, count(temperature_c)::int as reading_count,
    min(temperature_c) as min_c, max(temperature_c) as max_c,
    coalesce(sum(temperature_c order by recorded_at, device_id), 0) as sum_c,
    coalesce(sum(temperature_c * temperature_c order by recorded_at, device_id), 0) as sum_squares_c2,
    (count(*) filter (where temperature_c > temp_max or temperature_c < temp_min))::int as readings_out_of_range,
    count(humidity_percent)::int as humidity_count, min(humidity_percent) as humidity_min,
    max(humidity_percent) as humidity_max,
    coalesce(sum(humidity_percent order by recorded_at, device_id), 0) as humidity_sum
  from reading r join limits v on v.unit_id = r.unit_id and r.recorded_at >= v.valid_from
    and r.recorded_at < v.valid_until
  group by 1, 2
),
-- The hour's temperatures, and the one that is held from before it.
held as (
  select unit_id, window_start, recorded_at, device_id, temperature_c from reading
    where temperature_c is not null
  union all
  select h.unit_id, h.window_start, before.* from dirty_hour h cross join lateral (
    select s.recorded_at, s.device_id, s.temperature_c from sensor_readings s
    where s.unit_id = h.unit_id and s.recorded_at < h.window_start and s.temperature_c is not null
      and not s.simulated
    order by s.recorded_at desc, s.device_id desc limit 1
  ) before
),
-- Known from its reading to the next one, to its lapse, or to the clock; what has lapsed stays so.
known as (
  select k.*, lapse.at as lapses_at from (
    select unit_id, window_start, recorded_at, temperature_c,
      lead(recorded_at) over (partition by unit_id, window_start order by recorded_at, device_id) as next_at
    from held
  ) k left join lateral (
    select min(greatest(k.recorded_at + make_interval(secs => v.hold_seconds), v.valid_from)) as at
    from limits v where v.unit_id = k.unit_id and v.valid_until > k.recorded_at and v.hold_seconds is not null
      and greatest(k.recorded_at + make_interval(secs => v.hold_seconds), v.valid_from) < v.valid_until
  ) lapse on true
),
-- Pieces with one value and one version of the limits.
piece as (
  select k.unit_id, k.window_start, greatest(k.recorded_at, h.window_start, v.valid_from) as from_at,
    k.temperature_c as c, v.temp_min, v.temp_max,
    extract(epoch from least(k.next_at, k.lapses_at, h.clock, v.valid_until)
      - greatest(k.recorded_at, h.window_start, v.valid_from))::float8 as seconds
  from known k join dirty_hour h using (unit_id, window_start)
    join limits v on v.unit_id = k.unit_id and v.valid_from < h.clock and v.valid_until > k.recorded_at
  where least(k.next_at, k.lapses_at, h.clock, v.valid_until)
    > greatest(k.recorded_at, h.window_start, v.valid_from)
),
integral as (
  select unit_id, window_start, sum(seconds) as known_seconds,
    sum(c * seconds order by from_at) as weighted_sum_c_seconds,
    -- exp() refuses what is too small for it: colder than any sensor.
    sum(case when c > -255 then seconds * exp(-10000 / (c + 273.15)) else 0 end order by from_at) as mkt_numerator,
    sum(seconds) as mkt_denominator,
    coalesce(sum(seconds) filter (where c > temp_max), 0) as seconds_above,
    coalesce(sum(seconds) filter (where c < temp_min), 0) as seconds_below,
    coalesce(sum((c - temp_max) * (seconds * 1000) / 60000 order by from_at) filter (where c > temp_max), 0)
      as degree_minutes_above,
    coalesce(sum((temp_min - c) * (seconds * 1000) / 60000 order by from_at) filter (where c < temp_min), 0)
      as degree_minutes_below
  from piece group by 1, 2
),
-- Openings are episodes: a report that came too late for them is not in them, and so in no sum either.
door as (
  select h.unit_id, h.window_start,
    (count(*) filter (where o.opened_at >= h.window_start))::int as door_openings,
    sum(extract(epoch from least(coalesce(o.closed_at, h.clock), h.clock) - greatest(o.opened_at, h.window_start))
      )::float8 as door_open_seconds
  from dirty_hour h join door_openings o on o.unit_id = h.unit_id and o.state <> 'retracted'
    and o.opened_at < h.window_end and o.opened_at <= h.clock
    and (o.closed_at is null or o.closed_at > h.window_start or o.opened_at >= h.window_start)
  group by 1, 2
),
hour_anew as materialized (
  select h.unit_id, h.organization_id, h.granularity, h.window_start, h.window_end, h.newest, h.is_settled,
    h.clock as as_of, ${added.map((column) => `coalesce(${column}, 0) as ${column}`).join(', ')},
    ${list([...least, ...greatest])}
  from dirty_hour h left join read using (unit_id, window_start)
    left join integral using (unit_id, window_start) left join door using (unit_id, window_start)
),
${longer('day_anew', "'day'", 'hour')},
${longer('long_anew', "'week', 'month'", 'day')},
anew as (
  select * from hour_anew union all select * from day_anew union all select * from long_anew
),
-- Where nothing differs nothing is written: to repair again changes nothing.
changed as (
  select a.unit_id, a.granularity, a.window_start, a.window_end, a.organization_id,
    case when r.revision is null then 1 when a.is_settled then r.revision + 1 else r.revision end as revision,
    not ${exists} as retracted,
    a.is_settled or coalesce(r.is_final, false) as is_final,
    case when a.is_settled then a.window_end else greatest(a.as_of, r.as_of) end as as_of,
    ${list(figures, 'a.')}
  from anew a left join rollups r using (unit_id, granularity, window_start)
  where a.known_seconds is not null
    and (r.revision is not null or ${exists})
    and (r.revision is null or (${list(figures, 'a.')}) is distinct from (${list(figures, 'r.')}))
)`

const columns = [
  ...['unit_id', 'granularity', 'window_start', 'window_end', 'organization_id', 'revision', 'retracted'],
  ...['is_final', 'as_of', ...figures],
]

/** What would be written. */
export const showRepair = `${anew}
select granularity, count(*) as windows from changed group by 1 order by 1`

/**
 * Writes it. A revision rises by one where only a repair can change the window any more; while the unit stage may still
 * send one it stays, so that the stage's next word is not taken for an older one. (A later repair puts that right again.)
 * A row that the sink has replaced meanwhile is left alone.
 */
export const writeRepair = `${anew}, written as (
  insert into rollups (${list(columns)}) select ${list(columns)} from changed
  order by unit_id, granularity, window_start
  on conflict (unit_id, granularity, window_start) do update set
    ${columns
      .slice(5)
      .map((column) => `${column} = excluded.${column}`)
      .join(', ')}
  where rollups.revision between excluded.revision - 1 and excluded.revision
  returning granularity
)
select granularity, count(*) as windows from written group by 1 order by 1`
