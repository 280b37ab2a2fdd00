// The dashboard's frame: which page the address names, and whether what is shown is fresh.
import { fleetPage } from './fleet.js'
import { duration } from './format.js'
import { isLive, onLiveChange, watch } from './live.js'
import { showMissing } from './missing.js'
import { poll } from './poll.js'
import { hasSignedIn, NotFound, SignInNeeded, signOut } from './server.js'
import { settings, showSettings } from './settings.js'
import { finishSignIn, showSignInForm } from './sign-in.js'

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id))
const main = element('main')
const trouble = element('trouble')
const freshness = element('freshness')

/** Older than this, what is shown may be wrong and says so. */
const STALE_MS = 20_000
/** What the live channel tells is read again as often as this, for what it may have missed. */
const LIVE_REFRESH_MS = 30_000
const SETTLE_MS = 1_500

/**
 * @typedef {{ settings: import('./settings.js').Settings, wake: () => void, id: string }} Context
 * @typedef {import('./live.js').LiveScope} LiveScope
 * @typedef {{ load: (signal: AbortSignal) => Promise<void>, refreshMs: () => number,
 *   stop: () => void, redraw?: () => void, live?: () => LiveScope,
 *   onLive?: (event: import('./live.js').LiveEvent) => void }} Page
 */

/** @typedef {(main: HTMLElement, context: Context) => Page} MakePage */

/** The wall is there at once; what else there is comes when it is asked for. @type {{ pattern: RegExp, tab: string, kind: string, find: () => Promise<MakePage> }[]} */
const routes = [
  { pattern: /^\/$/, tab: 'fleet', kind: 'page', find: async () => fleetPage },
  {
    pattern: /^\/alerts$/,
    tab: 'alerts',
    kind: 'page',
    find: async () => (await import('./alerts.js')).alertsPage,
  },
  {
    pattern: /^\/sites\/([^/]+)$/,
    tab: 'fleet',
    kind: 'site',
    find: async () => (await import('./site.js')).sitePage,
  },
  {
    pattern: /^\/units\/([^/]+)$/,
    tab: 'fleet',
    kind: 'unit',
    find: async () => (await import('./unit.js')).unitPage,
  },
]

/** @type {{ page: Page, kind: string, polling: ReturnType<typeof poll>, unwatch: () => void } | undefined} */
let open
let succeededAtMs = 0

function close() {
  open?.polling.stop()
  open?.unwatch()
  open?.page.stop()
  open = undefined
}

let opening = 0

async function openAddress() {
  close()
  const mine = ++opening
  succeededAtMs = 0
  trouble.hidden = true
  const route = routes.find(({ pattern }) => pattern.test(location.pathname))
  for (const tab of document.querySelectorAll('[data-tab]'))
    if (tab.getAttribute('data-tab') === route?.tab) tab.setAttribute('aria-current', 'page')
    else tab.removeAttribute('aria-current')
  if (route === undefined) return missing('page')
  const wake = () => open?.polling.wake()
  const id = decodeURIComponent(route.pattern.exec(location.pathname)?.[1] ?? '')
  const make = await route.find()
  // Meanwhile somebody has clicked on.
  if (mine !== opening) return
  const page = make(main, { settings, wake, id })
  const pauseMs = () => (isLive() ? LIVE_REFRESH_MS : page.refreshMs())
  const polling = poll(page.load, pauseMs, { onSuccess, onFailure })
  open = { page, kind: route.kind, polling, unwatch: () => undefined }
}

function onSuccess() {
  const isFirst = succeededAtMs === 0
  succeededAtMs = performance.now()
  trouble.hidden = true
  showFreshness()
  if (isFirst) listen()
}

/** To what happens on the page, in the units in which it is read. */
function listen() {
  if (open === undefined) return
  open.unwatch()
  const { page, polling } = open
  const { live, onLive } = page
  if (!live || !onLive) return
  open.unwatch = watch(live, {
    onEvent: onLive,
    // What came between the page's question and now, once the tables have it.
    onConnected: () => setTimeout(() => open?.polling === polling && polling.wake(), SETTLE_MS),
  })
}

/** @param {Error} error */
function onFailure(error) {
  if (error instanceof NotFound) return missing(open?.kind ?? 'page')
  if (error instanceof SignInNeeded) return askToSignIn()
  const age = duration((performance.now() - succeededAtMs) / 1000)
  trouble.textContent =
    succeededAtMs === 0
      ? `Nothing could be loaded: ${error.message} Trying again every few seconds.`
      : `The connection is interrupted. Shown is what was known ${age} ago; trying again.`
  trouble.hidden = false
  showFreshness()
}

/** @param {string} kind */
function missing(kind) {
  close()
  showMissing(main, kind)
  showFreshness()
}

function askToSignIn() {
  close()
  document.title = 'Sign in · Coldstream'
  showFreshness()
  void showSignInForm(main, () => void openAddress())
}

function showFreshness() {
  const ageMs = performance.now() - succeededAtMs
  const allowedMs = STALE_MS + (isLive() ? LIVE_REFRESH_MS : (open?.page.refreshMs() ?? 0))
  const isStale = succeededAtMs > 0 && ageMs > allowedMs
  const state = succeededAtMs === 0 || !open ? '' : isStale ? 'stale' : isLive() ? 'live' : 'polled'
  freshness.className = `freshness ${state}`
  const texts = { stale: `Stale: ${duration(ageMs / 1000)} old`, live: 'Live', polled: 'Up to date' }
  const text = state === '' ? '' : texts[state]
  // Written only where it changes: a screen reader says each writing.
  if (freshness.textContent !== text) freshness.textContent = text
}

function displayMenu() {
  const redraw = () => {
    open?.page.redraw?.()
    open?.polling.wake()
    if (succeededAtMs > 0) listen()
  }
  const leave = () => {
    signOut()
    displayMenu()
    void openAddress()
  }
  showSettings(element('settings'), redraw, hasSignedIn() ? leave : undefined)
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
  if (!link || !isPlain || link.origin !== location.origin || link.hash || link.hasAttribute('download'))
    return
  if (!routes.some(({ pattern }) => pattern.test(link.pathname))) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  void openAddress()
  scrollTo(0, 0)
  main.focus({ preventScroll: true })
})
addEventListener('popstate', () => void openAddress())
addEventListener('keydown', (event) => {
  const find = document.getElementById('find')
  if (event.key !== '/' || !find || event.target instanceof HTMLInputElement) return
  event.preventDefault()
  find.focus()
})
element('settings').addEventListener('toggle', displayMenu)
onLiveChange(showFreshness)
setInterval(showFreshness, 1_000)

displayMenu()
await finishSignIn()
await openAddress()
