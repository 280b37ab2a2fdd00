-- What the rules say about batteries, sensors, calibrations, manual logs and escalation; until when a calibration holds.
alter table alert_rules
  add column manual_only_when_silent boolean,
  add column low_battery_percent double precision,
  add column low_battery_volts double precision,
  add column battery_hysteresis_percent double precision,
  add column battery_hysteresis_volts double precision,
  add column fault_stuck_readings double precision,
  add column fault_stuck_minutes double precision,
  add column fault_jump_c double precision,
  add column calibration_notice_days double precision,
  add column escalation_minutes double precision[];

alter table device_assignments add column calibration_valid_until timestamptz(3);
