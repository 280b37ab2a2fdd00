-- What the pipeline writes. Only the sink writes these tables; each row comes from one record of one topic.
-- Instants are timestamptz(3), durations seconds, temperatures °C. Everything carries its organization.

create type episode_state as enum ('open', 'closed', 'retracted');
create type excursion_direction as enum ('high', 'low');
create type unit_status as enum
  ('ok', 'manual_required', 'restoring', 'excursion', 'monitoring_interrupted', 'offline', 'alarm_active');
create type rollup_granularity as enum ('hour', 'day', 'week', 'month');
create type quarantine_reason as enum ('clock', 'conflict', 'unassigned', 'undecodable');
create type alert_type as enum ('alarm_active', 'monitoring_interrupted', 'missed_manual_entry', 'low_battery',
  'sensor_fault', 'door_open', 'calibration_due');
create type alert_status as enum ('active', 'acknowledged', 'escalated', 'resolved', 'retracted');

-- No foreign keys here: COPY must not pay for them, and history outlives what it was measured in.
create table sensor_readings (
  unit_id uuid not null,
  recorded_at timestamptz(3) not null,
  device_id uuid not null,
  organization_id uuid not null,
  received_at timestamptz(3) not null,
  temperature_c double precision,
  humidity_percent double precision,
  door_open boolean,
  battery_percent double precision,
  battery_volts double precision,
  rssi_dbm double precision,
  snr_db double precision,
  gateway_id text,
  fault boolean not null,
  history boolean not null,
  simulated boolean not null,
  decoder text not null,
  decoder_version integer not null,
  primary key (unit_id, recorded_at, device_id, simulated)
) partition by range (recorded_at);
create table sensor_readings_default partition of sensor_readings default;

create table excursions (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  state episode_state not null,
  direction excursion_direction not null,
  started_at timestamptz(3) not null,
  confirmed_at timestamptz(3),
  critical_at timestamptz(3),
  ended_at timestamptz(3),
  peak_c double precision not null,
  min_c double precision not null,
  max_c double precision not null,
  reading_count integer not null,
  duration_seconds double precision,
  known_seconds double precision not null,
  has_unknown boolean not null,
  degree_minutes double precision not null,
  as_of timestamptz(3)
);
create index excursions_by_unit on excursions (unit_id, started_at desc);
create index excursions_by_organization on excursions (organization_id, started_at desc);

create table door_events (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  retracted boolean not null,
  device_id uuid not null,
  recorded_at timestamptz(3) not null,
  door_open boolean not null,
  duration_seconds double precision
);
create index door_events_by_unit on door_events (unit_id, recorded_at desc);

create table door_openings (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  state episode_state not null,
  inferred boolean not null,
  opened_at timestamptz(3) not null,
  closed_at timestamptz(3),
  duration_seconds double precision,
  warning_at timestamptz(3),
  critical_at timestamptz(3)
);
create index door_openings_by_unit on door_openings (unit_id, opened_at desc);

create table silences (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  state episode_state not null,
  started_at timestamptz(3) not null,
  detected_at timestamptz(3) not null,
  warning_at timestamptz(3),
  critical_at timestamptz(3),
  ended_at timestamptz(3),
  duration_seconds double precision,
  missed_checkins integer
);
create index silences_by_unit on silences (unit_id, started_at desc);

create table unit_status_changes (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  retracted boolean not null,
  changed_at timestamptz(3) not null,
  status unit_status not null,
  cause_id uuid
);
create index unit_status_changes_by_unit on unit_status_changes (unit_id, changed_at desc);

create table alerts (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  status alert_status not null,
  alert_type alert_type not null,
  severity alert_severity not null,
  cause_id uuid not null,
  cause_started_at timestamptz(3) not null,
  triggered_at timestamptz(3) not null,
  resolved_at timestamptz(3)
);
create index alerts_by_unit on alerts (unit_id, triggered_at desc);
create index alerts_by_organization on alerts (organization_id, triggered_at desc);

create table rollups (
  unit_id uuid not null,
  granularity rollup_granularity not null,
  window_start timestamptz(3) not null,
  window_end timestamptz(3) not null,
  organization_id uuid not null,
  revision integer not null,
  retracted boolean not null,
  is_final boolean not null,
  as_of timestamptz(3) not null,
  reading_count integer not null,
  min_c double precision,
  max_c double precision,
  sum_c double precision not null,
  sum_squares_c2 double precision not null,
  known_seconds double precision not null,
  weighted_sum_c_seconds double precision not null,
  mkt_numerator double precision not null,
  mkt_denominator double precision not null,
  seconds_above double precision not null,
  seconds_below double precision not null,
  degree_minutes_above double precision not null,
  degree_minutes_below double precision not null,
  readings_out_of_range integer not null,
  door_openings integer not null,
  door_open_seconds double precision not null,
  humidity_count integer not null,
  humidity_sum double precision not null,
  humidity_min double precision,
  humidity_max double precision,
  primary key (unit_id, granularity, window_start)
);
create index rollups_by_organization on rollups (organization_id, granularity, window_start);

create table quarantine (
  id uuid primary key,
  unit_id uuid,
  organization_id uuid,
  device_id uuid,
  dev_eui text not null,
  recorded_at timestamptz(3) not null,
  received_at timestamptz(3) not null,
  reason quarantine_reason not null,
  explanation text not null,
  temperature_c double precision,
  humidity_percent double precision,
  door_open boolean,
  session_key_id text,
  f_cnt bigint,
  brand_id text,
  model_id text
);
create index quarantine_by_device on quarantine (dev_eui, recorded_at desc);
create index quarantine_by_reason on quarantine (reason, received_at desc);

-- Readings beyond the grace period: their hours are repaired from the stored readings.
create table late_readings (
  unit_id uuid not null,
  recorded_at timestamptz(3) not null,
  device_id uuid not null,
  organization_id uuid not null,
  received_at timestamptz(3) not null,
  hour_start timestamptz(3) not null,
  primary key (unit_id, recorded_at, device_id)
);

-- Keyed by the record that it was found in: a letter of the dead-letters topic by its own place there (one that the
-- bridge wrote has no partition or offset of origin), a record that the sink itself could not read by its own.
create table dead_letters (
  topic text not null,
  topic_partition integer not null,
  topic_offset bigint not null,
  source text not null,
  source_partition integer,
  source_offset bigint,
  code text not null,
  explanation text not null,
  failed_at timestamptz(3) not null,
  key bytea,
  value bytea,
  headers jsonb not null,
  primary key (topic, topic_partition, topic_offset)
);
create index dead_letters_by_time on dead_letters (failed_at desc);

-- Where the sink stands, in the transaction of the rows themselves: the next offset to write, by partition. A batch
-- commits only where this still is the offset that it began at, so a zombie sink cannot write.
create table sink_offsets (
  sink text not null,
  topic text not null,
  topic_partition integer not null,
  next_offset bigint not null,
  updated_at timestamptz(3) not null default now(),
  primary key (sink, topic, topic_partition)
);
