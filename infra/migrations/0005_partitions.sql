-- Partitions that look after themselves: events by day, what must not be dropped, what was archived and decided, and the
-- housekeeper that does it on time.

-- What happened, newest first, for some months: a row for each door change, status change and alert. It stands where its
-- identity puts it (an alert at the start of its cause), so a revision replaces it in place. The tables of their own keep
-- all of it; this one is a window of EVENTS_RETENTION_DAYS. No default partition, so that days can be detached concurrently.
create table events (
  occurred_at timestamptz(3) not null,
  id uuid not null,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  retracted boolean not null,
  event_type text not null,
  details jsonb not null,
  primary key (occurred_at, id)
) partition by range (occurred_at);
create index events_by_unit on events (unit_id, occurred_at desc);

-- Legal hold: while one is in force, the housekeeper drops nothing of the partition. Several may hold one partition.
create table partition_retention_overrides (
  id uuid primary key default gen_random_uuid(),
  partition_name text not null,
  reason text not null,
  created_by text not null,
  expires_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
comment on column partition_retention_overrides.expires_at is 'null: until it is released';
create index partition_retention_overrides_by_name on partition_retention_overrides (partition_name);

create table housekeeper_tasks (
  task_name text primary key,
  schedule text not null,
  next_run_at timestamptz(3) not null,
  requested_at timestamptz(3),
  requested_by text,
  lease_run bigint,
  lease_until timestamptz(3),
  seen_at timestamptz(3) not null default now()
);
comment on column housekeeper_tasks.requested_at is 'not null: it runs as soon as a housekeeper looks';
comment on column housekeeper_tasks.lease_run is 'the run that has it; others may take it after lease_until';

create table housekeeper_runs (
  id bigint generated always as identity primary key,
  task_name text not null,
  cause text not null,
  owner text not null,
  outcome text not null default 'running' check (outcome in ('running', 'succeeded', 'failed', 'abandoned')),
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  summary jsonb not null default '{}',
  error text
);
create index housekeeper_runs_by_task on housekeeper_runs (task_name, id desc);

-- A partition that was written to the archive, and what it must give when it is read back.
create table partition_archives (
  id bigint generated always as identity primary key,
  parent_table text not null,
  partition_name text not null,
  range_from timestamptz(3) not null,
  range_to timestamptz(3) not null,
  columns text[] not null,
  row_count bigint not null,
  digest text not null,
  store text not null,
  object_key text not null,
  object_bytes bigint not null,
  object_sha256 text not null,
  archived_at timestamptz(3) not null default now(),
  verified_at timestamptz(3),
  dropped_at timestamptz(3),
  restored_at timestamptz(3)
);
create index partition_archives_by_name on partition_archives (partition_name, id desc);

-- Why a partition went or stayed, with the numbers that were looked at.
create table partition_decisions (
  id bigint generated always as identity primary key,
  run_id bigint,
  decided_at timestamptz(3) not null default now(),
  partition_name text not null,
  decision text not null,
  explanation text not null,
  numbers jsonb not null default '{}'
);
create index partition_decisions_by_time on partition_decisions (decided_at desc);

-- Sizes over time, from which growth is read.
create table partition_samples (
  parent_table text not null,
  sampled_at timestamptz(3) not null default now(),
  partitions integer not null,
  bytes bigint not null,
  estimated_rows bigint not null,
  primary key (parent_table, sampled_at)
);

create view partition_state as
select parent.relname::text as parent_table,
  child.relname::text as partition_name,
  bound.text = 'DEFAULT' as is_default,
  (regexp_match(bound.text, 'FROM \(''([^'']+)''\)'))[1]::timestamptz as range_from,
  (regexp_match(bound.text, 'TO \(''([^'']+)''\)'))[1]::timestamptz as range_to,
  inherits.inhdetachpending as is_detaching,
  greatest(pg_stat_get_live_tuples(child.oid), child.reltuples::bigint, 0) as estimated_rows,
  pg_total_relation_size(child.oid) as bytes
from pg_inherits inherits
join pg_class parent on parent.oid = inherits.inhparent and parent.relkind = 'p'
join pg_class child on child.oid = inherits.inhrelid
cross join lateral (select pg_get_expr(child.relpartbound, child.oid) as text) bound
where parent.oid in (to_regclass('sensor_readings'), to_regclass('events'));
