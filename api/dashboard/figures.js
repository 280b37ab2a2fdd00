// The figures of a unit by hour and day: asked once a minute, for they change once an hour.
import { h } from './element.js'
import { HEAT_DAYS } from './heat-map.js'
import { ask, nowMs } from './server.js'
import { FIGURES_QUERY } from './unit-query.js'

/** @typedef {import('./unit-query.js').Figures} Figures */

const DAY_MS = 86_400_000
const AGED_MS = 60_000

/** @param {string} id */
export function unitFigures(id) {
  /** @type {{ of: Figures, letter: 'C' | 'F', atMs: number } | undefined} */
  let figures
  let isMissing = false
  return {
    known: () => figures?.of,
    isMissing: () => isMissing,
    /** What is above them on the page is true without them: a failure is shown in their place. @param {'C' | 'F'} letter @param {AbortSignal} signal */
    async load(letter, signal) {
      if (figures?.letter === letter && performance.now() - figures.atMs < AGED_MS) return
      const heatFrom = new Date(nowMs() - HEAT_DAYS * DAY_MS).toISOString()
      try {
        const { unit } = await ask(FIGURES_QUERY, { id, unit: letter, heatFrom }, signal)
        if (unit) figures = { of: unit, letter, atMs: performance.now() }
        isMissing = false
      } catch {
        isMissing = true
      }
    },
  }
}

export const withoutFigures = () =>
  h(
    'section',
    { class: 'panel' },
    h('div', { class: 'panel-head' }, h('h2', {}, 'Figures')),
    h('p', { class: 'nothing' }, 'The figures could not be loaded; trying again.'),
  )
