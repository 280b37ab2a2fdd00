// The registry's rows → the records of `devices` and `unit-configs`: each complete, all versions in it, so that a stage
// that reads only the newest record of a key knows everything.
import type { DeviceAssignments, UnitConfig, UnitDevice } from '../../schemas/generated/types.ts'
import type { Entity, PlaceFields, StoredRows } from './registry-rows.ts'
import { resolveRules } from './rules.ts'

export type RegistryRecord =
  | { topic: 'devices'; key: string; value: DeviceAssignments }
  | { topic: 'unit-configs'; key: string; value: UnitConfig }

export function registryRecords(stored: StoredRows): RegistryRecord[] {
  const devices = devicesByUnit(stored)
  const of = (table: Entity['table']) =>
    [...stored.entities.values()].filter((entity) => entity.table === table)
  return [
    ...of('units').map((unit): RegistryRecord => {
      const value = unitConfigOf(unit, stored, devices.get(unit.id) ?? [])
      return { topic: 'unit-configs', key: value.unitId, value }
    }),
    ...of('devices').map((device): RegistryRecord => {
      const value = assignmentsOf(device, stored)
      return { topic: 'devices', key: value.devEui, value }
    }),
  ]
}

function unitConfigOf(
  unit: Entity,
  { entities, rules }: StoredRows,
  devices: readonly UnitDevice[],
): UnitConfig {
  const organizationId = String(unit.columns.organization_id)
  const siteId = String(unit.columns.site_id)
  const zoneOf = (id: string) => entities.get(id)?.columns.time_zone as string | null | undefined
  const scopes = [organizationId, siteId, unit.id].map((id) =>
    (rules.get(id)?.versions ?? []).map(({ validFromMs, fields }) => ({ validFrom: validFromMs, ...fields })),
  )
  return {
    unitId: unit.id,
    organizationId,
    siteId,
    timeZone: zoneOf(siteId) ?? zoneOf(organizationId) ?? 'UTC',
    versions: resolveRules(scopes, unit.deletedAtMs ?? null),
    devices,
  }
}

/** In which unit each device is when: a unit must know without a reading that a device has left it. */
function devicesByUnit({ places }: StoredRows): Map<string, UnitDevice[]> {
  const byUnit = new Map<string, UnitDevice[]>()
  for (const { deviceId, versions } of places.values()) {
    for (const [index, { validFromMs, fields }] of versions.entries()) {
      if (fields.unitId === null) continue
      const list = byUnit.get(fields.unitId) ?? []
      byUnit.set(fields.unitId, list)
      list.push({
        deviceId,
        validFrom: validFromMs,
        validUntil: versions[index + 1]?.validFromMs ?? null,
        calibrationValidUntil: fields.calibrationValidUntilMs,
        silentMinutes: fields.silentMinutes,
      })
    }
  }
  const ascending = (a: UnitDevice, b: UnitDevice) =>
    a.validFrom - b.validFrom || (a.deviceId < b.deviceId ? -1 : 1)
  for (const list of byUnit.values()) list.sort(ascending)
  return byUnit
}

function assignmentsOf(device: Entity, { places }: StoredRows): DeviceAssignments {
  const { dev_eui, vendor, model } = device.columns as Record<string, string | null>
  return {
    devEui: dev_eui ?? '',
    deviceId: device.id,
    versions: (places.get(device.id)?.versions ?? []).map(({ validFromMs, fields }) => ({
      validFrom: validFromMs,
      ...assignmentOf(fields),
      vendor: vendor ?? null,
      model: model ?? null,
    })),
  }
}

/** How long it may be silent is its unit's to know. */
const assignmentOf = ({ calibrationValidUntilMs, silentMinutes: _, ...place }: PlaceFields) => ({
  ...place,
  calibrationValidUntil: calibrationValidUntilMs,
})
