// What the walls ask. The lines of the last hours are asked apart, for those cards that are on the screen: a
// thousand of them would be megabytes.

/**
 * @typedef {{ id: string, name: string, type: string, area: { name: string },
 *   status: { status: string, since: string } | null,
 *   latest: { temperature: number | null, temperatureAt: string | null, recordedAt: string } | null,
 *   door: { open: boolean, since: string } | null,
 *   rule: { temperatureMin: number | null, temperatureMax: number | null,
 *   holdLimitSeconds: number | null } | null }} FleetUnit
 * @typedef {{ id: string, name: string, timeZone: string }} FleetSite
 * @typedef {FleetUnit & { site: FleetSite & { organization: { name: string } } }} SeatedUnit
 * @typedef {{ unit: FleetUnit, site: FleetSite }} Placed
 * @typedef {{ at: string, mean: number }[]} Line
 */

export const UNIT_FIELDS = `
        id name type
        area { name }
        status { status since }
        latest { temperature(unit: $unit) temperatureAt recordedAt }
        door { open since }
        rule { temperatureMin(unit: $unit) temperatureMax(unit: $unit) holdLimitSeconds }`

/** A page is as large as one may be: most fleets are one. */
export const FLEET_QUERY = `query Fleet($unit: TemperatureUnit!, $after: String) {
  now
  units(first: 1000, after: $after) {
    nodes {${UNIT_FIELDS}
        site { id name timeZone organization { name } }
    }
    pageInfo { hasNextPage endCursor }
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
