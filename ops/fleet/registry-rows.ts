// A fleet as the rows of the registry's tables: what a file asks for, and what the database holds, in one shape.
import type { Row, Sql } from '../../infra/postgres.ts'
import { type RuleFields, ruleFieldNames, ruleFieldsOf } from './rules.ts'
import type { Declared, Version } from './versions.ts'

/** In the order in which rows may refer to each other. */
export const entityColumns = {
  organizations: ['slug', 'name', 'time_zone', 'compliance_mode'],
  sites: ['organization_id', 'slug', 'name', 'time_zone', 'address', 'latitude', 'longitude'],
  areas: ['organization_id', 'site_id', 'slug', 'name', 'sort_order'],
  units: [
    'organization_id',
    'site_id',
    'area_id',
    'slug',
    'name',
    'unit_type',
    'temperature_unit',
    'sort_order',
  ],
  devices: ['organization_id', 'dev_eui', 'name', 'vendor', 'model'],
} as const

export type EntityTable = keyof typeof entityColumns
export const entityTables = Object.keys(entityColumns) as EntityTable[]

export type Entity = { table: EntityTable; id: string; columns: Row; deletedAtMs?: number | null }

/** Of an organization, of a site of it, or of a unit of it. */
export type RuleScope = { organizationId: string; siteId: string | null; unitId: string | null }

export type PlaceFields = {
  organizationId: string
  unitId: string | null
  kind: 'temperature' | 'door' | null
  probe: 'internal' | 'external' | null
  openIs: number | null
  calibrationOffset: number
  silentMinutes: number | null
  calibrationValidUntilMs: number | null
}

export type RuleHistory<V = Version<RuleFields>> = { scope: RuleScope; versions: V[] }
export type PlaceHistory<V = Version<PlaceFields>> = { deviceId: string; versions: V[] }

export type RegistryRows<R, P> = {
  entities: Map<string, Entity>
  rules: Map<string, RuleHistory<R>>
  places: Map<string, PlaceHistory<P>>
}
export type WantedRows = RegistryRows<Declared<RuleFields>, Declared<PlaceFields>>
export type StoredRows = RegistryRows<Version<RuleFields>, Version<PlaceFields>>

export const scopeKey = ({ organizationId, siteId, unitId }: RuleScope): string =>
  unitId ?? siteId ?? organizationId

export const ruleColumns = Object.fromEntries(
  ruleFieldNames.map((name) => {
    const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return [name, name.startsWith('temp') ? `${column}_c` : column]
  }),
) as Record<keyof RuleFields, string>

/** Rows of the organizations, removed ones too, and the devices of these ids whoever they belong to. */
export async function readRows(
  sql: Sql,
  organizationIds: readonly string[],
  deviceIds: readonly string[],
): Promise<StoredRows> {
  const entities = new Map<string, Entity>()
  for (const table of entityTables) {
    const owner = table === 'organizations' ? 'id' : 'organization_id'
    const { rows } = await sql.query(
      `select id, ${entityColumns[table].join(', ')}, deleted_at from ${table}
       where ${owner} = any($1) ${table === 'devices' ? 'or id = any($2)' : ''} order by id`,
      table === 'devices' ? [organizationIds, deviceIds] : [organizationIds],
    )
    for (const { id, deleted_at, ...columns } of rows)
      entities.set(String(id), {
        table,
        id: String(id),
        columns,
        deletedAtMs: (deleted_at as Date | null)?.getTime() ?? null,
      })
  }
  const devices = [...entities.values()].filter(({ table }) => table === 'devices').map(({ id }) => id)
  return { entities, rules: await readRules(sql, organizationIds), places: await readPlaces(sql, devices) }
}

async function readRules(sql: Sql, organizationIds: readonly string[]): Promise<StoredRows['rules']> {
  const { rows } = await sql.query(
    'select * from alert_rules where organization_id = any($1) order by valid_from',
    [organizationIds],
  )
  const rules: StoredRows['rules'] = new Map()
  for (const row of rows) {
    const { organization_id: organizationId, site_id: siteId, unit_id: unitId, valid_from } = row
    const scope = { organizationId, siteId, unitId } as RuleScope
    const fields = Object.fromEntries(ruleFieldNames.map((name) => [name, row[ruleColumns[name]]]))
    const version = { validFromMs: (valid_from as Date).getTime(), fields: ruleFieldsOf(fields) }
    const history = rules.get(scopeKey(scope))
    if (history) history.versions.push(version)
    else rules.set(scopeKey(scope), { scope, versions: [version] })
  }
  return rules
}

async function readPlaces(sql: Sql, deviceIds: readonly string[]): Promise<StoredRows['places']> {
  type PlaceRow = { deviceId: string; validFrom: Date; calibrationValidUntil: Date | null }
  const { rows } = await sql.query<PlaceRow & Omit<PlaceFields, 'calibrationValidUntilMs'>>(
    `select device_id as "deviceId", valid_from as "validFrom", organization_id as "organizationId",
       unit_id as "unitId", kind, probe, open_is as "openIs", calibration_offset_c as "calibrationOffset",
       silent_minutes as "silentMinutes", calibration_valid_until as "calibrationValidUntil"
     from device_assignments where device_id = any($1) order by valid_from`,
    [deviceIds],
  )
  const places: StoredRows['places'] = new Map()
  for (const { deviceId, validFrom, calibrationValidUntil, ...place } of rows) {
    const history = places.get(deviceId) ?? { deviceId, versions: [] }
    const fields = { ...place, calibrationValidUntilMs: calibrationValidUntil?.getTime() ?? null }
    history.versions.push({ validFromMs: validFrom.getTime(), fields })
    places.set(deviceId, history)
  }
  return places
}
