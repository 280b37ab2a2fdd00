// What the fleet wall asks in one question.

/**
 * @typedef {{ id: string, name: string, type: string, area: { name: string },
 *   status: { status: string, since: string } | null,
 *   latest: { temperature: number | null, temperatureAt: string | null, recordedAt: string } | null,
 *   door: { open: boolean, since: string } | null,
 *   rule: { temperatureMin: number | null, temperatureMax: number | null,
 *   holdLimitSeconds: number | null } | null,
 *   series: { at: string, mean: number }[] }} FleetUnit
 * @typedef {{ id: string, name: string, timeZone: string, units: FleetUnit[] }} FleetSite
 * @typedef {{ id: string, name: string, sites: FleetSite[] }} FleetOrganization
 */

export const FLEET_QUERY = `query Fleet($unit: TemperatureUnit!, $from: DateTime!, $to: DateTime!) {
  now
  organizations {
    id name
    sites {
      id name timeZone
      units {
        id name type
        area { name }
        status { status since }
        latest { temperature(unit: $unit) temperatureAt recordedAt }
        door { open since }
        rule { temperatureMin(unit: $unit) temperatureMax(unit: $unit) holdLimitSeconds }
        series: temperatureSeries(from: $from, to: $to, maxPoints: 72) { at mean(unit: $unit) }
      }
    }
  }
}`
