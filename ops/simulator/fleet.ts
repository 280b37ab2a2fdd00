// The fleet file as the simulator sees it: sites with gateways, units with walls and limits, sensors with bytes of
// their own.
import { createHash } from 'node:crypto'
import type { DeclaredDevice, DeclaredRule, DeclaredUnit, Fleet } from '../fleet/declared.ts'
import { type SensorModel, sensorModel } from './payloads.ts'
import type { UnitType } from './thermal.ts'

export type SimulatedDevice = {
  devEui: string
  name: string
  model: SensorModel
  /** Its cable's sensor is in the cold, its case outside. */
  isCabled: boolean
  /** What our registry adds to its readings; the sensor errs by the opposite. */
  calibrationOffsetC: number
  intervalMs: number
}

export type SimulatedUnit = {
  /** `organization/site/unit`, by slugs. */
  unitId: string
  name: string
  type: UnitType
  timeZone: string
  tempMinC: number | null
  tempMaxC: number | null
  doorOpenCriticalMinutes: number | null
  devices: SimulatedDevice[]
}

export type Region = 'EU_863_870' | 'US_902_928' | 'AU_915_928'

export type Gateway = { gatewayId: string; gatewayEui: string }

export type SimulatedSite = {
  siteId: string
  name: string
  applicationId: string
  region: Region
  gateways: readonly Gateway[]
  units: SimulatedUnit[]
}

export type SimulatedFleet = {
  sites: SimulatedSite[]
  /** Devices that have no model here, each with the reason. */
  leftOut: string[]
}

const defaultIntervalMs = 600_000

export function simulatedFleet(fleet: Fleet): SimulatedFleet {
  const leftOut: string[] = []
  const sites = fleet.organizations.flatMap((organization) =>
    (organization.sites ?? []).map((site): SimulatedSite => {
      const siteId = `${organization.slug}/${site.slug}`
      const timeZone = site.timeZone ?? organization.timeZone ?? 'UTC'
      const units = (site.areas ?? [])
        .flatMap((area) => area.units ?? [])
        .map((unit) =>
          simulatedUnit(unit, siteId, timeZone, [organization.rule, site.rule, unit.rule], leftOut),
        )
      return {
        siteId,
        name: site.name,
        applicationId: organization.slug,
        region: regionOf(timeZone),
        gateways: ['roof', 'hall'].map((place) => gateway(`${site.slug}-${place}`)),
        units,
      }
    }),
  )
  return { sites, leftOut }
}

type Rules = readonly (DeclaredRule | undefined)[]

function simulatedUnit(
  unit: DeclaredUnit,
  siteId: string,
  timeZone: string,
  rules: Rules,
  leftOut: string[],
): SimulatedUnit {
  const intervalMs = (ruled(rules, 'expectedReadingIntervalSeconds') ?? 0) * 1_000 || defaultIntervalMs
  return {
    unitId: `${siteId}/${unit.slug}`,
    name: unit.name,
    type: unit.type as UnitType,
    timeZone,
    tempMinC: ruled(rules, 'tempMin'),
    tempMaxC: ruled(rules, 'tempMax'),
    doorOpenCriticalMinutes: ruled(rules, 'doorOpenCriticalMinutes'),
    devices: (unit.devices ?? []).flatMap((device) => simulatedDevice(device, intervalMs, leftOut)),
  }
}

/** The narrowest scope that sets the field. */
function ruled(rules: Rules, field: string): number | null {
  const value = rules.map((rule) => rule?.[field]).findLast((set) => typeof set === 'number')
  return typeof value === 'number' ? value : null
}

function simulatedDevice(device: DeclaredDevice, intervalMs: number, leftOut: string[]): SimulatedDevice[] {
  const model = sensorModel(device.vendor ?? '', device.model ?? '')
  if (model === undefined) {
    leftOut.push(
      `${device.devEui} ${device.name}: no payloads of ${device.vendor ?? '?'} ${device.model ?? '?'}`,
    )
    return []
  }
  return [
    {
      devEui: device.devEui.toUpperCase(),
      name: device.name,
      model,
      isCabled: device.probe === 'external',
      calibrationOffsetC: device.calibrationOffset ?? 0,
      intervalMs,
    },
  ]
}

const regionOf = (timeZone: string): Region =>
  timeZone.startsWith('America/')
    ? 'US_902_928'
    : timeZone.startsWith('Australia/')
      ? 'AU_915_928'
      : 'EU_863_870'

function gateway(gatewayId: string): Gateway {
  const digest = createHash('sha256').update(gatewayId).digest('hex')
  return { gatewayId, gatewayEui: `B827EBFFFE${digest.slice(0, 6).toUpperCase()}` }
}
