// A site's page: its units by status, what is open, and the day so far of each unit.
import { acknowledging } from './acknowledge.js'
import { isOpen, mostUrgentFirst, showAlerts } from './alert-list.js'
import { alertsOf } from './alerts-query.js'
import { h, show } from './element.js'
import { clock, degrees, duration, moment, weekday, zoneName } from './format.js'
import { ask, learnClock, NotFound, nowMs } from './server.js'
import { SITE_QUERY } from './site-query.js'
import { nameOf } from './statuses.js'
import { meter, table } from './table.js'
import { applied, byStatus, statusCounts, wall } from './wall.js'

/**
 * @typedef {import('./site-query.js').SiteData} SiteData
 * @typedef {import('./site-query.js').SiteUnit} SiteUnit
 * @typedef {import('./app.js').Context} Context
 */

const REFRESH_MS = 5_000
const DRAW_MS = 200
/** The tables have what the live channel told a little later. */
const WRITTEN_MS = 1_000
const ALERTS_MS = 7 * 86_400_000
const ALERTS_MAX = 12

/** @param {HTMLElement} main @param {Context} context */
export function sitePage(main, { settings, wake, id }) {
  /** @type {SiteData | undefined} */
  let site
  let only = ''
  let drawing = 0
  let rereading = 0
  const reread = () => {
    rereading = 0
    wake()
  }
  const parts = layOut(main)
  const units = wall(parts.wall, settings)
  const acknowledge = acknowledging(() => render())

  function render() {
    clearTimeout(drawing)
    drawing = 0
    if (site === undefined) return
    const here = site
    document.title = `${here.name} · Coldstream`
    const placed = here.units.nodes.map((unit) => ({ unit, site: here }))
    show(parts.head, ...heading(here))
    show(
      parts.counts,
      ...statusCounts(placed, only, (name) => {
        only = only === name ? '' : name
        render()
      }),
    )
    show(
      parts.incidents,
      ...here.gatewayIncidents.nodes.map((one) => incident(one, settings.zone(here.timeZone))),
    )
    const shown = placed.filter(({ unit }) => only === '' || nameOf(unit.status) === only)
    units.show(byStatus(shown, false), placed.length)
    const alerts = alertsOf([here]).map(acknowledge.applied).sort(mostUrgentFirst)
    showAlerts(parts.alerts, alerts.slice(0, ALERTS_MAX), {
      zone: settings.zone,
      nowMs: nowMs(),
      acknowledge,
    })
    show(parts.alertsHead, h('h2', {}, 'Alerts'), alertsNote(alerts, here))
    show(parts.today, today(here, settings.unit()))
  }

  return {
    refreshMs: () => REFRESH_MS,
    /** @param {AbortSignal} signal */
    async load(signal) {
      if (site === undefined) await learnClock(signal)
      const from = new Date(nowMs() - ALERTS_MS).toISOString()
      const answer = await ask(SITE_QUERY, { id, unit: settings.unit(), from }, signal)
      if (answer.site === null) throw new NotFound(id)
      site = answer.site
      if (!parts.wall.isConnected) main.replaceChildren(...parts.all)
      render()
    },
    redraw: render,
    live: () => ({ siteId: id, unit: settings.unit() }),
    /** @param {import('./live.js').LiveEvent} event */
    onLive(event) {
      const unit = site?.units.nodes.find((one) => one.id === event.unitId)
      if (!unit) return
      if (event.alert || event.isCorrection) rereading ||= setTimeout(reread, WRITTEN_MS)
      applied(unit, event)
      drawing ||= setTimeout(render, DRAW_MS)
    },
    stop() {
      clearTimeout(drawing)
      clearTimeout(rereading)
      units.stop()
      acknowledge.stop()
    },
  }
}

/** @param {HTMLElement} main */
function layOut(main) {
  const place = (/** @type {string} */ name) => h('div', { class: name })
  const [head, counts, incidents, wall, today, alertsHead] = [
    place('site-top'),
    place('counts'),
    place('incidents'),
    place('wall'),
    place('today'),
    place('panel-head'),
  ]
  counts.setAttribute('role', 'group')
  counts.setAttribute('aria-label', 'Show only one status')
  const alerts = h('ul', { class: 'alerts' })
  const panel = h('section', { class: 'panel', 'aria-label': 'Alerts' }, alertsHead, alerts)
  main.replaceChildren(
    h('nav', { class: 'crumbs', 'aria-label': 'Where this site is' }, h('a', { href: '/' }, 'Fleet')),
    h('div', { class: 'ghost ghost-head', 'aria-busy': 'true' }),
    h(
      'div',
      { class: 'cards' },
      Array.from({ length: 4 }, () => h('div', { class: 'ghost ghost-card' })),
    ),
  )
  const columns = h('div', { class: 'stack' }, today, panel)
  return {
    head,
    counts,
    incidents,
    wall,
    today,
    alerts,
    alertsHead,
    all: [head, counts, incidents, wall, columns],
  }
}

