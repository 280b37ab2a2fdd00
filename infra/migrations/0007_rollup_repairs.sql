-- Late readings whose rollups are right and can no longer be changed by anything else: `coldstream rollups repair` does
-- not look at them again. A row of late_readings without one here is still to be looked at.
create table rollup_repairs (
  unit_id uuid not null,
  recorded_at timestamptz(3) not null,
  device_id uuid not null,
  settled_at timestamptz(3) not null default now(),
  primary key (unit_id, recorded_at, device_id)
);
