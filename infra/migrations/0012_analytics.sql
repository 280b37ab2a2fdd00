-- For people who ask in SQL: views with names in place of ids, derived figures and one line of meaning a column. They are the
-- contract; the tables under them may change. Who belongs to the role coldstream_analyst reads these views, of all
-- organizations, and nothing else.
create schema analytics;
comment on schema analytics is 'Views for analysts; read-only. Instants are timestamptz, temperatures °C, durations seconds.';

create view analytics.units as
select u.id as unit_id, o.name as organization, s.name as site, a.name as area, u.name as unit,
  u.unit_type::text as unit_type, coalesce(s.time_zone, o.time_zone) as time_zone,
  u.organization_id, u.site_id,
  st.status::text as status, st.changed_at as status_since
from units u
join areas a on a.id = u.area_id
join sites s on s.id = u.site_id
join organizations o on o.id = u.organization_id
left join lateral (
  select status, changed_at from unit_status_changes
  where unit_id = u.id and not retracted order by changed_at desc, id desc limit 1
) st on true
where u.deleted_at is null;
comment on view analytics.units is 'One row a refrigerator: its names, its place, its present status.';
comment on column analytics.units.time_zone is 'IANA zone of the site, in which its hours and days are cut.';
comment on column analytics.units.status is 'Null before the first observation.';

create view analytics.readings as
select r.recorded_at, r.received_at, r.unit_id, r.organization_id, r.device_id, d.name as device,
  r.temperature_c, r.humidity_percent, r.door_open, r.battery_percent, r.battery_volts, r.rssi_dbm, r.snr_db,
  r.gateway_id, r.fault, r.history
from sensor_readings r left join devices d on d.id = r.device_id
where not r.simulated;
comment on view analytics.readings is
  'One row an observation of a device. Ask with a range of recorded_at: only its months are then opened.';
comment on column analytics.readings.history is 'Replayed by the sensor from its memory.';
comment on column analytics.readings.fault is 'The sensor said no probe or fault in place of a temperature.';

create view analytics.rollups as
select r.unit_id, r.organization_id, r.granularity::text as granularity, r.window_start, r.window_end, r.is_final,
  r.reading_count, r.min_c, r.max_c,
  r.sum_c / nullif(r.reading_count, 0) as mean_c,
  r.weighted_sum_c_seconds / nullif(r.known_seconds, 0) as time_weighted_mean_c,
  case when r.mkt_denominator > 0 then 10000 / -ln(r.mkt_numerator / r.mkt_denominator) - 273.15 end as mkt_c,
  r.known_seconds,
  r.known_seconds / nullif(extract(epoch from least(r.as_of, r.window_end) - r.window_start), 0)::double precision
    as coverage,
  r.seconds_above, r.seconds_below, r.degree_minutes_above, r.degree_minutes_below, r.readings_out_of_range,
  r.door_openings, r.door_open_seconds,
  r.humidity_sum / nullif(r.humidity_count, 0) as humidity_mean_percent, r.humidity_min as humidity_min_percent,
  r.humidity_max as humidity_max_percent,
  r.sum_c, r.weighted_sum_c_seconds, r.mkt_numerator, r.mkt_denominator
from rollups r where not r.retracted;
comment on view analytics.rollups is
  'Figures of an hour, day, week or month by the site''s clock. Means are not additive: add the sums, then divide.';
comment on column analytics.rollups.granularity is 'hour, day, week (ISO) or month; always ask for one.';
comment on column analytics.rollups.is_final is 'No reading inside grace can change it any more.';
comment on column analytics.rollups.mkt_c is 'Mean kinetic temperature (83.144 kJ/mol).';
comment on column analytics.rollups.coverage is 'Share of the elapsed window with a known temperature, 0 to 1.';
comment on column analytics.rollups.weighted_sum_c_seconds is 'Integral of the held temperature over known time.';

create view analytics.excursions as
select id as excursion_id, unit_id, organization_id, state::text as state, direction::text as direction, started_at,
  confirmed_at, critical_at, ended_at,
  extract(epoch from coalesce(ended_at, now()) - started_at)::double precision as duration_seconds,
  known_seconds, has_unknown, peak_c, min_c, max_c, reading_count, degree_minutes
from excursions where state <> 'retracted';
comment on view analytics.excursions is 'Temperature out of range in one direction, from the first reading out to the first in.';
comment on column analytics.excursions.confirmed_at is 'Null: it ended before it was confirmed.';
comment on column analytics.excursions.duration_seconds is 'While open: up to now.';

create view analytics.door_openings as
select id as door_opening_id, unit_id, organization_id, state::text as state, opened_at, closed_at,
  extract(epoch from coalesce(closed_at, now()) - opened_at)::double precision as duration_seconds,
  warning_at, critical_at, inferred
from door_openings where state <> 'retracted';
comment on view analytics.door_openings is 'The door open, from opening to closing.';
comment on column analytics.door_openings.inferred is 'Not seen, derived from the sensor''s counter.';

create view analytics.silences as
select id as silence_id, unit_id, organization_id, state::text as state, started_at, detected_at, warning_at, critical_at,
  ended_at, extract(epoch from coalesce(ended_at, now()) - started_at)::double precision as duration_seconds,
  missed_checkins
from silences where state <> 'retracted';
comment on view analytics.silences is 'A unit not heard, from its last check-in to the next one.';

create view analytics.alerts as
select id as alert_id, unit_id, organization_id, alert_type::text as alert_type, severity::text as severity,
  status::text as status, cause_id, cause_started_at, triggered_at, resolved_at
from alerts where status <> 'retracted';
comment on view analytics.alerts is 'What people were told.';

create view analytics.status_changes as
select unit_id, organization_id, changed_at, status::text as status, cause_id
from unit_status_changes where not retracted;
comment on view analytics.status_changes is 'A unit''s status from one instant on.';

-- A role is of the whole cluster: it may be there already, or this user may not make one.
do $$
begin
  if not exists (select from pg_roles where rolname = 'coldstream_analyst') then
    create role coldstream_analyst nologin;
  end if;
  grant usage on schema analytics to coldstream_analyst;
  grant select on all tables in schema analytics to coldstream_analyst;
exception when insufficient_privilege then
  raise notice 'coldstream_analyst was not made: this user may not. Make it, and grant it usage and select on schema analytics.';
end $$;
