// The rule in force, and the devices that tell.
import { h } from './element.js'
import { ago, degrees, duration, figure, limits, moment, words } from './format.js'
import { table } from './table.js'

/** @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string }} View */

const EARLIER_MAX = 6

const minutes = (/** @type {number | null} */ value, orElse = '–') =>
  value === null ? orElse : duration(value * 60)
const after = (/** @type {number | null} */ value, /** @type {string} */ orElse) =>
  value === null ? orElse : `after ${minutes(value)}`
const missed = (/** @type {number | null} */ value) => (value === null ? 'never' : `after ${value} missed`)

/**
 * @param {Record<string, any> | null} rule
 * @param {readonly import('./chart-data.js').RuleStretch[]} stretches of the time that the chart shows
 * @param {View} view
 */
export function rulePanel(rule, stretches, view) {
  const head = (/** @type {string} */ note) =>
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, 'Rule in force'),
      h('span', { class: 'soft small push' }, note),
    )
  if (rule === null)
    return h(
      'section',
      { class: 'panel' },
      head(''),
      h('p', { class: 'nothing' }, 'No rule is set: nothing is judged.'),
    )
  const facts = {
    Limits: limits(/** @type {any} */ (rule), view.unit),
    'Confirmed, door closed': after(rule.excursionConfirmMinutesDoorClosed, 'at once'),
    'Confirmed, door open': after(rule.excursionConfirmMinutesDoorOpen, 'the same'),
    Critical: after(rule.maxExcursionMinutes, 'never'),
    'Door open too long': after(rule.doorOpenWarningMinutes, 'never'),
    'Door open much too long': after(rule.doorOpenCriticalMinutes, 'never'),
    'Reading expected every': duration(rule.expectedReadingIntervalSeconds),
    Silent: rule.holdLimitSeconds === null ? 'never' : `after ${duration(rule.holdLimitSeconds)}`,
    Offline: missed(rule.offlineCriticalMissedCheckins),
    'Alert delay': minutes(rule.delayMinutes, 'none'),
    Severity: rule.severity === null ? 'Warning' : words(rule.severity),
  }
  return h(
    'section',
    { class: 'panel' },
    head(
      Date.parse(rule.validFrom) === 0
        ? 'from the beginning'
        : `since ${moment(rule.validFrom, view.zone, view.nowMs)}`,
    ),
    h(
      'dl',
      { class: 'facts' },
      Object.entries(facts).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    ),
    earlier(stretches, rule, view),
  )
}

/** Other versions that judged what the chart shows, the latest first. @param {readonly import('./chart-data.js').RuleStretch[]} stretches @param {Record<string, any> | null} current @param {View} view */
function earlier(stretches, current, view) {
  const others = stretches.filter(({ rule }) => rule?.validFrom !== current?.validFrom).toReversed()
  if (others.length === 0) return null
  const at = (/** @type {number} */ ms) => moment(ms, view.zone, view.nowMs)
  const line = (/** @type {import('./chart-data.js').RuleStretch} */ { toMs, rule }) =>
    h('li', {}, h('b', {}, limits(/** @type {any} */ (rule), view.unit)), ` until ${at(toMs)}`)
  return h(
    'div',
    { class: 'earlier' },
    h('h3', {}, 'Before, in the time of the chart'),
    h('ul', {}, others.slice(0, EARLIER_MAX).map(line)),
    others.length > EARLIER_MAX && h('p', { class: 'soft small' }, `and ${others.length - EARLIER_MAX} more`),
  )
}

/** @typedef {import('./unit-query.js').UnitDevice} Device */

/** @param {Record<string, any> | null} latest @param {View} view */
function latestOf(latest, view) {
  if (latest?.fault) return 'sensor fault'
  if (latest?.temperature != null) return `${degrees(latest.temperature)} °${view.unit}`
  return latest?.doorOpen == null ? '–' : latest.doorOpen ? 'open' : 'closed'
}

/** @param {Device[]} devices @param {View} view */
export function devicePanel(devices, view) {
  const columns = ['Device', 'Gives', 'Latest', 'Battery', 'Signal', 'Heard'].map((name) => ({ name }))
  const row = (/** @type {Device} */ { name, devEui, vendor, model, kind, latest }) => ({
    cells: [
      [name, h('div', { class: 'soft small' }, [vendor, model].filter(Boolean).join(' ') || devEui)],
      kind === null ? '–' : words(kind),
      latestOf(latest, view),
      figure(latest?.batteryPercent, ' %'),
      figure(latest?.rssi, ' dBm'),
      latest ? ago(latest.recordedAt, view.nowMs) : 'never',
    ],
  })
  return h(
    'section',
    { class: 'panel' },
    h('div', { class: 'panel-head' }, h('h2', {}, 'Devices')),
    devices.length === 0
      ? h('p', { class: 'nothing' }, 'No device is assigned to this unit.')
      : table('Devices', columns, devices.map(row)),
  )
}
