-- A device that does not check in while others of its unit do: its limits, and the reason of its alert.
alter type alert_reason add value if not exists 'silent';
alter table alert_rules add column device_silent_minutes double precision;
alter table device_assignments add column silent_minutes double precision;
