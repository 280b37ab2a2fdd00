-- Who acts, what they did, what they did about an alert and whom it was told to; and the walls between organizations.
-- Nothing here is read by today's API: sign-in, roles, corrective actions and notifications come with it (docs/storage.md says
-- which table waits for what). The policies bind the role coldstream_api only; the owner of the tables sees all, as before.

create type actor_kind as enum ('person', 'api_key', 'system');
create type app_role as enum ('owner', 'admin', 'manager', 'staff', 'viewer');
create type notification_channel as enum ('push', 'email', 'sms');
create type notification_status as enum ('pending', 'sent', 'delivered', 'failed');
create type gateway_status as enum ('online', 'offline', 'disconnected', 'unknown');

-- One kind of id for whoever does something: whatever an external sign-in calls a person, here it is this one.
create table actors (
  id uuid primary key default gen_random_uuid(),
  kind actor_kind not null,
  name text not null,
  created_at timestamptz(3) not null default now()
);

create table people (
  id uuid primary key references actors (id),
  issuer text not null,
  subject text not null,
  email text not null,
  phone text,
  phone_verified boolean not null default false,
  time_zone text not null default 'UTC',
  is_platform_admin boolean not null default false,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (issuer, subject)
);
comment on column people.subject is 'what the external sign-in calls the person; it appears nowhere else';

create table memberships (
  organization_id uuid not null references organizations (id),
  person_id uuid not null references people (id),
  role app_role not null default 'viewer',
  push_enabled boolean not null default true,
  email_enabled boolean not null default true,
  sms_enabled boolean not null default false,
  digest_daily_at time,
  digest_weekly_at time,
  digest_site_ids uuid[],
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (organization_id, person_id)
);
comment on column memberships.digest_site_ids is 'null: all sites';
create index memberships_by_person on memberships (person_id);

create table api_keys (
  id uuid primary key references actors (id),
  organization_id uuid not null references organizations (id),
  secret_sha256 bytea not null unique,
  last_characters text not null,
  role app_role not null default 'viewer',
  scopes text[] not null default '{}',
  created_by uuid references actors (id),
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3)
);
create index api_keys_by_organization on api_keys (organization_id);

create table gateways (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id),
  site_id uuid references sites (id),
  gateway_id text not null,
  gateway_eui text check (gateway_eui ~ '^[0-9A-F]{16}$'),
  name text,
  status gateway_status not null default 'unknown',
  latitude double precision,
  longitude double precision,
  altitude_m double precision,
  last_seen_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (organization_id, gateway_id)
);
create index gateways_by_site on gateways (site_id);

create table corrective_actions (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id),
  unit_id uuid not null references units (id),
  alert_id uuid not null,
  actor_id uuid references actors (id),
  description text not null,
  action_taken text,
  evidence_url text,
  resolved_alert boolean not null default false,
  acted_at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now()
);
comment on column corrective_actions.alert_id is 'no foreign key: alerts are written by the sink alone, and may come later';
create index corrective_actions_by_alert on corrective_actions (alert_id);
create index corrective_actions_by_unit on corrective_actions (unit_id, acted_at desc);
create index corrective_actions_by_organization on corrective_actions (organization_id, acted_at desc);

create table escalation_contacts (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id),
  person_id uuid references people (id),
  name text not null,
  phone text,
  email text,
  priority integer not null default 0,
  is_active boolean not null default true,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  check (phone is not null or email is not null)
);
create index escalation_contacts_by_priority on escalation_contacts (organization_id, priority);

create table notification_settings (
  organization_id uuid primary key references organizations (id),
  email_enabled boolean not null default true,
  recipients jsonb not null default '[]' check (jsonb_typeof(recipients) = 'array'),
  alert_types alert_type[] not null default '{alarm_active}',
  severity_min alert_severity not null default 'warning',
  updated_at timestamptz(3) not null default now()
);

create table notification_deliveries (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id),
  alert_id uuid not null,
  recipient_id uuid references actors (id),
  channel notification_channel not null,
  recipient text not null,
  status notification_status not null default 'pending',
  external_id text,
  error text,
  scheduled_at timestamptz(3) not null default now(),
  sent_at timestamptz(3),
  delivered_at timestamptz(3),
  failed_at timestamptz(3),
  retry_count integer not null default 0,
  last_retry_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index notification_deliveries_by_alert on notification_deliveries (alert_id);
create index notification_deliveries_by_organization on notification_deliveries (organization_id, created_at desc);
create unique index notification_deliveries_external on notification_deliveries (external_id) where external_id is not null;
create index notification_deliveries_due on notification_deliveries (scheduled_at) where status = 'pending';
create index notification_deliveries_rate on notification_deliveries (channel, sent_at) where sent_at is not null;

-- What was done, by whom; each row is chained to the one before it in its organization, so that a row that is changed, taken
-- out or put in between shows. It is filled in here, not by whoever writes.
create table audit_log (
  organization_id uuid not null references organizations (id),
  sequence bigint not null,
  recorded_at timestamptz(3) not null,
  actor_id uuid not null references actors (id),
  acting_for uuid references actors (id),
  event_type text not null,
  category text,
  site_id uuid,
  area_id uuid,
  unit_id uuid,
  title text,
  details jsonb not null default '{}',
  ip_address inet,
  user_agent text,
  previous_sha256 bytea not null,
  sha256 bytea not null,
  primary key (organization_id, sequence)
);
comment on column audit_log.acting_for is 'whom the actor impersonated';
create index audit_log_by_time on audit_log (organization_id, recorded_at desc);
create index audit_log_by_actor on audit_log (actor_id, recorded_at desc);
create index audit_log_by_unit on audit_log (unit_id, recorded_at desc) where unit_id is not null;

