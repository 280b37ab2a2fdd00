// The fleet wall: every unit by organization and site, worst first, with filters by status and by name.
import { h, show } from './element.js'
import { fleetCard } from './fleet-card.js'
import { FLEET_QUERY } from './fleet-query.js'
import { clock, zoneName } from './format.js'
import { ask, learnClock, nowMs } from './server.js'
import { lookOf, nameOf, rankOf, statusMark, worstFirst } from './statuses.js'

/**
 * @typedef {import('./fleet-query.js').FleetUnit} FleetUnit
 * @typedef {import('./fleet-query.js').FleetSite} FleetSite
 * @typedef {import('./fleet-query.js').FleetOrganization} FleetOrganization
 */

const SPARK_MS = 12 * 3_600_000
const REFRESH_MS = 5_000

/** @param {HTMLElement} main @param {{ unit: () => 'C' | 'F' }} settings */
export function fleetPage(main, settings) {
  /**
   * @type {{ organizations: FleetOrganization[], fromMs: number, toMs: number, unit: 'C' | 'F' } | undefined}
   */
  let data
  let only = ''
  let search = ''
  const body = h('div')
  const counts = h('div', { class: 'counts', role: 'group', 'aria-label': 'Show only one status' })
  const find = h('input', {
    class: 'find',
    id: 'find',
    type: 'search',
    placeholder: 'Find a unit',
    'aria-label': 'Find a unit by name, area or site',
    oninput: (/** @type {InputEvent} */ event) => {
      search = /** @type {HTMLInputElement} */ (event.target).value.trim().toLowerCase()
      render()
    },
  })
  document.title = 'Fleet · Coldstream'
  main.replaceChildren(h('div', { class: 'wall-head' }, h('h1', {}, 'Fleet'), counts, find), body)
  body.replaceChildren(
    h(
      'div',
      { class: 'cards', 'aria-busy': 'true' },
      Array.from({ length: 8 }, () => h('div', { class: 'ghost ghost-card' })),
    ),
  )

  const matches = (/** @type {FleetUnit} */ unit, /** @type {FleetSite} */ site) =>
    (only === '' || nameOf(unit.status) === only) &&
    `${unit.name} ${unit.area.name} ${site.name}`.toLowerCase().includes(search)

  function render() {
    if (data === undefined) return
    const { organizations } = data
    const units = organizations.flatMap(({ sites }) => sites.flatMap((site) => site.units))
    show(
      counts,
      ...statusCounts(units, only, (name) => {
        only = only === name ? '' : name
        render()
      }),
    )
    const view = { unit: data.unit, nowMs: nowMs(), fromMs: data.fromMs, toMs: data.toMs }
    const sections = byWorst(organizations, (organization) =>
      organization.sites.flatMap((site) => site.units),
    )
      .map((organization) => organizationSection(organization, matches, view))
      .filter((section) => section !== undefined)
    show(body, ...(units.length === 0 ? [noUnits()] : sections.length === 0 ? [noMatch()] : sections))
  }

  return {
    refreshMs: () => REFRESH_MS,
    /** @param {AbortSignal} signal */
    async load(signal) {
      if (data === undefined) await learnClock(signal)
      const [toMs, unit] = [nowMs(), settings.unit()]
      const fromMs = toMs - SPARK_MS
      const variables = { unit, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
      const { organizations } = await ask(FLEET_QUERY, variables, signal)
      data = { organizations, fromMs, toMs, unit }
      render()
    },
    stop() {},
  }
}

const worstOf = (/** @type {FleetUnit[]} */ units) =>
  Math.min(...units.map(({ status }) => rankOf(nameOf(status))))

/** @template T @param {T[]} items @param {(item: T) => FleetUnit[]} unitsOf */
const byWorst = (items, unitsOf) => [...items].sort((a, b) => worstOf(unitsOf(a)) - worstOf(unitsOf(b)))

/**
 * @param {FleetOrganization} organization
 * @param {(unit: FleetUnit, site: FleetSite) => boolean} matches
 * @param {Parameters<typeof fleetCard>[1]} view
 */
function organizationSection(organization, matches, view) {
  const sites = byWorst(organization.sites, (site) => site.units)
    .map((site) => ({ site, units: site.units.filter((unit) => matches(unit, site)) }))
    .filter(({ units }) => units.length > 0)
  if (sites.length === 0) return undefined
  return h(
    'section',
    { class: 'organization' },
    h('h2', {}, organization.name),
    sites.map(({ site, units }) => siteSection(site, units, view)),
  )
}

/** @param {FleetSite} site @param {FleetUnit[]} units @param {Parameters<typeof fleetCard>[1]} view */
function siteSection(site, units, view) {
  return h(
    'section',
    { class: 'site' },
    h(
      'div',
      { class: 'site-head' },
      h('h3', {}, site.name),
      h(
        'span',
        { class: 'soft small', title: site.timeZone },
        `${clock(view.nowMs, site.timeZone)} ${zoneName(view.nowMs, site.timeZone)}`,
      ),
    ),
    h(
      'ul',
      { class: 'cards' },
      byWorst(units, (unit) => [unit]).map((unit) => h('li', {}, fleetCard(unit, view))),
    ),
  )
}

/** @param {FleetUnit[]} units @param {string} only @param {(name: string) => void} toggle */
function statusCounts(units, only, toggle) {
  return worstFirst.flatMap((name) => {
    const count = units.filter(({ status }) => nameOf(status) === name).length
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

const noMatch = () =>
  h(
    'div',
    { class: 'empty' },
    h('h1', {}, 'No unit matches'),
    h('p', {}, 'Clear the search or the chosen status to see the others.'),
  )

const noUnits = () =>
  h(
    'div',
    { class: 'empty' },
    h('h1', {}, 'No units yet'),
    h(
      'p',
      {},
      'Describe organizations, sites, units and devices in a fleet file and load it with ',
      h('code', {}, 'coldstream fleet apply FILE'),
      '. They appear here at once.',
    ),
  )
