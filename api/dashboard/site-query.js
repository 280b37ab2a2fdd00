// What a site's page asks in one question.
import { PLACED_ALERT_FIELDS } from './alerts-query.js'
import { UNIT_FIELDS } from './fleet-query.js'

/**
 * @typedef {{ start: string, asOf: string, min: number | null, max: number | null,
 *   timeWeightedMean: number | null, mkt: number | null, coverage: number | null, secondsAbove: number,
 *   secondsBelow: number, doorOpenings: number, doorOpenSeconds: number }} DayFigures
 * @typedef {import('./fleet-query.js').FleetUnit & { today: { nodes: DayFigures[] } }} SiteUnit
 * @typedef {import('./alerts-query.js').Alerts} Alerts
 * @typedef {{ gatewayId: string, startedAt: string, durationSeconds: number, units: { id: string, name: string }[] }} Incident
 * @typedef {{ id: string, name: string, timeZone: string, address: string | null, organization: { name: string },
 *   gatewayIncidents: { nodes: Incident[] }, units: { nodes: SiteUnit[] }, open: Alerts, recent: Alerts }} SiteData
 */

export const SITE_QUERY = `query Site($id: ID!, $unit: TemperatureUnit!, $from: DateTime!) {
  now
  site(id: $id) {
    id name timeZone address
    organization { name }
    gatewayIncidents(open: true) { nodes { gatewayId startedAt durationSeconds units { id name } } }
    units(first: 1000) {
      nodes {${UNIT_FIELDS}
        today: rollups(granularity: DAY, last: 1) {
          nodes {
            start asOf min(unit: $unit) max(unit: $unit) timeWeightedMean(unit: $unit) mkt(unit: $unit) coverage
            secondsAbove secondsBelow doorOpenings doorOpenSeconds
          }
        }
      }
    }
    open: alerts(open: true, last: 100) { nodes { ${PLACED_ALERT_FIELDS} } }
    recent: alerts(from: $from, last: 100) { nodes { ${PLACED_ALERT_FIELDS} } }
  }
}`
