-- Units of one organization that share a gateway and fell silent together.
create table gateway_incidents (
  id uuid primary key,
  gateway_id text not null,
  organization_id uuid not null,
  revision integer not null,
  state episode_state not null,
  started_at timestamptz(3) not null,
  detected_at timestamptz(3) not null,
  ended_at timestamptz(3),
  unit_ids uuid[] not null,
  silence_ids uuid[] not null
);
comment on column gateway_incidents.started_at is 'the last check-in that came through the gateway';
create index gateway_incidents_by_organization on gateway_incidents (organization_id, started_at desc);
create index gateway_incidents_by_unit on gateway_incidents using gin (unit_ids);
create index gateway_incidents_by_silence on gateway_incidents using gin (silence_ids);
select wall_off('gateway_incidents');
