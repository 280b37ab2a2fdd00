// Alerts as a list that a phone shows, too: what, where, since when, and where it stands.
import { h, showList, svg } from './element.js'
import { ago, duration, moment, words, zoneName } from './format.js'

/**
 * @typedef {import('./alerts-query.js').PlacedAlert} PlacedAlert
 * @typedef {{ zone: (siteZone: string) => string, nowMs: number,
 *   acknowledge: ReturnType<typeof import('./acknowledge.js').acknowledging> }} AlertView
 */

/** @type {Record<string, string>} */
const names = {
  ALARM_ACTIVE: 'Temperature out of range',
  MONITORING_INTERRUPTED: 'No contact',
  MISSED_MANUAL_ENTRY: 'Manual log overdue',
  LOW_BATTERY: 'Battery low',
  SENSOR_FAULT: 'Sensor fault',
  DOOR_OPEN: 'Door open too long',
  CALIBRATION_DUE: 'Calibration due',
  BUDGET_EXCEEDED: 'Time out of range used up',
}
/** @type {Record<string, string>} */
const reasons = {
  PERCENT: 'by its level',
  VOLTS: 'by its voltage',
  NO_PROBE: 'no probe',
  STUCK: 'never moves',
  JUMP: 'jumps',
  SILENT: 'silent, others are heard',
}
/** @type {Record<string, string>} */
const tones = { CRITICAL: 'alarm', WARNING: 'warn', INFO: 'mend' }
/** @type {Record<string, string>} */
const states = { ACTIVE: 'Open', ESCALATED: 'Escalated', ACKNOWLEDGED: 'Acknowledged', RESOLVED: 'Resolved' }

/** A bell, with its clapper out where nobody has taken it. */
const bell =
  'M8 1a1 1 0 0 1 1 1v.4A4.5 4.5 0 0 1 12.5 7v3l1.5 2v1H2v-1l1.5-2V7A4.5 4.5 0 0 1 7 2.4V2a1 1 0 0 1 1-1ZM6.3 14h3.4a1.8 1.8 0 0 1-3.4 0Z'

export const alertNames = names
export const isOpen = (/** @type {{ resolvedAt: string | null }} */ { resolvedAt }) => resolvedAt === null

const ranks = ['CRITICAL', 'WARNING', 'INFO']
const steps = ['ESCALATED', 'ACTIVE', 'ACKNOWLEDGED', 'RESOLVED']

/** Open before resolved, escalated before taken, the more urgent and then the newer first. @param {PlacedAlert} a @param {PlacedAlert} b */
export const mostUrgentFirst = (a, b) =>
  Number(isOpen(b)) - Number(isOpen(a)) ||
  (isOpen(a)
    ? ranks.indexOf(a.severity) - ranks.indexOf(b.severity) ||
      steps.indexOf(a.status) - steps.indexOf(b.status)
    : 0) ||
  b.triggeredAt.localeCompare(a.triggeredAt)

/** @param {HTMLElement} list @param {readonly PlacedAlert[]} alerts @param {AlertView} view */
export function showAlerts(list, alerts, view) {
  const { zone, nowMs, acknowledge } = view
  showList(list, alerts, {
    keyOf: ({ id }) => id,
    versionOf: (alert) =>
      JSON.stringify([
        Math.floor(nowMs / 60_000),
        zone(alert.unit.site.timeZone),
        acknowledge.sendingOf(alert),
        alert,
      ]),
    make: (alert) => line(alert, view),
  })
}

/** @param {PlacedAlert} alert @param {AlertView} view */
function line(alert, { zone, nowMs, acknowledge }) {
  const { id, unit, triggeredAt } = alert
  const at = (/** @type {string} */ instant) => moment(instant, zone(unit.site.timeZone), nowMs)
  const tone = isOpen(alert) ? (tones[alert.severity] ?? 'warn') : 'none'
  return h(
    'li',
    { class: `alert tone-${tone}`, 'data-status': alert.status },
    svg(
      'svg',
      { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
      svg('path', { d: bell, fill: 'currentColor' }),
    ),
    h(
      'div',
      { class: 'alert-what' },
      h('b', {}, names[alert.type] ?? words(alert.type)),
      alert.reason && h('span', { class: 'soft' }, ` (${reasons[alert.reason] ?? words(alert.reason)})`),
      h(
        'div',
        {},
        h('a', { href: `/units/${unit.id}`, id: `alert-${id}` }, unit.name),
        h(
          'span',
          { class: 'soft' },
          ' · ',
          h('a', { class: 'plain', href: `/sites/${unit.site.id}` }, unit.site.name),
        ),
      ),
    ),
    h(
      'div',
      { class: 'alert-state' },
      h('span', { class: `tag tone-${tone}` }, states[alert.status] ?? words(alert.status)),
      h('span', { class: 'soft small' }, words(alert.severity)),
    ),
    h(
      'div',
      { class: 'alert-when' },
      h(
        'span',
        {},
        at(triggeredAt),
        h(
          'span',
          { class: 'soft' },
          ` ${zoneName(triggeredAt, zone(unit.site.timeZone))} · ${ago(triggeredAt, nowMs)}`,
        ),
      ),
      h('span', { class: 'soft small' }, progress(alert, at)),
    ),
    h('div', { class: 'alert-act' }, acknowledgeButton(alert, acknowledge)),
  )
}

/** @param {PlacedAlert} alert @param {AlertView['acknowledge']} acknowledge */
function acknowledgeButton(alert, acknowledge) {
  if (!isOpen(alert) || alert.acknowledgedAt !== null) return null
  const sending = acknowledge.sendingOf(alert)
  const what = `Acknowledge: ${names[alert.type] ?? words(alert.type)}, ${alert.unit.name}`
  return [
    h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        id: `acknowledge-${alert.id}`,
        'aria-label': what,
        'aria-disabled': sending?.phase === 'sending' ? 'true' : null,
        onclick: () => sending?.phase !== 'sending' && void acknowledge.send(alert),
      },
      sending?.phase === 'sending' ? 'Sending…' : 'Acknowledge',
    ),
    sending?.phase === 'refused' && h('p', { role: 'alert', class: 'refusal small' }, sending.why),
  ]
}

/** @param {PlacedAlert} alert @param {(instant: string) => string} at */
function progress(alert, at) {
  if (alert.resolvedAt) return `resolved ${at(alert.resolvedAt)}, after ${duration(alert.durationSeconds)}`
  if (alert.acknowledgedAt) return `acknowledged ${at(alert.acknowledgedAt)}`
  const last = alert.escalatedAt.at(-1)
  if (last) return `escalated ${alert.escalatedAt.length} ×, last ${at(last)}`
  return 'nobody has acknowledged it'
}
