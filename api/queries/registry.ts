// The registry: organizations, sites, areas, units, devices. One statement answers for any number of parents.
import type { Query } from '../database.ts'
import type { TemperatureUnit } from '../temperature.ts'

export type Organization = { id: string; slug: string; name: string; timeZone: string }
export type Site = { id: string; organizationId: string; slug: string; name: string; timeZone: string }
export type Area = { id: string; organizationId: string; siteId: string; slug: string; name: string }
export type Unit = {
  id: string
  organizationId: string
  siteId: string
  areaId: string
  slug: string
  name: string
  type: string
  temperatureUnit: TemperatureUnit
}
export type Device = {
  id: string
  organizationId: string
  devEui: string
  name: string
  vendor: string | null
  model: string | null
  unitId: string | null
  kind: string | null
  assignedSince: Date | null
  calibrationOffsetC: number | null
  calibrationValidUntil: Date | null
  silentMinutes: number | null
}

const organizationRows = `
  select id, slug, name, time_zone as "timeZone" from organizations where deleted_at is null`

export const siteRows = `
  select s.id, s.organization_id as "organizationId", s.slug, s.name, coalesce(s.time_zone,
  o.time_zone) as "timeZone",
    s.address, s.latitude, s.longitude
  from sites s join organizations o on o.id = s.organization_id and o.deleted_at is null
  where s.deleted_at is null`

export const areaRows = `
  select a.id, a.organization_id as "organizationId", a.site_id as "siteId", a.slug, a.name
  from areas a where a.deleted_at is null`

export const unitRows = `
  select u.id, u.organization_id as "organizationId", u.site_id as "siteId", u.area_id as "areaId", u.slug,
  u.name,
    upper(u.unit_type::text) as type, u.temperature_unit as "temperatureUnit"
  from units u join areas a on a.id = u.area_id
  where u.deleted_at is null`
const unitOrder = 'order by a.sort_order, a.name, u.sort_order, u.name, u.id'

// $2 is the instant at which an assignment must be in force.
export const deviceRows = `
  select d.id, d.organization_id as "organizationId", d.dev_eui as "devEui", d.name, d.vendor, d.model,
    a.unit_id as "unitId", upper(a.kind::text) as kind, a.valid_from as "assignedSince",
    a.calibration_offset_c as "calibrationOffsetC", a.calibration_valid_until as "calibrationValidUntil",
    a.silent_minutes as "silentMinutes"
  from devices d left join lateral (
    select * from device_assignments where device_id = d.id and valid_from <= $2 order by valid_from desc
    limit 1
  ) a on true
  where d.deleted_at is null`

export const allOrganizations = (query: Query) =>
  query<Organization>(`${organizationRows} order by name, id`, [])

export const organizationBySlug = (query: Query, slug: string) =>
  query<Organization>(`${organizationRows} and slug = $1`, [slug])

export const organizationsById = (query: Query, ids: readonly string[]) =>
  query<Organization>(`${organizationRows} and id = any($1::uuid[])`, [ids])

export const sitesById = (query: Query, ids: readonly string[]) =>
  query<Site>(`${siteRows} and s.id = any($1::uuid[])`, [ids])

export const sitesOf = (query: Query, organizationIds: readonly string[]) =>
  query<Site>(`${siteRows} and s.organization_id = any($1::uuid[]) order by s.name, s.id`, [organizationIds])

export const areasById = (query: Query, ids: readonly string[]) =>
  query<Area>(`${areaRows} and a.id = any($1::uuid[])`, [ids])

export const unitsById = (query: Query, ids: readonly string[]) =>
  query<Unit>(`${unitRows} and u.id = any($1::uuid[])`, [ids])

export const unitsOfSites = (query: Query, siteIds: readonly string[]) =>
  query<Unit>(`${unitRows} and u.site_id = any($1::uuid[]) ${unitOrder}`, [siteIds])

export const devicesById = (query: Query, ids: readonly string[], now: Date) =>
  query<Device>(`${deviceRows} and d.id = any($1::uuid[])`, [ids, now])

export const deviceByEui = (query: Query, devEui: string, now: Date) =>
  query<Device>(`${deviceRows} and d.dev_eui = upper($1)`, [devEui, now])

export type UnitsOfType = {
  scope: 'site' | 'organization'
  parentId: string
  type: string
  unitCount: number
  /** Of the site, or of the organization. */
  zone: string
}

export const unitTypesOf = (query: Query, scope: UnitsOfType['scope'], ids: readonly string[]) =>
  query<UnitsOfType>(
    `select '${scope}' as scope, u.${scope}_id as "parentId", upper(u.unit_type::text) as type,
       count(*) as "unitCount", min(${scope === 'site' ? 'coalesce(s.time_zone, o.time_zone)' : 'o.time_zone'}) as zone
     from units u join sites s on s.id = u.site_id join organizations o on o.id = u.organization_id
     where u.${scope}_id = any($1::uuid[]) and u.deleted_at is null
     group by u.${scope}_id, u.unit_type order by u.unit_type`,
    [ids],
  )

export const actorsById = (query: Query, ids: readonly string[]) =>
  query<{ id: string; name: string }>('select id, name from actors where id = any($1::uuid[])', [ids])
