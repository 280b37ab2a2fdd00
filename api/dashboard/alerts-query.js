// What the list of alerts asks, and what it says.

/**
 * @typedef {{ id: string, type: string, severity: string, status: string, triggeredAt: string,
 *   causeStartedAt: string, acknowledgedAt: string | null, escalatedAt: string[], resolvedAt: string | null,
 *   durationSeconds: number, reason: string | null }} Alert
 * @typedef {Alert & { unit: { id: string, name: string,
 *   site: { id: string, name: string, timeZone: string } } }} PlacedAlert
 * @typedef {{ nodes: PlacedAlert[] }} Alerts
 */

export const ALERT_FIELDS = `id type severity status triggeredAt causeStartedAt acknowledgedAt escalatedAt resolvedAt
        durationSeconds reason`
export const PLACED_ALERT_FIELDS = `${ALERT_FIELDS} unit { id name site { id name timeZone } }`

/** Those that are open are asked apart: they must not be crowded out by newer ones that are over. */
export const ALERTS_QUERY = `query Alerts($from: DateTime!) {
  now
  organizations {
    open: alerts(open: true, last: 300) { nodes { ${PLACED_ALERT_FIELDS} } }
    recent: alerts(from: $from, last: 300) { nodes { ${PLACED_ALERT_FIELDS} } }
  }
}`

export const ACKNOWLEDGE = `mutation Acknowledge($id: ID!) {
  acknowledgeAlert(alertId: $id) { id at by }
}`

/** @param {readonly { open: Alerts, recent: Alerts }[]} parents @returns {PlacedAlert[]} */
export const alertsOf = (parents) => [
  ...new Map(
    parents.flatMap(({ open, recent }) => [...recent.nodes, ...open.nodes]).map((alert) => [alert.id, alert]),
  ).values(),
]
