// How this person reads: °C or °F, the site's time or their own, light or dark. Remembered by the browser; an
// address may carry them too, so that a link shows what its sender saw.
import { h } from './element.js'

/**
 * @typedef {'unit' | 'zone' | 'theme'} Name
 * @typedef {{ unit: () => 'C' | 'F', zone: (siteZone: string) => string, isOwnZone: () => boolean }} Settings
 */

/** The first of each is what a new reader gets. @type {Record<Name, Record<string, string>>} */
const choices = {
  unit: { C: '°C', F: '°F' },
  zone: { site: 'Site’s', own: 'Mine' },
  theme: { auto: 'As the system', light: 'Light', dark: 'Dark' },
}
/** @type {Record<Name, string>} */
const legends = { unit: 'Temperature', zone: 'Times', theme: 'Colours' }
const names = /** @type {Name[]} */ (Object.keys(choices))

const keyOf = (/** @type {Name} */ name) => `coldstream.${name}`
const firstOf = (/** @type {Name} */ name) => Object.keys(choices[name])[0] ?? ''

/** @param {Name} name */
function chosen(name) {
  const address = new URLSearchParams(location.search).get(name)
  const value = address ?? localStorage.getItem(keyOf(name)) ?? ''
  return Object.hasOwn(choices[name], value) ? value : firstOf(name)
}

/** @type {Record<Name, string>} */
const current = { unit: chosen('unit'), zone: chosen('zone'), theme: chosen('theme') }

export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** @type {Settings} */
export const settings = {
  unit: () => (current.unit === 'F' ? 'F' : 'C'),
  zone: (siteZone) => (current.zone === 'own' ? ownZone : siteZone),
  isOwnZone: () => current.zone === 'own',
}

/** What a link must carry to show the same to somebody who reads otherwise. */
export const settingsInAddress = () => ({ unit: current.unit, zone: current.zone })

/** @param {Name} name @param {string} value */
function choose(name, value) {
  current[name] = value
  localStorage.setItem(keyOf(name), value)
  const address = new URL(location.href)
  if (address.searchParams.has(name)) {
    address.searchParams.set(name, value)
    history.replaceState(history.state, '', address)
  }
  if (name !== 'theme') return
  if (value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = value
  document.documentElement.dispatchEvent(new Event('themechange'))
}

/** @param {HTMLElement} place @param {() => void} onChange @param {(() => void) | undefined} onSignOut */
export function showSettings(place, onChange, onSignOut) {
  const segment = (/** @type {Name} */ name, /** @type {string} */ value) =>
    h(
      'button',
      {
        type: 'button',
        [`data-${name}`]: value,
        'aria-pressed': String(current[name] === value),
        onclick: () => {
          choose(name, value)
          for (const button of place.querySelectorAll(`[data-${name}]`))
            button.setAttribute('aria-pressed', String(button.getAttribute(`data-${name}`) === value))
          onChange()
        },
      },
      choices[name][value],
    )
  place.replaceChildren(
    ...names.map((name) =>
      h(
        'fieldset',
        {},
        h('legend', {}, legends[name]),
        h(
          'div',
          { class: 'segments' },
          Object.keys(choices[name]).map((value) => segment(name, value)),
        ),
      ),
    ),
    h('p', { class: 'soft small' }, `Your own time zone is ${ownZone}.`),
    ...(onSignOut
      ? [h('button', { type: 'button', class: 'quiet', id: 'sign-out', onclick: onSignOut }, 'Sign out')]
      : []),
  )
}
