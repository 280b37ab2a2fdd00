-- Budgets of time out of range: declared in rules, and told where one has run out.
alter table alert_rules add column budgets jsonb;
alter type alert_type add value if not exists 'budget_exceeded';

create type budget_side as enum ('above', 'below');
create type budget_span as enum ('consecutive', 'day', 'lot');

create table budgets (
  id uuid primary key,
  unit_id uuid not null,
  organization_id uuid not null,
  revision integer not null,
  state episode_state not null,
  name text not null,
  side budget_side not null,
  limit_c double precision not null,
  span budget_span not null,
  lot text,
  budget_seconds double precision not null,
  started_at timestamptz(3) not null,
  exceeded_at timestamptz(3) not null,
  ended_at timestamptz(3),
  used_seconds double precision
);
create index budgets_by_unit on budgets (unit_id, exceeded_at desc);
create index budgets_by_organization on budgets (organization_id, exceeded_at desc);
