-- What the API reads of a whole organization: its episodes in the order of time, and those that go on, which are few among
-- years of others.
create index door_openings_by_organization on door_openings (organization_id, opened_at desc);
create index silences_by_organization on silences (organization_id, started_at desc);
create index unit_status_changes_by_organization on unit_status_changes (organization_id, changed_at desc);

create index alerts_open on alerts (organization_id, triggered_at desc) where status <> 'resolved' and status <> 'retracted';
create index excursions_open on excursions (organization_id, started_at desc) where state = 'open';
create index silences_open on silences (organization_id, started_at desc) where state = 'open';
create index door_openings_open on door_openings (organization_id, opened_at desc) where state = 'open';

-- Frames belong to the organization of their device.
alter table uplink_loss enable row level security;
grant select on uplink_loss to coldstream_api;
create policy organization_wall on uplink_loss to coldstream_api
  using (exists (select from devices d where d.dev_eui = uplink_loss.dev_eui));
