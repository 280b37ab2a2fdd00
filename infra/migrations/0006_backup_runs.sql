-- What became of each backup, restore test and restore: metrics and alerts read it, and what deletes data asks it first.
create table backup_runs (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('backup', 'restore_test', 'restore')),
  backup_name text,
  started_at timestamptz(3) not null,
  finished_at timestamptz(3) not null default now(),
  succeeded boolean not null,
  backup_bytes bigint,
  store text not null,
  explanation text,
  numbers jsonb not null default '{}'
);
comment on column backup_runs.numbers is 'rows, tables, and the seconds of each step';
create index backup_runs_by_kind on backup_runs (kind, finished_at desc);
