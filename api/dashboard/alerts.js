// Every alert, the most urgent first; narrowed by where it stands, how urgent it is, what it is about and where.

import { acknowledging } from './acknowledge.js'
import { addressState } from './address.js'
import { alertNames, isOpen, mostUrgentFirst, showAlerts } from './alert-list.js'
import { ALERTS_QUERY, alertsOf } from './alerts-query.js'
import { h, show } from './element.js'
import { ask, learnClock, nowMs } from './server.js'

/** @typedef {import('./alerts-query.js').PlacedAlert} PlacedAlert */

const REFRESH_MS = 5_000
const DAY_MS = 86_400_000
/** @type {Record<string, { name: string, spanMs: number }>} */
const ranges = {
  '1d': { name: 'The last 24 hours', spanMs: DAY_MS },
  '7d': { name: 'The last 7 days', spanMs: 7 * DAY_MS },
  '30d': { name: 'The last 30 days', spanMs: 30 * DAY_MS },
}
const defaults = { state: 'open', severity: '', type: '', range: '7d', find: '' }
const LINES_MAX = 300
/** The tables have what the live channel told a little later. */
const WRITTEN_MS = 700

/** @param {HTMLElement} main @param {import('./app.js').Context} context */
export function alertsPage(main, { settings, wake }) {
  /** @type {PlacedAlert[] | undefined} */
  let loaded
  let range = ''
  const state = addressState(defaults, () => {
    render()
    if (state.get('range') !== range) wake()
  })
  const parts = layOut(main, state)
  const acknowledge = acknowledging(() => render())

  function render() {
    if (loaded === undefined) return
    const alerts = loaded.map(acknowledge.applied)
    const shown = alerts.filter((alert) => matches(alert, state)).sort(mostUrgentFirst)
    const openCount = alerts.filter(isOpen).length
    document.title = `${openCount === 0 ? '' : `(${openCount}) `}Alerts · Coldstream`
    show(parts.states, ...stateButtons(alerts, state))
    showAlerts(parts.list, shown.slice(0, LINES_MAX), { zone: settings.zone, nowMs: nowMs(), acknowledge })
    parts.list.hidden = shown.length === 0
    show(parts.note, ...noteOf(alerts, shown, state))
  }

  return {
    refreshMs: () => REFRESH_MS,
    /** @param {AbortSignal} signal */
    async load(signal) {
      if (loaded === undefined) await learnClock(signal)
      range = state.get('range')
      const from = new Date(nowMs() - (ranges[range]?.spanMs ?? DAY_MS)).toISOString()
      const { organizations } = await ask(ALERTS_QUERY, { from }, signal)
      loaded = alertsOf(organizations)
      parts.waiting.remove()
      render()
    },
    redraw: render,
    live: () => ({ unit: settings.unit() }),
    /** @param {import('./live.js').LiveEvent} event */
    onLive: (event) => event.alert && setTimeout(wake, WRITTEN_MS),
    stop: acknowledge.stop,
  }
}

/** @param {PlacedAlert} alert @param {ReturnType<typeof addressState>} state */
const matches = (alert, state) =>
  (state.get('state') === 'all' ||
    ((state.get('state') === 'resolved' ? !isOpen(alert) : isOpen(alert)) &&
      (state.get('state') !== 'new' || alert.acknowledgedAt === null))) &&
  (state.get('severity') === '' || alert.severity === state.get('severity')) &&
  (state.get('type') === '' || alert.type === state.get('type')) &&
  `${alert.unit.name} ${alert.unit.site.name}`.toLowerCase().includes(state.get('find').trim().toLowerCase())

/** @param {HTMLElement} main @param {ReturnType<typeof addressState>} state */
function layOut(main, state) {
  document.title = 'Alerts · Coldstream'
  /** @param {string} name @param {string} label @param {Record<string, string>} options */
  const select = (name, label, options) =>
    h(
      'select',
      {
        id: `filter-${name}`,
        'aria-label': label,
        onchange: (/** @type {Event} */ event) =>
          state.set(name, /** @type {HTMLSelectElement} */ (event.target).value),
      },
      Object.entries(options).map(([value, text]) =>
        h('option', { value, selected: state.get(name) === value }, text),
      ),
    )
  const states = h('div', { class: 'segments', role: 'group', 'aria-label': 'Where an alert stands' })
  const list = h('ul', { class: 'alerts panel', 'aria-label': 'Alerts' })
  const note = h('div')
  const waiting = h('div', { class: 'ghost ghost-list', 'aria-busy': 'true', 'aria-label': 'Loading' })
  list.hidden = true
  const severities = { '': 'Any severity', CRITICAL: 'Critical', WARNING: 'Warning', INFO: 'Info' }
  const find = h('input', {
    class: 'find',
    id: 'find',
    type: 'search',
    value: state.get('find'),
    placeholder: 'Find a unit or site',
    'aria-label': 'Find by unit or site',
    oninput: (/** @type {InputEvent} */ event) =>
      state.set('find', /** @type {HTMLInputElement} */ (event.target).value),
  })
  const filters = h(
    'div',
    { class: 'wall-tools' },
    select('severity', 'Severity', severities),
    select('type', 'About', { '': 'About anything', ...alertNames }),
    select('range', 'Time', Object.fromEntries(Object.entries(ranges).map(([key, { name }]) => [key, name]))),
    find,
  )
  main.replaceChildren(
    h('div', { class: 'wall-head' }, h('h1', {}, 'Alerts'), states, filters),
    waiting,
    list,
    note,
  )
  return { states, list, note, waiting }
}

/** @param {readonly PlacedAlert[]} alerts @param {ReturnType<typeof addressState>} state */
function stateButtons(alerts, state) {
  const open = alerts.filter(isOpen)
  const counts = {
    open: ['Open', open.length],
    new: ['Unacknowledged', open.filter(({ acknowledgedAt }) => acknowledgedAt === null).length],
    resolved: ['Resolved', alerts.length - open.length],
    all: ['All', alerts.length],
  }
  return Object.entries(counts).map(([name, [text, count]]) =>
    h(
      'button',
      {
        type: 'button',
        id: `state-${name}`,
        'aria-pressed': String(state.get('state') === name),
        onclick: () => state.set('state', name),
      },
      text,
      ' ',
      h('span', { class: 'soft' }, count),
    ),
  )
}

/** @param {readonly PlacedAlert[]} alerts @param {readonly PlacedAlert[]} shown @param {ReturnType<typeof addressState>} state */
function noteOf(alerts, shown, state) {
  if (shown.length > LINES_MAX)
    return [
      h(
        'p',
        { class: 'soft' },
        `The first ${LINES_MAX} of ${shown.length}. Narrow the list to see the others.`,
      ),
    ]
  if (shown.length > 0) return []
  const isPlain = ['severity', 'type', 'find'].every((name) => state.get(name) === '')
  if (isPlain && state.get('state') === 'open')
    return [
      h('div', { class: 'empty' }, h('h2', {}, 'Nothing is open'), h('p', {}, 'No alert waits for anybody.')),
    ]
  return [
    h(
      'div',
      { class: 'empty' },
      h('h2', {}, 'No alert fits'),
      h(
        'p',
        {},
        alerts.length === 0
          ? 'There was none in this time.'
          : `${alerts.length} in this time do not fit the filter.`,
      ),
      h(
        'p',
        {},
        h(
          'button',
          { type: 'button', class: 'quiet', id: 'clear', onclick: state.clear },
          'Clear the filter',
        ),
      ),
    ),
  ]
}
