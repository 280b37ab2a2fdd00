-- Replays: a part of the log run once more, into topics and a schema of its own, until it is promoted or dropped.
create table replays (
  name text primary key,
  prefix text not null unique,
  schema_name text not null unique,
  span_from timestamptz(3) not null,
  span_to timestamptz(3) not null,
  units uuid[],
  state text not null check (state in ('copying', 'running', 'ready', 'promoted')),
  created_at timestamptz(3) not null default now(),
  cut_at timestamptz(3) not null,
  settled_to timestamptz(3) not null,
  received_to timestamptz(3),
  uplinks bigint not null default 0,
  seconds double precision,
  dead_letters integer,
  promoted_at timestamptz(3)
);
comment on column replays.units is 'null: all';
comment on column replays.settled_to is 'what ended before it can no longer change by what comes inside grace';
comment on column replays.received_to is 'the newest receivedAt that was copied; later samples are not in the replay';
