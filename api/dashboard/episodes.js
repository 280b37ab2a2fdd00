// What happened in the chosen time, as lists, newest first.
import { alertNames } from './alert-list.js'
import { h } from './element.js'
import { degrees, duration, figure, moment, words } from './format.js'
import { table } from './table.js'

/**
 * @typedef {import('./chart-data.js').ChartData} ChartData
 * @typedef {{ unit: 'C' | 'F', nowMs: number, zone: string }} View
 * @typedef {import('./element.js').Child} Child
 */

const tag = (/** @type {string} */ text, /** @type {string} */ tone) =>
  h('span', { class: `tag tone-${tone}` }, text)

const ROWS_MAX = 12

/**
 * @template T
 * @param {string} title
 * @param {string} nothing
 * @param {string[]} columns
 * @param {{ items: T[], isCut: boolean }} happened `isCut`: there was more than was asked for
 * @param {(item: T) => Child[]} cells
 */
function list(title, nothing, columns, { items, isCut }, cells) {
  const newest = items.toReversed().slice(0, ROWS_MAX)
  return h(
    'section',
    { class: 'panel' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, title),
      h(
        'span',
        { class: 'soft small push' },
        items.length === 0 ? '' : `${isCut ? 'more than ' : ''}${items.length}`,
      ),
    ),
    items.length === 0
      ? h('p', { class: 'nothing' }, nothing)
      : table(
          title,
          columns.map((name) => ({ name })),
          newest.map((item) => ({ cells: cells(item) })),
        ),
    (isCut || items.length > ROWS_MAX) && h('p', { class: 'soft small' }, `The newest ${newest.length}.`),
  )
}

/** @param {ChartData} data @param {View} view */
export function episodeLists(data, view) {
  const at = (/** @type {string | null} */ instant) => moment(instant, view.zone, view.nowMs)
  /** @template T @param {string} name @param {T[]} items */
  const of = (name, items) => ({ items, isCut: data.cut.includes(name) })
  return h(
    'div',
    { class: 'columns' },
    list(
      'Excursions',
      'No excursion in this time.',
      ['Began', 'State', 'Lasted', 'Peak', `°${view.unit}·min`],
      of('excursions', data.excursions),
      (excursion) => [
        at(excursion.startedAt),
        excursionTag(excursion),
        duration(excursion.durationSeconds),
        `${excursion.direction === 'HIGH' ? '▲' : '▼'} ${degrees(excursion.peak)} °${view.unit}`,
        figure(excursion.degreeMinutes, ''),
      ],
    ),
    list(
      'Door openings',
      'No door opening in this time.',
      ['Opened', 'State', 'Lasted', 'Closed'],
      of('doorOpenings', data.doorOpenings),
      (opening) => [
        at(opening.openedAt),
        doorTag(opening),
        duration(opening.durationSeconds),
        at(opening.closedAt),
      ],
    ),
    list(
      'Silences',
      'No silence in this time.',
      ['Last check-in', 'State', 'Lasted', 'Missed'],
      of('silences', data.silences),
      (silence) => [
        at(silence.startedAt),
        silence.endedAt === null
          ? tag(silence.criticalAt ? 'offline' : 'silent', 'gap')
          : tag('over', 'good'),
        duration(silence.durationSeconds),
        silence.missedCheckins ?? '–',
      ],
    ),
    list(
      'Alerts',
      'No alert in this time.',
      ['Called', 'State', 'About', 'Severity'],
      of('alerts', data.alerts),
      (alert) => [
        at(alert.triggeredAt),
        tag(alert.status.toLowerCase(), alert.resolvedAt ? 'good' : 'alarm'),
        alertNames[alert.type] ?? words(alert.type),
        words(alert.severity),
      ],
    ),
  )
}

/** @param {import('./unit-query.js').Excursion} excursion */
function excursionTag({ endedAt, confirmedAt, criticalAt }) {
  const word = criticalAt ? 'critical' : confirmedAt ? 'confirmed' : 'not confirmed'
  if (endedAt !== null) return tag(word, confirmedAt ? 'warn' : 'none')
  return tag(`open, ${word}`, confirmedAt ? 'alarm' : 'warn')
}

/** @param {import('./unit-query.js').DoorOpening} opening */
function doorTag({ closedAt, warningAt, criticalAt, inferred }) {
  if (inferred) return tag('inferred', 'none')
  const length = criticalAt ? 'much too long' : warningAt ? 'too long' : ''
  if (closedAt === null)
    return tag(length ? `open ${length}` : 'open', criticalAt ? 'alarm' : length ? 'warn' : 'mend')
  return length ? tag(length, 'warn') : tag('closed', 'good')
}
