// What is missing, into its tables: for each device that has changed, all of its rows anew in one transaction.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import { type DeviceFrames, gapsOf, lossOf } from '../../processors/gaps.ts'

/** Devices of one transaction: a few thousand rows. */
const devicesMax = 200

export async function storeGaps(db: Postgres, devices: readonly DeviceFrames[]): Promise<void> {
  for (let at = 0; at < devices.length; at += devicesMax) {
    const some = devices.slice(at, at + devicesMax)
    await db.transaction((sql) => replaceRows(sql, some))
  }
}

async function replaceRows(sql: Sql, devices: readonly DeviceFrames[]): Promise<void> {
  const devEuis = devices.map(({ devEui }) => devEui)
  await sql.query('delete from uplink_gaps where dev_eui = any($1)', [devEuis])
  await sql.query('delete from uplink_loss where dev_eui = any($1)', [devEuis])
  const gaps = devices.flatMap(gapsOf).map((gap) => ({
    dev_eui: gap.devEui,
    session_key_id: gap.sessionKeyId,
    first_f_cnt: gap.firstFCnt,
    last_f_cnt: gap.lastFCnt,
    missing: gap.missing,
    after_at: new Date(gap.afterMs),
    before_at: new Date(gap.beforeMs),
    gateway_id: gap.gatewayId,
  }))
  await sql.query('insert into uplink_gaps select * from jsonb_populate_recordset(null::uplink_gaps, $1)', [
    JSON.stringify(gaps),
  ])
  const losses = devices.flatMap((device) =>
    lossOf(device).map(({ dayMs, gatewayId, received, lost }) => ({
      dev_eui: device.devEui,
      day: new Date(dayMs).toISOString().slice(0, 10),
      gateway_id: gatewayId,
      received,
      lost,
    })),
  )
  await sql.query('insert into uplink_loss select * from jsonb_populate_recordset(null::uplink_loss, $1)', [
    JSON.stringify(losses),
  ])
}
