-- Whom an alert is about, its escalation and acknowledgement; what people enter by hand.
create type alert_reason as enum ('percent', 'volts', 'no_probe', 'stuck', 'jump');

alter table alerts
  add column device_id uuid,
  add column reason alert_reason,
  add column escalated_at timestamptz(3)[] not null default '{}',
  add column acknowledged_at timestamptz(3);

-- Both are inputs, told to Kafka by the outbox: rows are added, never changed.
create table manual_logs (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  unit_id uuid not null references units (id),
  recorded_at timestamptz(3) not null,
  temperature_c double precision,
  note text,
  recorded_by text,
  created_at timestamptz(3) not null default now()
);
create index manual_logs_by_unit on manual_logs (unit_id, recorded_at desc);
create index manual_logs_by_organization on manual_logs (organization_id, recorded_at desc);

create table alert_acknowledgements (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  unit_id uuid not null references units (id),
  alert_id uuid not null,
  acknowledged_at timestamptz(3) not null,
  note text,
  acknowledged_by text,
  created_at timestamptz(3) not null default now()
);
create index alert_acknowledgements_by_alert on alert_acknowledgements (alert_id);
