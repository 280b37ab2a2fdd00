// The dashboard's frame: which page the address names, the °C/°F choice, and whether what is shown is fresh.
import { h } from './element.js'
import { fleetPage } from './fleet.js'
import { duration } from './format.js'
import { NotFound, poll, SignInNeeded } from './server.js'
import { showSignInForm } from './sign-in.js'
import { unitPage } from './unit.js'

const main = /** @type {HTMLElement} */ (document.getElementById('main'))
const trouble = /** @type {HTMLElement} */ (document.getElementById('trouble'))
const freshness = /** @type {HTMLElement} */ (document.getElementById('freshness'))
const unitButtons = [...document.querySelectorAll('#unit-toggle button')]

/** Older than this, what is shown may be wrong and says so. */
const STALE_MS = 20_000
const KEY = 'coldstream.unit'

/** @type {'C' | 'F'} */
let unit = localStorage.getItem(KEY) === 'F' ? 'F' : 'C'
const settings = { unit: () => unit }

/**
 * @typedef {{ load: (signal: AbortSignal) => Promise<void>, refreshMs: () => number, stop: () => void }} Page
 */

/** @type {{ page: Page, polling: ReturnType<typeof poll> } | undefined} */
let open
let succeededAtMs = 0

function openAddress() {
  open?.polling.stop()
  open?.page.stop()
  succeededAtMs = 0
  trouble.hidden = true
  const match = /^\/units\/([^/]+)$/.exec(location.pathname)
  const wake = () => open?.polling.wake()
  const page = match?.[1]
    ? unitPage(main, decodeURIComponent(match[1]), settings, wake)
    : fleetPage(main, settings)
  open = { page, polling: poll(page.load, page.refreshMs, { onSuccess, onFailure }) }
}

function onSuccess() {
  succeededAtMs = performance.now()
  trouble.hidden = true
  showFreshness()
}

/** @param {Error} error */
function onFailure(error) {
  if (error instanceof NotFound) return showMissing()
  if (error instanceof SignInNeeded) return showSignIn()
  const age = duration((performance.now() - succeededAtMs) / 1000)
  trouble.textContent =
    succeededAtMs === 0
      ? `Nothing could be loaded: ${error.message} Trying again every few seconds.`
      : `The connection is interrupted. Shown is what was known ${age} ago; trying again.`
  trouble.hidden = false
  showFreshness()
}

function showMissing() {
  open?.polling.stop()
  document.title = 'Not found · Coldstream'
  main.replaceChildren(
    h(
      'div',
      { class: 'empty' },
      h('h1', {}, 'Not found'),
      h('p', {}, 'There is no such unit, or you may not see it.'),
      h('p', {}, h('a', { href: '/' }, 'Back to the fleet')),
    ),
  )
}

function showSignIn() {
  open?.polling.stop()
  document.title = 'Sign in · Coldstream'
  showSignInForm(main, openAddress)
}

function showFreshness() {
  const ageMs = performance.now() - succeededAtMs
  const isStale = succeededAtMs > 0 && ageMs > STALE_MS + (open?.page.refreshMs() ?? 0)
  freshness.className = isStale ? 'freshness stale' : 'freshness'
  const text = succeededAtMs === 0 ? '' : isStale ? `Stale: ${duration(ageMs / 1000)} old` : 'Live'
  // Written only where it changes: a screen reader says each writing.
  if (freshness.textContent !== text) freshness.textContent = text
}

function showUnit() {
  for (const button of unitButtons)
    button.setAttribute('aria-pressed', String(button.getAttribute('data-unit') === unit))
}

for (const button of unitButtons)
  button.addEventListener('click', () => {
    unit = button.getAttribute('data-unit') === 'F' ? 'F' : 'C'
    localStorage.setItem(KEY, unit)
    showUnit()
    open?.polling.wake()
  })

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
  if (!link || !isPlain || link.origin !== location.origin || link.hash) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  openAddress()
  scrollTo(0, 0)
  main.focus({ preventScroll: true })
})
addEventListener('popstate', openAddress)
addEventListener('keydown', (event) => {
  const find = document.getElementById('find')
  if (event.key !== '/' || !find || event.target instanceof HTMLInputElement) return
  event.preventDefault()
  find.focus()
})
setInterval(showFreshness, 1_000)

showUnit()
openAddress()
