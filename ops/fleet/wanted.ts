// A fleet file → the rows that it asks for. Ids are derived from the slugs, so a file gives the same ids wherever and
// whenever it is applied.
import { derivedId } from '../../schemas/identity.ts'
import type {
  DeclaredDevice,
  DeclaredOrganization,
  DeclaredPlace,
  DeclaredRule,
  DeclaredUnit,
  Fleet,
  Ruled,
} from './declared.ts'
import {
  type Entity,
  type EntityTable,
  type PlaceFields,
  type RuleScope,
  scopeKey,
  type WantedRows,
} from './registry-rows.ts'
import { emptyRule, type RuleFields, ruleFieldsOf } from './rules.ts'
import type { Declared } from './versions.ts'
import { withPreset } from './with-preset.ts'

export const organizationIdOf = (slug: string): string => derivedId('organization', slug)
export const siteIdOf = (organization: string, site: string): string => derivedId('site', organization, site)
export const unitIdOf = (organization: string, site: string, unit: string): string =>
  derivedId('unit', organization, site, unit)
export const deviceIdOf = (devEui: string): string => derivedId('device', devEui.toUpperCase())

export function wantedRows(fleet: Fleet): WantedRows {
  const rows: WantedRows = { entities: new Map(), rules: new Map(), places: new Map() }
  for (const organization of fleet.organizations) addOrganization(rows, organization)
  return rows
}

function addOrganization(rows: WantedRows, organization: DeclaredOrganization): void {
  const { slug, name, timeZone = 'UTC', complianceMode = 'standard', sites = [] } = organization
  const organizationId = organizationIdOf(slug)
  add(rows, 'organizations', organizationId, {
    slug,
    name,
    time_zone: timeZone,
    compliance_mode: complianceMode,
  })
  addRule(rows, { organizationId, siteId: null, unitId: null }, organization)
  for (const site of sites) {
    const siteId = siteIdOf(slug, site.slug)
    const { timeZone: time_zone = null, address = null, latitude = null, longitude = null } = site
    const place = { time_zone, address, latitude, longitude }
    add(rows, 'sites', siteId, {
      organization_id: organizationId,
      slug: site.slug,
      name: site.name,
      ...place,
    })
    addRule(rows, { organizationId, siteId, unitId: null }, site)
    for (const [order, area] of (site.areas ?? []).entries()) {
      const areaId = derivedId('area', slug, site.slug, area.slug)
      const parents = { organization_id: organizationId, site_id: siteId }
      add(rows, 'areas', areaId, { ...parents, slug: area.slug, name: area.name, sort_order: order })
      for (const [position, unit] of (area.units ?? []).entries())
        addUnit(rows, organization, unitIdOf(slug, site.slug, unit.slug), unit, {
          ...parents,
          area_id: areaId,
          sort_order: position,
        })
    }
  }
}

type UnitParents = { organization_id: string; site_id: string; area_id: string; sort_order: number }

function addUnit(
  rows: WantedRows,
  organization: DeclaredOrganization,
  unitId: string,
  unit: DeclaredUnit,
  { organization_id, site_id, area_id, sort_order }: UnitParents,
): void {
  const { slug, name, type, temperatureUnit = 'C', devices = [] } = unit
  add(rows, 'units', unitId, {
    ...{ organization_id, site_id, area_id, slug, name },
    ...{ unit_type: type, temperature_unit: temperatureUnit, sort_order },
  })
  addRule(rows, { organizationId: organization_id, siteId: null, unitId }, unit)
  for (const device of devices) addDevice(rows, organization, unitId, device)
}

function addDevice(
  rows: WantedRows,
  organization: DeclaredOrganization,
  unitId: string,
  device: DeclaredDevice,
): void {
  const { devEui, name, vendor = null, model = null, history = [] } = device
  const organizationId = organizationIdOf(organization.slug)
  const deviceId = deviceIdOf(devEui)
  const dev_eui = devEui.toUpperCase()
  add(rows, 'devices', deviceId, { organization_id: organizationId, dev_eui, name, vendor, model })
  const place = (declared: DeclaredPlace, unit: string | null): Declared<PlaceFields> => ({
    validFromMs: instantOf(declared.validFrom),
    fields: {
      organizationId,
      unitId: unit,
      kind: declared.kind ?? null,
      probe: declared.probe ?? null,
      openIs: declared.openIs ?? null,
      calibrationOffset: declared.calibrationOffset ?? 0,
      silentMinutes: declared.silentMinutes ?? null,
      calibrationValidUntilMs: instantOf(declared.calibrationValidUntil) ?? null,
    },
  })
  const earlier = history.map((entry) => place(entry, unitIdAt(organization.slug, entry.unit)))
  rows.places.set(deviceId, { deviceId, versions: [...earlier, place(device, unitId)] })
}

function unitIdAt(organization: string, reference: string | null): string | null {
  const [site, unit] = reference?.split('/') ?? []
  return site === undefined || unit === undefined ? null : unitIdOf(organization, site, unit)
}

function add(rows: WantedRows, table: EntityTable, id: string, columns: Entity['columns']): void {
  rows.entities.set(id, { table, id, columns })
}

function addRule(rows: WantedRows, scope: RuleScope, { rule, ruleHistory = [] }: Ruled): void {
  const version = (declared: DeclaredRule | undefined): Declared<RuleFields> => ({
    validFromMs: instantOf(declared?.validFrom),
    fields: declared === undefined ? emptyRule : ruleFieldsOf(withPreset(declared) as Partial<RuleFields>),
  })
  rows.rules.set(scopeKey(scope), { scope, versions: [...ruleHistory, rule].map(version) })
}

const instantOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text)
