// Asks who is there, where the API answers only those whom it knows: by a key, or at the issuer of access tokens.
import { h } from './element.js'
import { finishWithIssuer, goToIssuer, issuerOf } from './oidc.js'
import { hasSignedIn, signIn } from './server.js'

/** What went wrong on the way back from the issuer; said once. */
let complaint = ''

/** Before the first page: are we back from the issuer? */
export async function finishSignIn() {
  if (location.pathname !== '/sign-in') return
  try {
    const { token, back } = await finishWithIssuer()
    signIn(token)
    history.replaceState(null, '', back)
  } catch (error) {
    complaint = /** @type {Error} */ (error).message
    history.replaceState(null, '', '/')
  }
}

/** @param {HTMLElement} main @param {() => void} onSignedIn */
export async function showSignInForm(main, onSignedIn) {
  const issuer = await issuerOf()
  const wasRefused = hasSignedIn() ? 'This key is not valid, or not any more.' : complaint
  complaint = ''
  const field = /** @type {HTMLInputElement} */ (
    h('input', { id: 'key', type: 'password', autocomplete: 'current-password', required: true })
  )
  const onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    signIn(field.value.trim())
    onSignedIn()
  }
  const refusal = wasRefused && h('p', { role: 'alert' }, wasRefused)
  const byIssuer = issuer && [
    h(
      'button',
      { type: 'button', id: 'by-issuer', onclick: () => void goToIssuer(issuer) },
      `Sign in at ${new URL(issuer.issuer).hostname}`,
    ),
    h('p', { class: 'or', 'aria-hidden': 'true' }, 'or'),
  ]
  const form = h(
    'form',
    { class: 'sign-in', onsubmit },
    h('h1', {}, 'Sign in'),
    refusal,
    byIssuer,
    h('label', { for: 'key' }, 'API key or access token'),
    field,
    h('button', { class: issuer ? 'second' : null }, issuer ? 'Sign in by key' : 'Sign in'),
    h(
      'p',
      { class: 'small' },
      'It is kept until this tab is closed. Who runs coldstream makes keys: ',
      h('code', {}, 'coldstream api-keys create'),
    ),
  )
  main.replaceChildren(h('div', { class: 'empty' }, form))
  if (issuer) document.getElementById('by-issuer')?.focus()
  else field.focus()
}
