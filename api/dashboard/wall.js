// A wall of units in groups, each as a card or, in a large fleet where it is well, as a tile. The fleet's and a
// site's page share it.
import { h, showList } from './element.js'
import { fleetCard, fleetTile, versionOf } from './fleet-card.js'
import { cardLines } from './lines.js'
import { nowMs } from './server.js'
import { lookOf, nameOf, rankOf, statusMark, worstFirst } from './statuses.js'

/**
 * @typedef {import('./fleet-query.js').FleetUnit} FleetUnit
 * @typedef {import('./fleet-query.js').Placed} Placed
 * @typedef {{ key: string, head: import('./element.js').Child[], placed: Placed[], hasSite: boolean }} Group
 */

/** Up to so many units all are cards. */
const CARDS_ALL = 60
/** On a phone a card is half of the screen: there only what needs somebody is one. */
const narrow = matchMedia('(max-width: 640px)')
/** And in no group more than so many: when everything is offline, the list must still be a list. */
const CARDS_IN_GROUP = 60

const statusOf = (/** @type {Placed} */ { unit }) => nameOf(unit.status)
const rankOfPlaced = (/** @type {Placed} */ placed) => rankOf(statusOf(placed))

/** Of two in the same state, the one that is in it for longer comes first. @param {Placed} a @param {Placed} b */
const compare = (a, b) =>
  rankOfPlaced(a) - rankOfPlaced(b) ||
  (statusOf(a) === 'OK' ? 0 : (a.unit.status?.since ?? '').localeCompare(b.unit.status?.since ?? '')) ||
  a.site.name.localeCompare(b.site.name) ||
  a.unit.name.localeCompare(b.unit.name)

/** @type {{ key: string, name: string, has: (status: string) => boolean }[]} */
const bands = [
  { key: 'attention', name: 'Needs attention', has: (status) => status !== 'OK' && status !== 'NONE' },
  { key: 'silent', name: 'No data yet', has: (status) => status === 'NONE' },
  { key: 'well', name: 'All well', has: (status) => status === 'OK' },
]

/** What needs somebody, the worst first; then the rest. @param {readonly Placed[]} placed @param {boolean} hasSite @returns {Group[]} */
export const byStatus = (placed, hasSite) =>
  bands.flatMap(({ key, name, has }) => {
    const those = placed.filter((one) => has(statusOf(one))).sort(compare)
    const count = h('span', { class: 'soft small' }, String(those.length))
    return those.length === 0 ? [] : [{ key, head: [h('h2', {}, name), count], placed: those, hasSite }]
  })

/**
 * @param {readonly Placed[]} placed @param {(placed: Placed) => string} keyOf
 * @param {(placed: Placed) => import('./element.js').Child[]} headOf
 * @returns {Group[]}
 */
export function byPlace(placed, keyOf, headOf) {
  /** @type {Map<string, Placed[]>} */
  const groups = new Map()
  for (const one of [...placed].sort(compare))
    groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return [...groups].flatMap(([key, those]) =>
    those[0] ? [{ key, head: headOf(those[0]), placed: those, hasSite: false }] : [],
  )
}

/** @param {HTMLElement} place @param {{ unit: () => 'C' | 'F' }} settings */
export function wall(place, settings) {
  const lines = cardLines(settings)
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map()

  /** @param {Group} group @param {number} total */
  function fill({ key, head, placed, hasSite }, total) {
    const section =
      cards.get(key) ??
      h(
        'section',
        { class: 'group' },
        h('div', { class: 'group-head' }),
        h('ul', { class: 'cards' }),
        h('ul', { class: 'tile-list' }),
      )
    cards.set(key, section)
    const [top, large, small] = /** @type {HTMLElement[]} */ ([...section.children])
    if (!top || !large || !small) return section
    top.replaceChildren(...h('div', {}, head).childNodes)
    const isTile = (/** @type {Placed} */ one, /** @type {number} */ index) =>
      statusOf(one) === 'OK'
        ? total > CARDS_ALL || narrow.matches
        : total > CARDS_ALL && index >= CARDS_IN_GROUP
    const view = { unit: settings.unit(), nowMs: nowMs(), hasSite, lines }
    const how = {
      keyOf: (/** @type {Placed} */ { unit }) => unit.id,
      versionOf: (/** @type {Placed} */ one) => versionOf(one, view),
    }
    const make = (/** @type {typeof fleetCard} */ draw) => (/** @type {Placed} */ one) =>
      h('li', {}, draw(one, view))
    showList(
      large,
      placed.filter((one, index) => !isTile(one, index)),
      { ...how, make: make(fleetCard) },
    )
    showList(small, placed.filter(isTile), { ...how, make: make(fleetTile) })
    large.hidden = large.childElementCount === 0
    small.hidden = small.childElementCount === 0
    return section
  }

  return {
    /** @param {readonly Group[]} groups @param {number} total units of the whole wall, filtered or not */
    show(groups, total) {
      const sections = groups.map((group) => fill(group, total))
      for (const key of cards.keys()) if (!groups.some((group) => group.key === key)) cards.delete(key)
      const isSame =
        sections.length === place.children.length &&
        sections.every((section, index) => place.children[index] === section)
      if (!isSame) place.replaceChildren(...sections)
      lines.gather()
    },
    stop: lines.stop,
  }
}

/** @param {readonly Placed[]} placed @param {string} only @param {(name: string) => void} toggle */
export function statusCounts(placed, only, toggle) {
  return worstFirst.flatMap((name) => {
    const count = placed.filter((one) => statusOf(one) === name).length
    if (count === 0) return []
    const mark = statusMark(name)
    mark.prepend(h('b', {}, String(count)))
    return [
      h(
        'button',
        {
          type: 'button',
          id: `only-${name}`,
          class: `pill tone-${lookOf(name).tone}`,
          'aria-pressed': String(only === name),
          onclick: () => toggle(name),
        },
        mark,
      ),
    ]
  })
}

/** What the live channel tells of one unit, put into what is known. @param {FleetUnit} unit @param {import('./live.js').LiveEvent} event */
export function applied(unit, { status, reading }) {
  if (status && Date.parse(status.since) >= Date.parse(unit.status?.since ?? '1970-01-01'))
    unit.status = status
  if (!reading || Date.parse(reading.recordedAt) < Date.parse(unit.latest?.recordedAt ?? '1970-01-01')) return
  const latest = unit.latest ?? { temperature: null, temperatureAt: null, recordedAt: reading.recordedAt }
  const { temperature, recordedAt, doorOpen } = reading
  unit.latest =
    temperature == null
      ? { ...latest, recordedAt }
      : { ...latest, temperature, temperatureAt: recordedAt, recordedAt }
  if (doorOpen != null && unit.door?.open !== doorOpen) unit.door = { open: doorOpen, since: recordedAt }
}
