// The seven statuses, worst first: each has a word, a shape and a tone, so that no one of them is needed to
// tell.
import { h, svg } from './element.js'

/** @typedef {{ word: string, tone: string, shape: string }} Look */

const DISC = 'M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Z'

/** @type {Record<string, Look>} */
const looks = {
  ALARM_ACTIVE: {
    word: 'Alarm',
    tone: 'alarm',
    shape: 'M8 1 15.5 14.5H.5ZM7.2 6v4h1.6V6Zm0 5.2v1.6h1.6v-1.6Z',
  },
  OFFLINE: {
    word: 'Offline',
    tone: 'gap',
    shape: `${DISC}M4.8 5.9 5.9 4.8 8 6.9l2.1-2.1 1.1 1.1L9.1 8l2.1 2.1-1.1 1.1L8 9.1l-2.1 2.1-1.1-1.1L6.9 8Z`,
  },
  MONITORING_INTERRUPTED: {
    word: 'Interrupted',
    tone: 'gap',
    shape: `${DISC}M5.2 5h2v6h-2Zm3.6 0h2v6h-2Z`,
  },
  EXCURSION: {
    word: 'Out of range',
    tone: 'warn',
    shape: 'M8 .6 15.4 8 8 15.4.6 8ZM7.2 4.6v4.2h1.6V4.6Zm0 5.4v1.6h1.6V10Z',
  },
  RESTORING: {
    word: 'Restoring',
    tone: 'mend',
    shape: `${DISC}M7.2 4h1.6v5l1.9-1.9 1.1 1.1L8 12 4.2 8.2l1.1-1.1L7.2 9Z`,
  },
  MANUAL_REQUIRED: {
    word: 'Log due',
    tone: 'task',
    shape: 'M3 1h10v14H3Zm2 3v1.5h6V4Zm0 3.2v1.5h6V7.2Zm0 3.2v1.5h4v-1.5Z',
  },
  OK: {
    word: 'OK',
    tone: 'good',
    shape: `${DISC}M6.9 11.2 3.9 8.2 5 7.1l1.9 1.9L11 4.9 12.1 6Z`,
  },
}
/** @type {Look} */
const none = {
  word: 'No data yet',
  tone: 'none',
  shape: `${DISC}M4 7.2h8v1.6H4Z`,
}

const ranks = [
  'ALARM_ACTIVE',
  'OFFLINE',
  'MONITORING_INTERRUPTED',
  'EXCURSION',
  'RESTORING',
  'MANUAL_REQUIRED',
  'NONE',
  'OK',
]

/** @param {{ status: string } | null} status */
export const nameOf = (status) => status?.status ?? 'NONE'

/** @param {string} name */
export const lookOf = (name) => looks[name] ?? none

/** 0 is the worst. @param {string} name */
export const rankOf = (name) => ranks.indexOf(name)

export const worstFirst = ranks

/** @param {string} name */
export function icon(name) {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: lookOf(name).shape, fill: 'currentColor', 'fill-rule': 'evenodd' }),
  )
}

/** @param {string} name @param {string} [more] */
export const statusMark = (name, more = '') =>
  h('span', { class: `status tone-${lookOf(name).tone} ${more}`.trim() }, icon(name), lookOf(name).word)
