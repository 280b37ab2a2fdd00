// The fleet wall: every unit, worst first, or by site; narrowed by status and by name. The address carries how.
import { addressState } from './address.js'
import { h, show } from './element.js'
import { FLEET_QUERY } from './fleet-query.js'
import { clock, zoneName } from './format.js'
import { ask, nowMs } from './server.js'
import { nameOf } from './statuses.js'
import { applied, byPlace, byStatus, statusCounts, wall } from './wall.js'

/**
 * @typedef {import('./fleet-query.js').SeatedUnit} SeatedUnit
 * @typedef {import('./fleet-query.js').Placed} Placed
 * @typedef {Placed & { organization: string }} Seat
 */

const REFRESH_MS = 5_000
/** A thousand units are 400 kB. */
const REFRESH_LARGE_MS = 15_000
const LARGE = 200
/** However many events come, the wall is drawn this often at most. */
const DRAW_MS = 200
const WRITTEN_MS = 2_000

/** @param {HTMLElement} main @param {import('./app.js').Context} context */
export function fleetPage(main, { settings, wake }) {
  /** @type {Seat[] | undefined} */
  let seats
  let drawing = 0
  let correcting = 0
  const reread = () => {
    correcting = 0
    wake()
  }
  const state = addressState({ by: '', status: '', find: '' }, () => render())
  const parts = layOut(main, state)
  const units = wall(parts.body, settings)

  const matches = (/** @type {Seat} */ { unit, site, organization }) =>
    (state.get('status') === '' || nameOf(unit.status) === state.get('status')) &&
    `${unit.name} ${unit.area.name} ${site.name} ${organization}`
      .toLowerCase()
      .includes(state.get('find').trim().toLowerCase())

  function render() {
    clearTimeout(drawing)
    drawing = 0
    if (seats === undefined) return
    const toggle = (/** @type {string} */ name) =>
      state.set('status', state.get('status') === name ? '' : name)
    show(parts.counts, ...statusCounts(seats, state.get('status'), toggle))
    show(parts.order, ...orderButtons(state))
    const shown = seats.filter(matches)
    units.show(state.get('by') === 'site' ? bySite(shown) : byStatus(shown, true), seats.length)
    show(parts.note, ...(seats.length === 0 ? [noUnits()] : shown.length === 0 ? [noMatch(state.clear)] : []))
  }

  return {
    refreshMs: () => ((seats?.length ?? 0) > LARGE ? REFRESH_LARGE_MS : REFRESH_MS),
    /** @param {AbortSignal} signal */
    async load(signal) {
      seats = seatsOf(await allUnits(settings.unit(), signal))
      if (!parts.body.isConnected) main.replaceChildren(...parts.all)
      render()
    },
    live: () => ({ unit: settings.unit() }),
    /** @param {import('./live.js').LiveEvent} event */
    onLive(event) {
      const seat = seats?.find(({ unit }) => unit.id === event.unitId)
      if (!seat) return
      applied(seat.unit, event)
      drawing ||= setTimeout(render, DRAW_MS)
      // What was corrected is asked anew, once the tables have it.
      if (event.isCorrection) correcting ||= setTimeout(reread, WRITTEN_MS)
    },
    stop() {
      clearTimeout(drawing)
      clearTimeout(correcting)
      units.stop()
    },
  }
}

/** @param {HTMLElement} main @param {ReturnType<typeof addressState>} state */
function layOut(main, state) {
  document.title = 'Fleet · Coldstream'
  const find = h('input', {
    class: 'find',
    id: 'find',
    type: 'search',
    value: state.get('find'),
    placeholder: 'Find a unit',
    'aria-label': 'Find a unit by name, area or site',
    'aria-keyshortcuts': '/',
    oninput: (/** @type {InputEvent} */ event) =>
      state.set('find', /** @type {HTMLInputElement} */ (event.target).value),
  })
  const counts = h('div', { class: 'counts', role: 'group', 'aria-label': 'Show only one status' })
  const order = h('div', { class: 'segments', role: 'group', 'aria-label': 'Order of the wall' })
  const [body, note] = [h('div'), h('div')]
  const head = h(
    'div',
    { class: 'wall-head' },
    h('h1', {}, 'Fleet'),
    counts,
    h('div', { class: 'wall-tools' }, order, find),
  )
  const waiting = h(
    'div',
    { class: 'cards', 'aria-busy': 'true', 'aria-label': 'Loading' },
    Array.from({ length: 8 }, () => h('div', { class: 'ghost ghost-card' })),
  )
  main.replaceChildren(head, waiting)
  return { counts, order, body, note, all: [head, body, note] }
}

/** Page by page. @param {'C' | 'F'} unit @param {AbortSignal} signal @returns {Promise<SeatedUnit[]>} */
async function allUnits(unit, signal) {
  const all = []
  let after = null
  do {
    const { units } = await ask(FLEET_QUERY, { unit, after }, signal)
    all.push(...units.nodes)
    after = units.pageInfo.hasNextPage ? units.pageInfo.endCursor : null
  } while (after !== null)
  return all
}

/** @param {readonly SeatedUnit[]} units @returns {Seat[]} */
const seatsOf = (units) =>
  units.map(({ site, ...unit }) => ({ unit, site, organization: site.organization.name }))

/** @param {readonly Seat[]} seats */
const bySite = (seats) =>
  byPlace(
    seats,
    ({ site }) => site.id,
    (placed) => {
      const { site, organization } = /** @type {Seat} */ (placed)
      return [
        h('h2', {}, h('a', { href: `/sites/${site.id}` }, site.name)),
        h('span', { class: 'soft small' }, organization),
        h(
          'span',
          { class: 'soft small', title: site.timeZone },
          `${clock(nowMs(), site.timeZone)} ${zoneName(nowMs(), site.timeZone)}`,
        ),
      ]
    },
  )

/** @param {ReturnType<typeof addressState>} state */
const orderButtons = (state) =>
  Object.entries({ '': 'Worst first', site: 'By site' }).map(([by, name]) =>
    h(
      'button',
      {
        type: 'button',
        id: `by-${by || 'status'}`,
        'aria-pressed': String(state.get('by') === by),
        onclick: () => state.set('by', by),
      },
      name,
    ),
  )

/** @param {() => void} clear */
const noMatch = (clear) =>
  h(
    'div',
    { class: 'empty' },
    h('h2', {}, 'No unit matches'),
    h('p', {}, 'Neither a name, an area nor a site fits what is asked.'),
    h(
      'p',
      {},
      h('button', { type: 'button', class: 'quiet', id: 'clear', onclick: clear }, 'Show all units'),
    ),
  )

const noUnits = () =>
  h(
    'div',
    { class: 'empty' },
    h('h2', {}, 'No units yet'),
    h(
      'p',
      {},
      'Describe organizations, sites, units and devices in a fleet file and load it with ',
      h('code', {}, 'coldstream fleet apply FILE'),
      '. They appear here at once.',
    ),
  )
