-- Readings as a hypertable of TimescaleDB, in a database that has the extension when it is migrated; in any other this does
-- nothing, and readings stay native partitions. Whoever wants it says `create extension timescaledb` before `migrate`.
--
-- A chunk is a day, so that a month is whole chunks: holds, archives and decisions go by month in both layouts. What drops a
-- month is the housekeeper, which proves first what it drops; a retention policy of the extension would not ask.

do $hypertable$
declare
  readings_view text := pg_get_viewdef('analytics.readings'::regclass);
  state_view text := rtrim(pg_get_viewdef('partition_state'::regclass), ';');
  estimates_view text := rtrim(pg_get_viewdef('table_estimates'::regclass), ';');
begin
  if not exists (select from pg_extension where extname = 'timescaledb') then
    return;
  end if;

  lock table sensor_readings in access exclusive mode;
  alter table sensor_readings rename to sensor_readings_by_month;
  create table sensor_readings (like sensor_readings_by_month including all);
  perform create_hypertable('sensor_readings', 'recorded_at', chunk_time_interval => interval '1 day',
    create_default_indexes => false);
  insert into sensor_readings select * from sensor_readings_by_month;
  execute 'create or replace view analytics.readings as ' || readings_view;
  drop table sensor_readings_by_month;

  -- The key's columns are those of segments and order: a late reading is compared with what is compressed already without
  -- unpacking more than its unit. It may be written after all; it is only slower.
  alter table sensor_readings set (timescaledb.compress, timescaledb.compress_segmentby = 'organization_id, unit_id',
    timescaledb.compress_orderby = 'recorded_at desc, device_id, simulated');
  perform add_compression_policy('sensor_readings', compress_after => interval '35 days');

  -- The extension knows no row-level security on a table that it compresses. So the wall is a view of the same name, in a
  -- schema that the API's transactions search first, and the role has no right to the table itself.
  create schema walls;
  create view walls.sensor_readings with (security_barrier) as
    select * from sensor_readings where organization_id = any ((select asked_organizations())::uuid[]);
  grant usage on schema walls to coldstream_api;
  grant select on walls.sensor_readings to coldstream_api;

  create view reading_chunks as
    select (date_trunc('month', k.range_start at time zone 'UTC')) at time zone 'UTC' as month_start,
      format('%I.%I', k.chunk_schema, k.chunk_name) as chunk, k.range_start, k.range_end, k.is_compressed,
      greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0) as estimated_rows, coalesce(s.total_bytes, 0) as bytes
    from timescaledb_information.chunks k
    join pg_class c on c.relname = k.chunk_name and c.relnamespace = k.chunk_schema::text::regnamespace
    left join chunks_detailed_size('sensor_readings') s on (s.chunk_schema, s.chunk_name) = (k.chunk_schema, k.chunk_name)
    where k.hypertable_name = 'sensor_readings' and k.hypertable_schema = current_schema();
  comment on view reading_chunks is 'One row a day that has readings, with the month that it belongs to.';

  -- A month of the hypertable stands there as the partition that it would be.
  execute 'create or replace view partition_state as ' || state_view || $months$
    union all
    select 'sensor_readings', to_char(month_start at time zone 'UTC', '"sensor_readings_y"YYYY"m"MM'), false, month_start,
      (month_start at time zone 'UTC' + interval '1 month') at time zone 'UTC', false,
      sum(estimated_rows)::bigint, sum(bytes)::bigint
    from reading_chunks group by month_start $months$;
  execute 'create or replace view table_estimates as select * from (' || estimates_view || $estimates$
    ) native where table_name <> 'sensor_readings'
    union all
    select 'sensor_readings', count(*), coalesce(sum(estimated_rows), 0)::bigint, coalesce(sum(bytes), 0)::bigint
    from reading_chunks $estimates$;
end $hypertable$;