create function audit_digest(entry audit_log) returns bytea language sql stable
  set timezone = 'UTC' set datestyle = 'ISO'
  return sha256(entry.previous_sha256 || convert_to((to_jsonb(entry) - 'sha256' - 'previous_sha256')::text, 'UTF8'));

create function chain_audit_log() returns trigger language plpgsql as $$
begin
  -- One writer of an organization after the other; it ends with the transaction.
  perform pg_advisory_xact_lock(hashtextextended(new.organization_id::text, 20260301));
  select sequence + 1, sha256 into new.sequence, new.previous_sha256 from audit_log
    where organization_id = new.organization_id order by sequence desc limit 1;
  new.sequence := coalesce(new.sequence, 1);
  new.previous_sha256 := coalesce(new.previous_sha256, '\x');
  new.recorded_at := clock_timestamp();
  new.sha256 := audit_digest(new);
  return new;
end $$;
create trigger audit_log_chain before insert on audit_log for each row execute function chain_audit_log();

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_log is written once: rows are neither changed nor deleted' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_kept before update or delete or truncate on audit_log
  for each statement execute function refuse_audit_change();

create view audit_breaks as
select organization_id, sequence,
  case when sha256 is distinct from expected then 'changed' else 'not the successor of the row before' end as problem
from (
  select l.organization_id, l.sequence, l.sha256, audit_digest(l) as expected, l.previous_sha256,
    lag(l.sha256, 1, '\x'::bytea) over w as before, lag(l.sequence, 1, 0::bigint) over w as sequence_before
  from audit_log l window w as (partition by organization_id order by sequence)
) checked
where sha256 is distinct from expected or previous_sha256 is distinct from before or sequence <> sequence_before + 1;
comment on view audit_breaks is 'empty while nobody has tampered with audit_log';

-- Counts from the statistics that Postgres keeps anyway; a count(*) would read every partition.
create view table_estimates as
select parent.relname::text as table_name, count(child.oid) filter (where child.relkind <> 'p') as parts,
  coalesce(sum(greatest(pg_stat_get_live_tuples(child.oid), child.reltuples::bigint, 0)), 0)::bigint as estimated_rows,
  coalesce(sum(pg_total_relation_size(child.oid)), 0)::bigint as bytes
from pg_class parent
cross join lateral (
  select parent.oid as member where parent.relkind = 'r'
  union all
  select relid from pg_partition_tree(parent.oid) where parent.relkind = 'p' and isleaf
) part
join pg_class child on child.oid = part.member
where parent.relkind in ('r', 'p') and not parent.relispartition and parent.relnamespace = current_schema()::regnamespace
group by parent.relname;

-- The walls. The API says, in its transaction, for whom it asks: one organization's id, or several with commas. Nothing said:
-- nothing seen. After SET LOCAL the setting reads '' and not null.
create function asked_organizations() returns uuid[] language sql stable parallel safe
  return string_to_array(nullif(current_setting('coldstream.organization', true), ''), ',')::uuid[];

do $$
begin
  if not exists (select from pg_roles where rolname = 'coldstream_api') then
    create role coldstream_api nologin;
  end if;
exception
  when duplicate_object or unique_violation then null; -- another database of this server was migrated at the same moment
  when insufficient_privilege then
    raise exception '% may not make roles. Let one who may say: create role coldstream_api nologin; grant coldstream_api to %;',
      current_user, current_user;
end $$;

-- For this migration and later ones: a table that carries organization_id is walled by one call.
create function wall_off(walled regclass, writable boolean default false) returns void language plpgsql as $$
declare
  organization_column text := case when walled = 'organizations'::regclass then 'id' else 'organization_id' end;
begin
  execute format('alter table %s enable row level security', walled);
  execute format('grant select on %s to coldstream_api', walled);
  execute format(
    'create policy organization_wall on %s to coldstream_api using (%I = any ((select asked_organizations())::uuid[]))',
    walled, organization_column);
  if writable then execute format('grant insert, update on %s to coldstream_api', walled); end if;
end $$;

do $$
declare
  walled regclass;
begin
  for walled in
    select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
    order by c.relname
  loop
    perform wall_off(walled, walled::text in ('manual_logs', 'alert_acknowledgements', 'corrective_actions',
      'escalation_contacts', 'notification_settings', 'memberships', 'api_keys'));
  end loop;
  perform wall_off('organizations');
  -- Written once: no update.
  grant insert on audit_log to coldstream_api;
  grant select, insert on actors, people to coldstream_api;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant coldstream_api to %I', current_user);
  end if;
exception when insufficient_privilege then
  raise exception '% may not become coldstream_api. Let one who may say: grant coldstream_api to %;', current_user, current_user;
end $$;

-- People have no organization of their own: one is seen by those who ask for an organization that the person belongs to.
alter table people enable row level security;
create policy membership_wall on people for select to coldstream_api
  using (exists (select from memberships m where m.person_id = people.id));
create policy people_join on people for insert to coldstream_api with check (true);
alter table actors enable row level security;
create policy actors_seen on actors for select to coldstream_api using (
  kind = 'system'
  or exists (select from memberships m where m.person_id = actors.id)
  or exists (select from api_keys k where k.id = actors.id));
create policy actors_join on actors for insert to coldstream_api with check (kind <> 'system');

insert into actors (id, kind, name) values ('00000000-0000-0000-0000-000000000001', 'system', 'coldstream');
