-- What people enter through the API goes on to Kafka by the outbox: entries only, of the organizations that are asked for.
-- Nothing of the outbox is read there.
alter table outbox enable row level security;
create policy outbox_entries on outbox for insert to coldstream_api with check (
  topic = 'unit-entries' and (value ->> 'organizationId')::uuid = any ((select asked_organizations())::uuid[]));
grant insert (topic, key, value) on outbox to coldstream_api;

-- The API says of each entry who made it.
comment on column api_keys.scopes is 'what the key is narrowed to (read, export, enter, sign-off); empty: all that its role may do';
alter table api_keys add constraint api_keys_scopes check (scopes <@ array['read', 'export', 'enter', 'sign-off']);
