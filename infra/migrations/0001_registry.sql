-- What people declare: tenants, places, units, devices with their assignments, rules, and the outbox to Kafka.
-- Ids come from the fleet file's names (UUIDv5), so applying a file again changes nothing.

create type unit_type as enum ('fridge', 'freezer', 'display_case', 'walk_in_cooler', 'walk_in_freezer', 'blast_chiller');
create type temperature_unit as enum ('C', 'F');
create type compliance_mode as enum ('standard', 'haccp');
create type device_kind as enum ('temperature', 'door');
create type temperature_probe as enum ('internal', 'external');
create type alert_severity as enum ('info', 'warning', 'critical');

create table organizations (
  id uuid primary key,
  slug text not null unique,
  name text not null,
  time_zone text not null default 'UTC',
  compliance_mode compliance_mode not null default 'standard',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);

create table sites (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  slug text not null,
  name text not null,
  time_zone text,
  address text,
  latitude double precision,
  longitude double precision,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (organization_id, slug)
);
comment on column sites.time_zone is 'IANA zone; null: the organization''s';

create table areas (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  site_id uuid not null references sites (id),
  slug text not null,
  name text not null,
  sort_order integer not null default 0,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (site_id, slug)
);

create table units (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  site_id uuid not null references sites (id),
  area_id uuid not null references areas (id),
  slug text not null,
  name text not null,
  unit_type unit_type not null,
  temperature_unit temperature_unit not null default 'C',
  sort_order integer not null default 0,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (area_id, slug)
);
comment on column units.temperature_unit is 'display only; everything stored is °C';
create index units_by_organization on units (organization_id);
create index units_by_site on units (site_id);

create table devices (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  dev_eui text not null unique check (dev_eui ~ '^[0-9A-F]{16}$'),
  name text not null,
  vendor text,
  model text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);
create index devices_by_organization on devices (organization_id);

-- A device's place over time; readings keep the unit they were taken in.
create table device_assignments (
  device_id uuid not null references devices (id),
  valid_from timestamptz(3) not null,
  organization_id uuid not null references organizations (id),
  unit_id uuid references units (id),
  kind device_kind,
  probe temperature_probe,
  calibration_offset_c double precision not null default 0,
  primary key (device_id, valid_from)
);
create index device_assignments_by_unit on device_assignments (unit_id, valid_from);

-- Rules by scope, field by field: null inherits from the wider scope.
create table alert_rules (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  site_id uuid references sites (id),
  unit_id uuid references units (id),
  valid_from timestamptz(3) not null,
  temp_min_c double precision,
  temp_max_c double precision,
  excursion_confirm_minutes_door_closed double precision,
  excursion_confirm_minutes_door_open double precision,
  door_open_max_mask_minutes_per_day double precision,
  max_excursion_minutes double precision,
  door_open_warning_minutes double precision,
  door_open_critical_minutes double precision,
  expected_reading_interval_seconds double precision,
  offline_trigger_multiplier double precision,
  offline_trigger_additional_minutes double precision,
  offline_warning_missed_checkins double precision,
  offline_critical_missed_checkins double precision,
  manual_interval_minutes double precision,
  manual_grace_minutes double precision,
  delay_minutes double precision,
  severity alert_severity,
  schedule jsonb,
  created_at timestamptz(3) not null default now(),
  check (site_id is null or unit_id is null),
  check (temp_min_c is null or temp_max_c is null or temp_min_c <= temp_max_c)
);
create unique index alert_rules_scope on alert_rules
  (organization_id, site_id, unit_id, valid_from) nulls not distinct;

-- The transactional outbox: what must reach Kafka is written in the transaction that changes the registry.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  key text not null,
  value jsonb not null,
  created_at timestamptz(3) not null default now(),
  published_at timestamptz(3)
);
create index outbox_unpublished on outbox (id) where published_at is null;
