// One unit on the wall: status, temperature against its limits, the last hours, the door, and when it was
// last heard.
import { h, svg } from './element.js'
import { ago, degrees, duration, limits, words } from './format.js'
import { sparkline } from './sparkline.js'
import { lookOf, nameOf, statusMark } from './statuses.js'

/** @typedef {import('./fleet-query.js').FleetUnit} FleetUnit */

const doors = {
  open: 'M2 1h8v1.5l3.5 1.3v8.4L10 13.5V15H2Zm1.5 1.5v11h5v-11Zm6.5 1.6v7.8l2-.7V4.8Z',
  closed: 'M3 1h10v14H3Zm1.5 1.5v11h7v-11ZM9 7.2h1.5v1.6H9Z',
}

/** @param {boolean} isOpen */
export const doorIcon = (isOpen) =>
  svg(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: isOpen ? doors.open : doors.closed, fill: 'currentColor', 'fill-rule': 'evenodd' }),
  )

/** @param {{ open: boolean, since: string } | null} door @param {number} nowMs */
export function doorMark(door, nowMs) {
  if (door === null) return h('span', { class: 'door' }, 'Door not reported')
  const text = door.open ? `Open ${duration((nowMs - Date.parse(door.since)) / 1000)}` : 'Closed'
  return h(
    'span',
    { class: door.open ? 'door open' : 'door' },
    doorIcon(door.open),
    h('span', { class: 'hidden' }, 'Door '),
    text,
  )
}

/** @param {number | null | undefined} temperature @param {FleetUnit['rule']} rule */
export const isOut = (temperature, rule) =>
  temperature != null &&
  ((rule?.temperatureMax != null && temperature > rule.temperatureMax) ||
    (rule?.temperatureMin != null && temperature < rule.temperatureMin))

/** Past the hold limit a value says nothing about now. @param {FleetUnit} unit @param {number} nowMs */
export const isOld = ({ latest, rule }, nowMs) =>
  latest?.temperatureAt != null &&
  rule?.holdLimitSeconds != null &&
  nowMs - Date.parse(latest.temperatureAt) > rule.holdLimitSeconds * 1000

/** @param {FleetUnit} unit @param {{ unit: 'C' | 'F', nowMs: number, fromMs: number, toMs: number }} view */
export function fleetCard(unit, view) {
  const { nowMs } = view
  const name = nameOf(unit.status)
  const temperature = unit.latest?.temperature
  const state = isOld(unit, nowMs) ? 'old' : isOut(temperature, unit.rule) ? 'out' : ''
  const since =
    unit.status && name !== 'OK' ? `for ${duration((nowMs - Date.parse(unit.status.since)) / 1000)}` : ''
  return h(
    'a',
    {
      class: `card tone-${lookOf(name).tone}`,
      href: `/units/${unit.id}`,
      id: `unit-${unit.id}`,
      'data-status': name,
    },
    h('div', { class: 'card-top' }, statusMark(name), h('span', { class: 'soft small' }, since)),
    h(
      'div',
      { class: 'card-middle' },
      h(
        'div',
        {},
        h('h4', {}, unit.name),
        h('p', { class: 'soft small' }, `${words(unit.type)} · ${unit.area.name}`),
      ),
      h(
        'div',
        { class: `reading ${state}` },
        h('strong', {}, degrees(temperature), h('small', {}, `°${view.unit}`)),
        h('span', { class: 'soft small' }, limits(unit.rule, view.unit)),
      ),
    ),
    sparkline(unit.series, unit.rule, { ...view, holdSeconds: unit.rule?.holdLimitSeconds ?? null }),
    h(
      'div',
      { class: 'card-foot' },
      doorMark(unit.door, nowMs),
      h('span', {}, unit.latest ? ago(unit.latest.recordedAt, nowMs) : 'never heard'),
    ),
  )
}
