// What the walls ask. The lines of the last hours are asked apart, for those cards that are on the screen: a
// thousand of them would be megabytes.

/**
 * @typedef {{ id: string, name: string, type: string, area: { name: string },
 *   status: { status: string, since: string } | null,
 *   latest: { temperature: number | null, temperatureAt: string | null, recordedAt: string } | null,
 *   door: { open: boolean, since: string } | null,
 *   rule: { temperatureMin: number | null, temperatureMax: number | null,
 *   holdLimitSeconds: number | null } | null }} FleetUnit
 * @typedef {{ id: string, name: string, timeZone: string, units: FleetUnit[] }} FleetSite
 * @typedef {{ id: string, name: string, sites: FleetSite[] }} FleetOrganization
 * @typedef {{ unit: FleetUnit, site: { id: string, name: string, timeZone: string } }} Placed
 * @typedef {{ at: string, mean: number }[]} Line
 */

export const UNIT_FIELDS = `
        id name type
        area { name }
        status { status since }
        latest { temperature(unit: $unit) temperatureAt recordedAt }
        door { open since }
        rule { temperatureMin(unit: $unit) temperatureMax(unit: $unit) holdLimitSeconds }`

export const FLEET_QUERY = `query Fleet($unit: TemperatureUnit!) {
  now
  organizations {
    id name
    sites {
      id name timeZone
      units {${UNIT_FIELDS}
      }
    }
  }
}`

export const LINES_QUERY = `query Lines($ids: [ID!]!, $unit: TemperatureUnit!, $from: DateTime!, $to: DateTime!) {
  nodes(ids: $ids) {
    ... on Unit {
      id
      series: temperatureSeries(from: $from, to: $to, maxPoints: 72) { at mean(unit: $unit) }
    }
  }
}`
