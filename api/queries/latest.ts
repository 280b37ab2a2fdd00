// The newest values of units and devices, and the state a unit is in. Each is a short walk back along an
// index from the newest row, bounded so that a unit which never had a humidity sensor does not read its whole
// history to learn that.
import type { Query } from '../database.ts'

/** Further back than this nothing counts as a latest value; it also bounds the partitions that are opened. */
export const HORIZON_DAYS = 31

export type UnitLatest = { unitId: string; temperatureC: number | null; recordedAt: Date }
export type DeviceLatest = { deviceId: string; temperatureC: number | null; recordedAt: Date }
export type UnitStatus = { id: string; unitId: string; status: string; since: Date; causeId: string | null }
export type DoorState = { unitId: string; open: boolean; since: Date }

const newest = (alias: string, columns: string, condition: string) => `
  left join lateral (
    select recorded_at, ${columns} from sensor_readings
    where unit_id = asked.unit_id and not simulated and ${condition}
      and recorded_at > heard.recorded_at - interval '2 days' and recorded_at <= heard.recorded_at
    order by recorded_at desc, device_id desc limit 1
  ) ${alias} on true`

export const latestOfUnits = (query: Query, unitIds: readonly string[], now: Date) =>
  query<UnitLatest>(
    `select asked.unit_id as "unitId", heard.recorded_at as "recordedAt",
      t.temperature_c as "temperatureC", t.recorded_at as "temperatureAt",
      h.humidity_percent as humidity, h.recorded_at as "humidityAt", d.door_open as "doorOpen",
      p.battery_percent as "batteryPercent", v.battery_volts as "batteryVolts", r.rssi_dbm as rssi,
      r.snr_db as snr
    from unnest($1::uuid[]) asked (unit_id)
    cross join lateral (
      select recorded_at from sensor_readings
      where unit_id = asked.unit_id and not simulated and not history
        and recorded_at > $2::timestamptz - interval '${HORIZON_DAYS} days'
      order by recorded_at desc, device_id desc limit 1
    ) heard
    ${newest('t', 'temperature_c', 'temperature_c is not null')}
    ${newest('h', 'humidity_percent', 'humidity_percent is not null')}
    ${newest('p', 'battery_percent', 'battery_percent is not null')}
    ${newest('v', 'battery_volts', 'battery_volts is not null')}
    ${newest('r', 'rssi_dbm, snr_db', 'rssi_dbm is not null')}
    left join lateral (
      select door_open from door_events where unit_id = asked.unit_id and not retracted
      order by recorded_at desc, id desc limit 1
    ) d on true`,
    [unitIds, now],
  )

const firstSet = (column: string, name: string) =>
  `(array_agg(${column} order by recorded_at desc) filter (where ${column} is not null))[1] as "${name}"`

/** `unitIds[i]` is the unit that `deviceIds[i]` is assigned to. Values come from its last ten readings
there. */
export const latestOfDevices = (
  query: Query,
  deviceIds: readonly string[],
  unitIds: readonly string[],
  now: Date,
) =>
  query<DeviceLatest>(
    `select asked.device_id as "deviceId", max(recorded_at) as "recordedAt",
      ${firstSet('temperature_c', 'temperatureC')}, ${firstSet('humidity_percent', 'humidity')},
      ${firstSet('door_open', 'doorOpen')}, ${firstSet('battery_percent', 'batteryPercent')},
      ${firstSet('battery_volts', 'batteryVolts')}, ${firstSet('rssi_dbm', 'rssi')}, ${firstSet(
        'snr_db',
        'snr',
      )},
      ${firstSet('gateway_id', 'gatewayId')}, ${firstSet('fault', 'fault')}
    from unnest($1::uuid[], $2::uuid[]) asked (device_id, unit_id)
    cross join lateral (
      select * from sensor_readings
      where unit_id = asked.unit_id and device_id = asked.device_id and not simulated
        and recorded_at > $3::timestamptz - interval '${HORIZON_DAYS} days'
      order by recorded_at desc limit 10
    ) recent
    group by asked.device_id`,
    [deviceIds, unitIds, now],
  )

export const statusOfUnits = (query: Query, unitIds: readonly string[]) =>
  query<UnitStatus>(
    `select s.id, s.unit_id as "unitId", upper(s.status::text) as status, s.changed_at as since,
      s.cause_id as "causeId"
    from unnest($1::uuid[]) asked (unit_id)
    cross join lateral (
      select * from unit_status_changes where unit_id = asked.unit_id and not retracted
      order by changed_at desc, id desc limit 1
    ) s`,
    [unitIds],
  )

export const doorsOfUnits = (query: Query, unitIds: readonly string[]) =>
  query<DoorState>(
    `select d.unit_id as "unitId", d.door_open as open, d.recorded_at as since
    from unnest($1::uuid[]) asked (unit_id)
    cross join lateral (
      select * from door_events where unit_id = asked.unit_id and not retracted
      order by recorded_at desc, id desc limit 1
    ) d`,
    [unitIds],
  )
