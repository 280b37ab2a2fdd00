-- A reader behind the walls of row-level security asks for rollups of one granularity. Postgres may compare an enum only after the
-- wall (enum_eq is not leakproof), so the primary key is walked without it: of a unit with hours, a year of days reads 8,760 rows
-- to find 365. A partial index is chosen by its condition, which is compared with nothing of the row.
create index rollups_hours on rollups (unit_id, window_start) where granularity = 'hour';
create index rollups_days on rollups (unit_id, window_start) where granularity = 'day';
create index rollups_weeks on rollups (unit_id, window_start) where granularity = 'week';
create index rollups_months on rollups (unit_id, window_start) where granularity = 'month';
