-- Contacts of either sense: which state means an open door follows from the mounting, and may change with the place.
alter table device_assignments add column open_is smallint check (open_is in (0, 1));
comment on column device_assignments.open_is is 'contact state that means an open door; null: the profile''s';
