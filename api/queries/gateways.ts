// Gateways: those that the registry names and those that a device was heard by lately, and what is lost on the way
// through each.
import type { Query } from '../database.ts'
import type { Page } from '../page.ts'
import { horizonOf } from './latest.ts'

export type Gateway = {
  organizationId: string
  siteId: string | null
  gatewayId: string
  gatewayEui: string | null
  name: string | null
  status: string
  latitude: number | null
  longitude: number | null
  altitudeM: number | null
  heardAt: Date | null
  deviceCount: number
}

/** What one device sent in one day: what came, and what shows by its counter to be lost. */
export type UplinkLoss = { day: string; received: number; lost: number }

// The newest reading of each device says by which gateway it was heard.
const heard = `
  select d.organization_id, newest.gateway_id, max(newest.recorded_at) as heard_at, count(*) as devices
  from devices d cross join lateral (
    select unit_id from device_assignments where device_id = d.id and valid_from <= $2
    order by valid_from desc limit 1
  ) a cross join lateral (
    select gateway_id, recorded_at from sensor_readings
    where unit_id = a.unit_id and device_id = d.id and not simulated
      and recorded_at > $3
    order by recorded_at desc limit 1
  ) newest
  where d.organization_id = any($1::uuid[]) and d.deleted_at is null and newest.gateway_id is not null
  group by 1, 2`

const rows = `
  select coalesce(g.organization_id, h.organization_id) as "organizationId", g.site_id as "siteId",
    coalesce(g.gateway_id, h.gateway_id) as "gatewayId", g.gateway_eui as "gatewayEui", g.name,
    upper(coalesce(g.status::text, 'unknown')) as status, g.latitude, g.longitude, g.altitude_m as "altitudeM",
    greatest(g.last_seen_at, h.heard_at) as "heardAt", coalesce(h.devices, 0) as "deviceCount"
  from (select * from gateways where organization_id = any($1::uuid[]) and deleted_at is null) g
  full join (${heard}) h using (organization_id, gateway_id)`

export const gatewaysOf = (query: Query, organizationIds: readonly string[], now: Date) =>
  query<Gateway>(rows, [organizationIds, now, horizonOf(now)])

/** By their id at the network: of each organization one more than the page's limit, in its direction. */
export function gatewaysPage(
  query: Query,
  organizationIds: readonly string[],
  { limit, backward, key }: Page,
  now: Date,
): Promise<Gateway[]> {
  const direction = backward ? 'desc' : ''
  const values = [organizationIds, now, horizonOf(now), limit + 1, ...(key === undefined ? [] : [key[1]])]
  return query<Gateway>(
    `select * from (
       select *, row_number() over (partition by "organizationId" order by "gatewayId" ${direction}) as place
       from (${rows}) g ${key === undefined ? '' : `where "gatewayId" ${backward ? '<' : '>'} $5`}
     ) placed where place <= $4 order by place`,
    values,
  )
}

export type LossArgs = { from: Date; to: Date }

/** Of each gateway, by UTC day; only frames of the organization's own devices count. */
export const lossOfGateways = (
  query: Query,
  gateways: readonly { organizationId: string; gatewayId: string }[],
  { from, to }: LossArgs,
) =>
  query<UplinkLoss & { organizationId: string; gatewayId: string }>(
    `select d.organization_id as "organizationId", l.gateway_id as "gatewayId", l.day::text as day,
       sum(l.received) as received, sum(l.lost) as lost
     from uplink_loss l join devices d on d.dev_eui = l.dev_eui and d.deleted_at is null
     where l.gateway_id = any($1::text[]) and d.organization_id = any($2::uuid[])
       and l.day >= ($3::timestamptz at time zone 'UTC')::date and l.day < $4::timestamptz at time zone 'UTC'
     group by 1, 2, 3 order by 3`,
    [
      gateways.map(({ gatewayId }) => gatewayId),
      gateways.map(({ organizationId }) => organizationId),
      from,
      to,
    ],
  )

export const lossOfDevices = (query: Query, deviceIds: readonly string[], { from, to }: LossArgs) =>
  query<UplinkLoss & { deviceId: string }>(
    `select d.id as "deviceId", l.day::text as day, sum(l.received) as received, sum(l.lost) as lost
     from devices d join uplink_loss l on l.dev_eui = d.dev_eui
     where d.id = any($1::uuid[])
       and l.day >= ($2::timestamptz at time zone 'UTC')::date and l.day < $3::timestamptz at time zone 'UTC'
     group by 1, 2 order by 2`,
    [deviceIds, from, to],
  )
