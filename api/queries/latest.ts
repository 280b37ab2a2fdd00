// The newest values of units and devices, and the state a unit is in. Each is a short walk back along an
// index from the newest row, bounded so that a unit which never had a humidity sensor does not read its whole
// history to learn that.
import type { Fields } from '../asked-fields.ts'
import { ONE_PLAN, type Query } from '../database.ts'

/** Further back than this nothing counts as a latest value; it also bounds the partitions that are opened. */
const HORIZON_DAYS = 31
/** A unit's values are at most so much older than its newest reading. */
const TOGETHER_DAYS = 2
const DAY_MS = 86_400_000

/** As a value: partitions beyond what `now() - interval` gives would be planned for, and left out only when it runs. */
export const horizonOf = (now: Date, days = HORIZON_DAYS): Date => new Date(now.getTime() - days * DAY_MS)

export type UnitLatest = { unitId: string; temperatureC: number | null; recordedAt: Date }
export type DeviceLatest = { deviceId: string; temperatureC: number | null; recordedAt: Date }
export type UnitStatus = { id: string; unitId: string; status: string; since: Date; causeId: string | null }
export type DoorState = { unitId: string; open: boolean; since: Date }

const firstSet = (column: string, name: string) =>
  `(array_agg(${column} order by recent.recorded_at desc, recent.device_id desc) filter (where ${column} is not null))[1] as "${name}"`

/** Of so many newest readings of each device a kind's value is taken. */
const READINGS_OF_A_DEVICE = 10

/**
 * A few steps back along the index for each device that was ever in the unit: a unit without a humidity sensor would else
 * read two days of rows to learn that. The device that was heard last counts also where the registry does not know it.
 */
export const latestOfUnits = (query: Query, unitIds: readonly string[], now: Date, fields: Fields) =>
  query<UnitLatest>(
    `${ONE_PLAN} select asked.unit_id as "unitId", heard.recorded_at as "recordedAt", v.* ${isAsked(fields, 'doorOpen') ? ', d.door_open as "doorOpen"' : ''}
    from unnest($1::uuid[]) asked (unit_id)
    cross join lateral (
      select recorded_at, device_id from sensor_readings
      where unit_id = asked.unit_id and not simulated and not history
        and recorded_at > $2
      order by recorded_at desc, device_id desc limit 1
    ) heard
    cross join lateral (
      select ${valuesFor(fields)}
      from (
        select device_id from device_assignments where unit_id = asked.unit_id union select heard.device_id
      ) placed
      cross join lateral (
        select * from sensor_readings
        where unit_id = asked.unit_id and device_id = placed.device_id and not simulated
          and recorded_at > $3 and recorded_at > heard.recorded_at - interval '${TOGETHER_DAYS} days'
          and recorded_at <= heard.recorded_at
        order by recorded_at desc limit ${READINGS_OF_A_DEVICE}
      ) recent
    ) v
    ${isAsked(fields, 'doorOpen') ? lastDoor : ''}`,
    [unitIds, horizonOf(now), horizonOf(now, HORIZON_DAYS + TOGETHER_DAYS)],
  )

const lastDoor = `left join lateral (
      select door_open from door_events where unit_id = asked.unit_id and not retracted
      order by recorded_at desc, id desc limit 1
    ) d on true`

const isAsked = (fields: Fields, name: string): boolean => fields === undefined || fields.has(name)

/** Of each field what brings it: to take the newest of each that is set is most of the work. */
const values: Readonly<Record<string, string>> = {
  temperature: firstSet('temperature_c', 'temperatureC'),
  temperatureAt: 'max(recent.recorded_at) filter (where temperature_c is not null) as "temperatureAt"',
  humidity: firstSet('humidity_percent', 'humidity'),
  humidityAt: 'max(recent.recorded_at) filter (where humidity_percent is not null) as "humidityAt"',
  batteryPercent: firstSet('battery_percent', 'batteryPercent'),
  batteryVolts: firstSet('battery_volts', 'batteryVolts'),
  rssi: firstSet('rssi_dbm', 'rssi'),
  snr: firstSet('snr_db', 'snr'),
}

const valuesFor = (fields: Fields): string =>
  [
    'count(*) as "readings"',
    ...Object.keys(values)
      .filter((name) => isAsked(fields, name))
      .map((name) => values[name]),
  ].join(', ')

/** `unitIds[i]` is the unit that `deviceIds[i]` is assigned to. Values come from its last ten readings
there. */
export const latestOfDevices = (
  query: Query,
  deviceIds: readonly string[],
  unitIds: readonly string[],
  now: Date,
) =>
  query<DeviceLatest>(
    `${ONE_PLAN} select asked.device_id as "deviceId", max(recorded_at) as "recordedAt",
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
        and recorded_at > $3
      order by recorded_at desc limit 10
    ) recent
    group by asked.device_id`,
    [deviceIds, unitIds, horizonOf(now)],
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
