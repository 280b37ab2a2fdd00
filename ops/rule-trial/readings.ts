// The stored readings of a unit, as the unit stage takes them: in the order in which they came.
import type { Postgres } from '../../infra/postgres.ts'
import type { DeviceKind, Reading } from '../../schemas/generated/types.ts'

type Row = {
  organizationId: string
  deviceId: string
  devEui: string | null
  kind: DeviceKind | null
  recordedAt: Date
  receivedAt: Date
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
  batteryPercent: number | null
  batteryVolts: number | null
  rssi: number | null
  snr: number | null
  gatewayId: string | null
  fault: boolean
  history: boolean
  decoder: string
  decoderVersion: number
}

/** A sensor's own counters are not stored: openings that they alone would tell of are missing on both sides. */
export async function storedReadings(db: Postgres, unitId: string, fromMs: number): Promise<Reading[]> {
  const { rows } = await db.query<Row>(
    `select r.organization_id as "organizationId", r.device_id as "deviceId", d.dev_eui as "devEui",
       (select a.kind from device_assignments a where a.device_id = r.device_id and a.valid_from <= r.recorded_at
        order by a.valid_from desc limit 1) as kind,
       r.recorded_at as "recordedAt", r.received_at as "receivedAt", r.temperature_c as temperature,
       r.humidity_percent as humidity, r.door_open as "doorOpen", r.battery_percent as "batteryPercent",
       r.battery_volts as "batteryVolts", r.rssi_dbm as rssi, r.snr_db as snr, r.gateway_id as "gatewayId",
       r.fault, r.history, r.decoder, r.decoder_version as "decoderVersion"
     from sensor_readings r left join devices d on d.id = r.device_id
     where r.unit_id = $1 and r.recorded_at >= $2 and not r.simulated
     order by r.received_at, r.recorded_at, r.device_id`,
    [unitId, new Date(fromMs)],
    { readOnly: true, statementTimeoutMs: 0 },
  )
  return rows.map(({ recordedAt, receivedAt, devEui, ...row }) => ({
    ...row,
    unitId,
    devEui: devEui ?? row.deviceId,
    recordedAt: recordedAt.getTime(),
    receivedAt: receivedAt.getTime(),
    doorOpenCount: null,
    lastOpenSeconds: null,
    simulated: false,
  }))
}

/** The newest instant of any of the units, UTC ms; null: there are no readings. */
export async function newestReadingMs(
  db: Postgres,
  unitIds: readonly string[],
  fromMs: number,
): Promise<number | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    `select max(recorded_at) as at from sensor_readings
     where unit_id = any($1) and recorded_at >= $2 and not simulated`,
    [unitIds, new Date(fromMs)],
    { readOnly: true, statementTimeoutMs: 0 },
  )
  return rows[0]?.at?.getTime() ?? null
}
