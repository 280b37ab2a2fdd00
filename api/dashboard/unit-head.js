// The top of a unit's page: where it is, how it is, and its latest values.
import { h } from './element.js'
import { doorMark, isOld, isOut } from './fleet-card.js'
import { ago, degrees, duration, figure, limits, moment, words } from './format.js'
import { nameOf, statusMark } from './statuses.js'

/** @typedef {import('./unit-query.js').UnitData} UnitData */

/** @param {UnitData} unit */
export const crumbs = (unit) =>
  h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where this unit is' },
    h('a', { href: '/', id: 'to-fleet' }, 'Fleet'),
    h('span', {}, unit.organization.name),
    h('span', {}, h('a', { href: `/sites/${unit.site.id}`, id: 'to-site' }, unit.site.name)),
    h('span', {}, unit.area.name),
  )

/** @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string }} View */

/** @param {string} since @param {View} view */
const sinceText = (since, { zone, nowMs: now }) =>
  `since ${moment(since, zone, now)} (${duration((now - Date.parse(since)) / 1000)})`

/** @param {UnitData} unit @param {View} view */
export function heading(unit, view) {
  const name = nameOf(unit.status)
  return h(
    'div',
    { class: 'unit-head' },
    h('h1', {}, unit.name),
    statusMark(name, 'pill'),
    h(
      'span',
      { class: 'soft' },
      unit.status ? sinceText(unit.status.since, view) : 'Nothing has been heard of it.',
    ),
    h('span', { class: 'soft' }, `· ${words(unit.type)}`),
  )
}

/** @param {UnitData} unit @param {View} view */
export function tiles(unit, view) {
  const { latest, rule } = unit
  const state = isOld(unit, view.nowMs) ? 'old' : isOut(latest?.temperature, rule) ? 'out' : ''
  const tile = (
    /** @type {string} */ name,
    /** @type {import('./element.js').Child} */ value,
    note = '',
    more = '',
  ) =>
    h(
      'div',
      { class: 'tile' },
      h('dt', {}, name),
      h('dd', { class: more }, value),
      note && h('dd', { class: 'note' }, note),
    )
  return h(
    'dl',
    { class: 'tiles' },
    tile(
      'Temperature',
      latest?.temperature == null ? '–' : `${degrees(latest.temperature)} °${view.unit}`,
      latest?.temperatureAt ? ago(latest.temperatureAt, view.nowMs) : '',
      state,
    ),
    tile('Limits', limits(rule, view.unit)),
    tile('Humidity', figure(latest?.humidity, ' %'), latest?.humidity == null ? '' : 'relative'),
    tile(
      'Door',
      unit.door ? doorMark(unit.door, view.nowMs) : '–',
      unit.door ? `since ${moment(unit.door.since, view.zone, view.nowMs)}` : 'not reported',
    ),
    tile(
      'Battery',
      figure(latest?.batteryPercent, ' %'),
      latest?.batteryVolts == null ? '' : `${latest.batteryVolts.toFixed(2)} V`,
    ),
    tile(
      'Signal',
      figure(latest?.rssi, ' dBm'),
      latest?.snr == null ? '' : `SNR ${figure(latest.snr, ' dB')}`,
    ),
    tile(
      'Last heard',
      latest ? ago(latest.recordedAt, view.nowMs) : 'never',
      latest ? moment(latest.recordedAt, view.zone, view.nowMs) : '',
    ),
  )
}
