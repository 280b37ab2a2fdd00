// The seven statuses, worst first: each has a word, a shape and a tone, so that no one of them is needed to tell.
import { h, svg } from './element.js'

/** @typedef {{ word: string, tone: string, shape: string }} Look */

/** @type {Record<string, Look>} */
const looks = {
  ALARM_ACTIVE: {
    word: 'Alarm',
    tone: 'alarm',
    shape: 'M8 1 15.500 14.500H.5ZM7.200 6v4h1.600V6Zm0 5.200v1.600h1.600v-1.600Z',
  },
  OFFLINE: {
    word: 'Offline',
    tone: 'gap',
    shape:
      'M8 .8a7.200 7.200 0 1 0 0 14.400A7.200 7.200 0 0 0 8 .8ZM4.800 5.900 5.900 4.800 8 6.900l2.100-2.100 1.100 1.100L9.100 8l2.100 2.100-1.100 1.100L8 9.100l-2.100 2.100-1.100-1.100L6.900 8Z',
  },
  MONITORING_INTERRUPTED: {
    word: 'Interrupted',
    tone: 'gap',
    shape: 'M8 .8a7.200 7.200 0 1 0 0 14.400A7.200 7.200 0 0 0 8 .8ZM5.200 5h2v6h-2Zm3.600 0h2v6h-2Z',
  },
  EXCURSION: {
    word: 'Out of range',
    tone: 'warn',
    shape: 'M8 .6 15.400 8 8 15.400.6 8ZM7.200 4.600v4.200h1.600V4.600Zm0 5.400v1.600h1.600V10Z',
  },
  RESTORING: {
    word: 'Restoring',
    tone: 'mend',
    shape:
      'M8 .8a7.200 7.200 0 1 0 0 14.400A7.200 7.200 0 0 0 8 .8ZM7.200 4h1.600v5l1.900-1.900 1.100 1.100L8 12 4.200 8.200l1.100-1.100L7.200 9Z',
  },
  MANUAL_REQUIRED: {
    word: 'Log due',
    tone: 'task',
    shape: 'M3 1h10v14H3Zm2 3v1.500h6V4Zm0 3.200v1.500h6V7.200Zm0 3.200v1.500h4v-1.500Z',
  },
  OK: {
    word: 'OK',
    tone: 'good',
    shape:
      'M8 .8a7.200 7.200 0 1 0 0 14.400A7.200 7.200 0 0 0 8 .8ZM6.900 11.200 3.900 8.200 5 7.100l1.900 1.900L11 4.900 12.100 6Z',
  },
}
/** @type {Look} */
const none = {
  word: 'No data yet',
  tone: 'none',
  shape: 'M8 .8a7.200 7.200 0 1 0 0 14.400A7.200 7.200 0 0 0 8 .8ZM4 7.200h8v1.600H4Z',
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
