-- Finds what was last put into the outbox for a key, so that only what changed is put there again.
create index outbox_latest on outbox (topic, key, id desc);
