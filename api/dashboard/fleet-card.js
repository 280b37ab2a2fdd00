// One unit on the wall: a card with status, temperature against its limits, the last hours, the door, and when it was last
// heard; or, where many are well, a tile of one line.
import { h, svg } from './element.js'
import { ago, degrees, duration, limits, words } from './format.js'
import { icon, lookOf, nameOf, statusMark } from './statuses.js'

/**
 * @typedef {import('./fleet-query.js').FleetUnit} FleetUnit
 * @typedef {import('./fleet-query.js').Placed} Placed
 * @typedef {{ unit: 'C' | 'F', nowMs: number, hasSite: boolean,
 *   lines: { add: (place: HTMLElement, unit: FleetUnit) => HTMLElement } }} CardView `hasSite`: the card names its site
 */

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

/** @param {FleetUnit} unit @param {number} nowMs */
const stateOf = (unit, nowMs) =>
  isOld(unit, nowMs) ? 'old' : isOut(unit.latest?.temperature, unit.rule) ? 'out' : ''

/** @param {Placed} placed @param {CardView} view */
export function fleetCard({ unit, site }, { nowMs, unit: letter, hasSite, lines }) {
  const name = nameOf(unit.status)
  const since =
    unit.status && name !== 'OK' ? `for ${duration((nowMs - Date.parse(unit.status.since)) / 1000)}` : ''
  const where = hasSite ? `${site.name} · ${unit.area.name}` : `${words(unit.type)} · ${unit.area.name}`
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
        { class: 'card-name' },
        h('h3', {}, unit.name),
        h('p', { class: 'soft small', title: where }, where),
      ),
      h(
        'div',
        { class: `reading ${stateOf(unit, nowMs)}` },
        h('strong', {}, degrees(unit.latest?.temperature), h('small', {}, `°${letter}`)),
        h('span', { class: 'soft small' }, limits(unit.rule, letter)),
      ),
    ),
    lines.add(h('div', { class: 'spark-place' }), unit),
    h(
      'div',
      { class: 'card-foot' },
      doorMark(unit.door, nowMs),
      h('span', {}, unit.latest ? ago(unit.latest.recordedAt, nowMs) : 'never heard'),
    ),
  )
}

/** @param {Placed} placed @param {CardView} view */
export function fleetTile({ unit, site }, { nowMs, unit: letter, hasSite }) {
  const name = nameOf(unit.status)
  return h(
    'a',
    {
      class: `tile-link tone-${lookOf(name).tone}`,
      href: `/units/${unit.id}`,
      id: `unit-${unit.id}`,
      'data-status': name,
      title: `${unit.name} · ${site.name} · ${unit.area.name}`,
    },
    icon(name),
    h('span', { class: 'hidden' }, `${lookOf(name).word}: `),
    h('span', { class: 'tile-name' }, unit.name, hasSite && h('small', {}, site.name)),
    unit.door?.open &&
      h('span', { class: 'door open' }, doorIcon(true), h('span', { class: 'hidden' }, 'Door open')),
    h('b', { class: stateOf(unit, nowMs) }, degrees(unit.latest?.temperature), h('small', {}, `°${letter}`)),
  )
}

/** Until the clock's minute moves on, or the unit changes, a card stays as it is. @param {Placed} placed @param {CardView} view */
export const versionOf = ({ unit, site }, { nowMs, unit: letter, hasSite }) =>
  `${Math.floor(nowMs / 60_000)} ${letter} ${hasSite ? site.name : ''} ${JSON.stringify(unit)}`