/** @param {SiteData} site */
const heading = ({ name, organization, address, timeZone }) => [
  h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where this site is' },
    h('a', { href: '/', id: 'to-fleet' }, 'Fleet'),
    h('span', {}, organization.name),
  ),
  h(
    'div',
    { class: 'unit-head' },
    h('h1', {}, name),
    h('span', { class: 'soft' }, `${clock(nowMs(), timeZone)} ${zoneName(nowMs(), timeZone)} there`),
    address && h('span', { class: 'soft' }, `· ${address}`),
  ),
]

/** @param {import('./site-query.js').Incident} incident @param {string} zone */
const incident = ({ gatewayId, startedAt, durationSeconds, units }, zone) =>
  h(
    'p',
    { class: 'incident' },
    h('b', {}, `The gateway ${gatewayId} is out`),
    ` since ${moment(startedAt, zone, nowMs())} (${duration(durationSeconds)}): no contact with `,
    units.map(({ id, name }, index) => [index > 0 && ', ', h('a', { href: `/units/${id}` }, name)]),
    '.',
  )

/** @param {readonly import('./alerts-query.js').PlacedAlert[]} alerts @param {SiteData} site */
function alertsNote(alerts, site) {
  const open = alerts.filter(isOpen).length
  const text =
    alerts.length === 0 ? 'None in the last 7 days' : `${open} open, ${alerts.length} in the last 7 days`
  const all = `/alerts?state=all&find=${encodeURIComponent(site.name)}`
  return h(
    'span',
    { class: 'soft small push' },
    text,
    alerts.length > 0 && [' · ', h('a', { href: all }, 'all of them')],
  )
}

/** @param {SiteData} site @param {'C' | 'F'} letter */
function today({ units, timeZone }, letter) {
  const rows = units.nodes.flatMap((unit) => {
    const [day] = unit.today.nodes
    return day ? [{ unit, day }] : []
  })
  const newest = rows
    .map(({ day }) => day.start)
    .sort()
    .at(-1)
  const columns = [
    { name: 'Unit' },
    { name: 'Lowest', isNumber: true },
    { name: 'Mean', title: 'Time-weighted mean', isNumber: true },
    { name: 'Highest', isNumber: true },
    { name: 'MKT', title: 'Mean kinetic temperature', isNumber: true },
    { name: 'Out of range', title: 'Known time beyond a limit', isNumber: true },
    { name: 'Door', title: 'Openings and time open', isNumber: true },
    { name: 'Coverage', title: 'Time with a known temperature', isNumber: true },
  ]
  return h(
    'section',
    { class: 'panel' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, 'The day so far'),
      h('span', { class: 'soft small push' }, newest ? `${weekday(newest, timeZone)}, °${letter}` : ''),
    ),
    rows.length === 0
      ? h('p', { class: 'nothing' }, 'No unit has figures of this day yet.')
      : table(
          'The day so far',
          columns,
          rows
            .filter(({ day }) => day.start === newest)
            .sort((a, b) => outOf(b.day) - outOf(a.day))
            .map(line),
        ),
  )
}

const outOf = (/** @type {import('./site-query.js').DayFigures} */ { secondsAbove, secondsBelow }) =>
  secondsAbove + secondsBelow

/** @param {{ unit: SiteUnit, day: import('./site-query.js').DayFigures }} row @returns {import('./table.js').Row} */
const line = ({ unit, day }) => ({
  cells: [
    h('a', { href: `/units/${unit.id}`, id: `today-${unit.id}` }, unit.name),
    degrees(day.min),
    degrees(day.timeWeightedMean),
    degrees(day.max),
    degrees(day.mkt),
    outOf(day) > 0 ? duration(outOf(day)) : '–',
    day.doorOpenings === 0 && day.doorOpenSeconds === 0
      ? '–'
      : `${day.doorOpenings} · ${duration(day.doorOpenSeconds)}`,
    [meter(day.coverage), day.coverage === null ? '–' : `${Math.round(day.coverage * 100)} %`],
  ],
  bad: outOf(day) > 0 ? [5] : [],
})
