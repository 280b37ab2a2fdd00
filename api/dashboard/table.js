// Tables of figures. One that is wider than the screen scrolls by itself, by keyboard too; its first column
// stays.
import { h, svg } from './element.js'

/**
 * @typedef {import('./element.js').Child} Child
 * @typedef {{ name: string, title?: string, isNumber?: boolean }} Column
 * @typedef {{ cells: Child[], bad?: number[] }} Row `bad`: the cells that say something is wrong
 */

/** @param {string} name @param {Column[]} columns @param {Row[]} rows */
export function table(name, columns, rows) {
  const id = `table-${name.toLowerCase().replaceAll(' ', '-')}`
  return h(
    'div',
    { class: 'scroll', id, tabindex: 0, role: 'region', 'aria-label': name },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, columns.map(heading))),
      h(
        'tbody',
        {},
        rows.map((row) => line(row, columns)),
      ),
    ),
  )
}

/** @param {Column} column */
const heading = ({ name, title, isNumber }) =>
  h('th', { scope: 'col', class: isNumber && 'number' }, title ? h('abbr', { title }, name) : name)

/** @param {Row} row @param {Column[]} columns */
const line = ({ cells: [first, ...others], bad = [] }, columns) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, first),
    others.map((cell, index) =>
      h('td', { class: classOf(columns[index + 1], bad.includes(index + 1)) }, cell),
    ),
  )

const classOf = (/** @type {Column | undefined} */ column, /** @type {boolean} */ isBad) =>
  [column?.isNumber && 'number', isBad && 'bad'].filter(Boolean).join(' ') || null

/** A bar beside a share. @param {number | null} share */
export const meter = (share) =>
  svg(
    'svg',
    { class: 'meter', viewBox: '0 0 46 6', 'aria-hidden': 'true' },
    svg('rect', { width: 46, height: 6, rx: 3 }),
    svg('rect', { width: 46 * Math.min(share ?? 0, 1), height: 6, rx: 3 }),
  )
